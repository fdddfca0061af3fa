// Name resolution: what this machine's own resolver says, and what one name server says.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "ports/call.h"
#include "ports/host.h"

namespace mainstay {

enum class IpFamily { v4, v6 };

// Errors: not_found (the name does not exist, or has no address of this family: an answer),
// unavailable, timed_out (nobody answered, or nothing that makes sense).
class Resolver {
 public:
  virtual ~Resolver() = default;

  // As every program of this machine sees it: through the hosts file, the system's name servers
  // and whatever cache lies between.
  virtual Task<Result<std::vector<IpAddress>>> resolve(std::string name, IpFamily family,
                                                       Call call) = 0;
  // Asks this name server (an address or a host name) and nobody else; nothing is remembered.
  virtual Task<Result<std::vector<IpAddress>>> ask(std::string server, std::string name,
                                                   IpFamily family, Call call) = 0;
  // Whom this machine's name servers take for those of a domain: their names, without a dot at the
  // end. not_found: the domain does not exist, or is part of another one.
  virtual Task<Result<std::vector<std::string>>> name_servers(std::string domain, Call call) = 0;
};

}  // namespace mainstay
