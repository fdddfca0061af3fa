#include "adapters/http/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace mainstay {
namespace {

std::string either(const std::map<std::string, std::string>& environment, const char* lower,
                   const char* upper) {
  for (const char* name : {lower, upper}) {
    const auto found = environment.find(name);
    if (found != environment.end() && !trim(found->second).empty()) {
      return std::string(trim(found->second));
    }
  }
  return {};
}

std::string with_scheme(std::string proxy) {
  if (proxy.empty() || proxy.find("://") != std::string::npos) return proxy;
  return "http://" + proxy;
}

std::optional<std::uint32_t> ipv4(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

bool in_block(const std::string& host, const std::string& block) {
  const auto slash = block.find('/');
  if (slash == std::string::npos) return false;
  const auto address = ipv4(host);
  const auto network = ipv4(block.substr(0, slash));
  const std::string_view digits = std::string_view(block).substr(slash + 1);
  int length = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (!address || !network || length < 0 || length > 32) return false;
  const std::uint32_t mask = length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
  return (*address & mask) == (*network & mask);
}

std::string port_of(const Url& url) {
  if (!url.port.empty()) return url.port;
  return url.scheme == "https" ? "443" : "80";
}

bool excepts(const std::string& entry, const Url& url) {
  if (entry == "*") return true;
  std::string host = entry;
  const auto colon = entry.rfind(':');
  // "[v6]" has colons of its own.
  if (colon != std::string::npos && entry.find(']', colon) == std::string::npos) {
    if (entry.substr(colon + 1) != port_of(url)) return false;
    host = entry.substr(0, colon);
  }
  if (in_block(url.host, host)) return true;
  if (host.starts_with("*.")) host.erase(0, 1);
  if (url.host == host) return true;
  if (!host.starts_with('.')) host.insert(0, 1, '.');
  return url.host.ends_with(host) || host == '.' + url.host;
}

}  // namespace

ProxySettings proxy_settings_from(const std::map<std::string, std::string>& environment) {
  ProxySettings settings{.http = with_scheme(either(environment, "http_proxy", "HTTP_PROXY")),
                         .https = with_scheme(either(environment, "https_proxy", "HTTPS_PROXY"))};
  std::string list = lower_case(either(environment, "no_proxy", "NO_PROXY"));
  std::ranges::replace(list, ' ', ',');
  for (std::size_t begin = 0; begin < list.size();) {
    const auto end = std::min(list.find(',', begin), list.size());
    if (end > begin) settings.except.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return settings;
}

std::string proxy_for(const ProxySettings& settings, const Url& url) {
  const std::string& proxy = url.scheme == "https" ? settings.https : settings.http;
  if (proxy.empty()) return {};
  const bool excepted = std::ranges::any_of(
      settings.except, [&](const std::string& entry) { return excepts(entry, url); });
  return excepted ? "" : proxy;
}

}  // namespace mainstay
