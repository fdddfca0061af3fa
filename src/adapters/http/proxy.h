// Which proxy a request goes through, by the usual environment variables.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "adapters/http/url.h"

namespace mainstay {

struct ProxySettings {
  std::string http;   // for http:// URLs; "" is direct. May hold a password: never shown.
  std::string https;  // for https:// URLs
  // From NO_PROXY: "*", a host name (which covers the names below it), an IPv4 CIDR, each with an
  // optional ":port".
  std::vector<std::string> except;
  friend bool operator==(const ProxySettings&, const ProxySettings&) = default;
};

// http_proxy, https_proxy, no_proxy; of both spellings the lower-case one wins.
ProxySettings proxy_settings_from(const std::map<std::string, std::string>& environment);

// "" is direct.
std::string proxy_for(const ProxySettings& settings, const Url& url);

}  // namespace mainstay
