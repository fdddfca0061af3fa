// Network namespaces held by a descriptor: no name, no mount, nothing that could be left behind.
#pragma once

#include <functional>

#include "base/result.h"
#include "lab/files.h"

namespace mainstay::lab {

// A new, empty network namespace with its loopback up. It lives while the descriptor or a process
// in it lives.
Result<Fd> make_network_namespace();

// Does the work inside the namespace, on a thread of its own, and waits for it. Sockets opened
// there stay there.
Status inside(const Fd& network_namespace, const std::function<Status()>& work);

// Where the lab and its instances look for programs; nft is often not on the path of an ordinary
// user.
inline constexpr const char* search_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Runs `nft -f -` inside the namespace. Everything in the script happens or nothing does.
Status run_nft(const Fd& network_namespace, std::string_view script);

}  // namespace mainstay::lab
