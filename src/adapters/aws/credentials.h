// Who we are for AWS. Where credentials come from is in the files credential_*.h.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "ports/call.h"

namespace mainstay::aws {

// The secret parts appear in no message and no log.
struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;        // "" for long-lived keys
  std::optional<WallTime> expires;  // nullopt: never
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// One place where credentials may be. not_found: nothing there, ask the next. Any other error:
// there is something, but it is wrong or out of reach.
using CredentialSource = std::function<Task<Result<Credentials>>(Call)>;

}  // namespace mainstay::aws
