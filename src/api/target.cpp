// Request targets: "/v1/groups/web/why?limit=3".
#include <charconv>

#include <fmt/format.h>

#include "api/router.h"

namespace mainstay::api {
namespace {

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

std::string percent_encoded(std::string_view text, std::string_view also_plain) {
  std::string out;
  for (const char c : text) {
    if (plain(c) || also_plain.find(c) != also_plain.npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

void add_parameter(std::string_view pair, Request& request) {
  const auto equals = pair.find('=');
  const std::string key = percent_decoded(pair.substr(0, equals));
  if (key.empty()) return;
  request.query[key] = equals == pair.npos ? "" : percent_decoded(pair.substr(equals + 1));
}

}  // namespace

Request parse_target(std::string_view method, std::string_view target) {
  const auto question = target.find('?');
  Request request{.method = std::string(method),
                  .path = percent_decoded(target.substr(0, question))};
  if (question == target.npos) return request;
  std::string_view rest = target.substr(question + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    add_parameter(rest.substr(0, end), request);
    if (end == rest.npos) break;
    rest.remove_prefix(end + 1);
  }
  return request;
}

std::string target_of(const Request& request) {
  std::string target = percent_encoded(request.path, "/");
  char separator = '?';
  for (const auto& [key, value] : request.query) {
    target +=
        fmt::format("{}{}={}", separator, percent_encoded(key, ""), percent_encoded(value, ""));
    separator = '&';
  }
  return target;
}

}  // namespace mainstay::api
