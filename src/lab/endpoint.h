// ADDR:PORT and http://ADDR:PORT/ of the helpers web and probe.
#pragma once

#include <netinet/in.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "lab/ipv4.h"

namespace mainstay::lab {

struct Endpoint {
  Ipv4 address{};
  int port = 80;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// "10.1.0.20:80"
Result<Endpoint> parse_endpoint(std::string_view text);

struct Url {
  Endpoint endpoint{};
  std::string path = "/";
  friend bool operator==(const Url&, const Url&) = default;
};
// "http://10.1.0.20:80/path"; the port may be left out, the host is an address.
Result<Url> parse_url(std::string_view text);

sockaddr_in socket_address(const Endpoint& endpoint);

}  // namespace mainstay::lab
