// Reading addresses with ports.
#include "lab/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace mainstay::lab {

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&] {
    return failure(Code::invalid,
                   fmt::format("'{}' is not ADDRESS:PORT, for example 10.1.0.20:80", text));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  const auto address = parse_ipv4(text.substr(0, colon));
  const std::string_view digits = text.substr(colon + 1);
  int port = 0;
  const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), port);
  if (!address || problem != std::errc() || end != digits.end() || port < 1 || port > 65535)
    return wrong();
  return Endpoint{*address, port};
}

Result<Url> parse_url(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (!text.starts_with(scheme)) {
    return failure(Code::invalid,
                   fmt::format("'{}' is not a URL such as http://10.1.0.20:80/", text));
  }
  const std::string_view rest = text.substr(scheme.size());
  const auto slash = rest.find('/');
  std::string host(rest.substr(0, slash));
  if (host.find(':') == std::string::npos) host += ":80";
  const auto endpoint = parse_endpoint(host);
  if (!endpoint) return std::unexpected(endpoint.error());
  return Url{*endpoint, slash == std::string_view::npos ? "/" : std::string(rest.substr(slash))};
}

sockaddr_in socket_address(const Endpoint& endpoint) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(endpoint.address.value);
  out.sin_port = htons(static_cast<std::uint16_t>(endpoint.port));
  return out;
}

}  // namespace mainstay::lab
