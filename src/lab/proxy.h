// An HTTP proxy for instances: CONNECT, and plain requests passed on.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mainstay::lab {

struct ProxyOptions {
  std::string listen;  // ADDRESS:PORT
};

// Serves until it is ended by a signal.
Status run_proxy(const ProxyOptions& options);

// What a request's head asks of a proxy: to whom, and what that one is to get. A plain request is
// the only one of its connection. Pure.
struct ProxyTarget {
  std::string host;
  std::string port;
  std::string pass_on;  // empty: CONNECT
  friend bool operator==(const ProxyTarget&, const ProxyTarget&) = default;
};
// `head`: with the empty line at its end.
Result<ProxyTarget> parse_proxy_request(std::string_view head);

}  // namespace mainstay::lab
