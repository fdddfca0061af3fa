// ADDR:PORT and http://HOST:PORT/ of the helpers web and probe.
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
  std::string host;  // a name or an address
  int port = 80;
  std::string path = "/";
  friend bool operator==(const Url&, const Url&) = default;
};
// "http://10.1.0.20:80/path", "http://service.cluster.internal/"; the port may be left out.
Result<Url> parse_url(std::string_view text);
// Where that is now, as this machine's resolver says. Waits for the resolver's answer.
Result<Endpoint> find_endpoint(const Url& url);

sockaddr_in socket_address(const Endpoint& endpoint);

}  // namespace mainstay::lab
