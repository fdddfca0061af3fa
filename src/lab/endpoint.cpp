// Reading addresses with ports, and finding those of names.
#include "lab/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <charconv>
#include <cstring>
#include <optional>

namespace mainstay::lab {
namespace {

std::optional<int> parse_port(std::string_view digits) {
  int port = 0;
  const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), port);
  if (problem != std::errc() || end != digits.end() || port < 1 || port > 65535) return {};
  return port;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&] {
    return failure(Code::invalid,
                   fmt::format("'{}' is not ADDRESS:PORT, for example 10.1.0.20:80", text));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  const auto address = parse_ipv4(text.substr(0, colon));
  const auto port = parse_port(text.substr(colon + 1));
  if (!address || !port) return wrong();
  return Endpoint{*address, *port};
}

Result<Url> parse_url(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  const auto wrong = [&] {
    return failure(Code::invalid,
                   fmt::format("'{}' is not a URL such as http://10.1.0.20:80/", text));
  };
  if (!text.starts_with(scheme)) return wrong();
  const std::string_view rest = text.substr(scheme.size());
  const auto slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  const auto colon = authority.find(':');
  const auto port =
      colon == std::string_view::npos ? std::optional(80) : parse_port(authority.substr(colon + 1));
  if (!port || colon == 0 || authority.empty()) return wrong();
  return Url{std::string(authority.substr(0, colon)), *port,
             slash == std::string_view::npos ? "/" : std::string(rest.substr(slash))};
}

Result<Endpoint> find_endpoint(const Url& url) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int problem = ::getaddrinfo(url.host.c_str(), nullptr, &wanted, &found);
  if (problem != 0) {
    return failure(Code::not_found, fmt::format("{}: {}", url.host, ::gai_strerror(problem)));
  }
  sockaddr_in first{};
  std::memcpy(&first, found->ai_addr, sizeof(first));
  ::freeaddrinfo(found);
  return Endpoint{Ipv4{ntohl(first.sin_addr.s_addr)}, url.port};
}

sockaddr_in socket_address(const Endpoint& endpoint) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(endpoint.address.value);
  out.sin_port = htons(static_cast<std::uint16_t>(endpoint.port));
  return out;
}

}  // namespace mainstay::lab
