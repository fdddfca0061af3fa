// HTTP/1.1 messages: reading requests, writing answers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace mainstay::lab {

struct HttpRequest {
  std::string method;
  std::string target;                                             // as sent: path and query
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in lower case
  std::string body = {};
  std::string peer = {};  // address of the client
  bool tls = false;

  std::string_view path() const;
  std::string_view query() const;
  // The value of the first header of that name (lower case), or empty.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string body = {};
  std::string type = "text/plain";
  std::vector<std::pair<std::string, std::string>> headers = {};
  // What a lab must be able to do: say nothing for ever, or hang up instead of answering.
  enum class Delivery { answer, silence, hang_up } delivery = Delivery::answer;
};

inline constexpr std::size_t header_size_max = 64 * 1024;
inline constexpr std::size_t body_size_max = 1024 * 1024;

struct ParsedRequest {
  HttpRequest request;
  std::size_t size = 0;  // of the request in the buffer
};

// The first request in the buffer; nothing yet if it is not complete; an error if it can never
// become one.
Result<std::optional<ParsedRequest>> parse_request(std::string_view buffer);
std::string print_response(const HttpResponse& response, bool keep_alive);

// "a%20b+c" -> "a b c" (plus is a space only in queries and forms).
std::string url_decode(std::string_view text, bool plus_is_space);
// Everything but A-Z a-z 0-9 - _ . ~ becomes %XX.
std::string url_encode(std::string_view text);
// "a=1&b=2" in the order given, decoded.
std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text);

}  // namespace mainstay::lab
