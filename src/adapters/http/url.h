// Parts of URLs, and how text is written inside them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mainstay {

// RFC 3986: all but letters, digits and "-._~" becomes %XX. `keep` names further characters to
// leave.
std::string percent_encode(std::string_view text, std::string_view keep = "");
// %XX becomes its byte; a '%' that is not followed by two hex digits stays.
std::string percent_decode(std::string_view text);

using Parameters = std::vector<std::pair<std::string, std::string>>;
// key=value&key=value, encoded: a query string, or a form's body.
std::string encode_parameters(const Parameters& parameters);

struct Url {
  std::string scheme;  // lower case
  std::string host;    // lower case, IPv6 in brackets
  std::string port;    // "" if the URL has none
  std::string path;    // as written; "/" if there is none
  std::string query;   // as written, without '?'

  // As the Host header has it: without the scheme's own port.
  std::string authority() const;
  friend bool operator==(const Url&, const Url&) = default;
};

// http and https only, without user and password. nullopt: it is no such URL.
std::optional<Url> parse_url(std::string_view text);

std::string lower_case(std::string_view text);
std::string_view trim(std::string_view text);

}  // namespace mainstay
