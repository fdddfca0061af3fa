// The node's own network: addresses, routes, and the question "can I reach that?".
#pragma once

#include <string>

#include "base/result.h"
#include "base/task.h"
#include "ports/call.h"

namespace mainstay {

// IPv4 or IPv6 in text form, without a prefix length.
using IpAddress = std::string;

// One HEAD request. The answer's status is the answer, whatever it is.
struct HttpHead {
  std::string url;
  std::string proxy;    // "" is direct
  std::string ca_file;  // "" is the system's certificates
  bool verify = true;
};

class Host {
 public:
  virtual ~Host() = default;

  // Idempotent: the address is there afterwards, with a prefix of 32 (128). `interface` is a kernel
  // name.
  virtual Task<Status> add_address(std::string interface, IpAddress address, Call call) = 0;
  // Idempotent: the address is gone afterwards.
  virtual Task<Status> remove_address(std::string interface, IpAddress address, Call call) = 0;
  virtual Task<Result<bool>> has_address(IpAddress address, Call call) = 0;
  // The interface with this MAC address ("02:ab:..."); not_found names the interfaces there are.
  virtual Task<Result<std::string>> interface_with_mac(std::string mac, Call call) = 0;
  // The interface that holds this address.
  virtual Task<Result<std::string>> interface_with_address(IpAddress address, Call call) = 0;
  // One echo request; the round-trip time, or timed_out. unavailable: it cannot even be sent (no
  // route ...).
  virtual Task<Result<Duration>> ping(IpAddress address, Call call) = 0;
  // Opens and closes a TCP connection. A refusal is Code::conflict: somebody is there and says no.
  virtual Task<Result<Duration>> connect_tcp(std::string host, int port, Call call) = 0;
  // The status of the answer; unavailable: there was none, or none that can be trusted.
  virtual Task<Result<int>> http_head(HttpHead request, Call call) = 0;
};

}  // namespace mainstay
