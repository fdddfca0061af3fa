// reboot(2) inside an instance, caught before it happens.
//
// The kernel would end the instance by itself, but first close its sockets in good order, and a
// machine whose plug is pulled closes nothing. So the call is held, the lab takes the link down and
// then ends the instance.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "lab/files.h"

namespace mainstay::lab {

// From now on calls of reboot(2) by this process and its descendants show up at the descriptor.
Result<Fd> watch_reboots();

// Takes one call from the descriptor: "reset" or "power-off" if the caller may do that, else
// nothing and the kernel goes on with the call.
std::optional<std::string> take_reboot(const Fd& watch);

}  // namespace mainstay::lab
