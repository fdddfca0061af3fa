// The small part of HTTP/1.1 that AWS clients use.
#include "lab/http.h"

#include <fmt/format.h>

#include <charconv>

namespace mainstay::lab {
namespace {

constexpr std::size_t headers_max = 100;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 412:
      return "Precondition Failed";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

Status parse_headers(std::string_view lines, HttpRequest& request) {
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return failure(Code::invalid, "a header line has no name");
    }
    if (request.headers.size() >= headers_max) return failure(Code::invalid, "too many headers");
    request.headers.emplace_back(lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  return {};
}

Result<std::size_t> body_size(const HttpRequest& request) {
  if (!request.header("transfer-encoding").empty()) {
    return failure(Code::invalid, "transfer encodings are not supported");
  }
  const std::string_view text = request.header("content-length");
  if (text.empty()) return 0;
  std::size_t size = 0;
  const auto [end, problem] = std::from_chars(text.begin(), text.end(), size);
  if (problem != std::errc() || end != text.end() || size > body_size_max) {
    return failure(Code::invalid, "the content length makes no sense");
  }
  return size;
}

}  // namespace

std::string_view HttpRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Result<std::optional<ParsedRequest>> parse_request(std::string_view buffer) {
  const auto end = buffer.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (buffer.size() > header_size_max) return failure(Code::invalid, "the headers are too large");
    return std::nullopt;
  }
  const auto line_end = buffer.find("\r\n");
  const std::string_view line = buffer.substr(0, line_end);
  const auto first = line.find(' ');
  const auto second = line.rfind(' ');
  if (first == std::string_view::npos || first == second || first == 0 ||
      !line.substr(second + 1).starts_with("HTTP/1.")) {
    return failure(Code::invalid, "this is not an HTTP/1.1 request");
  }
  ParsedRequest parsed{{std::string(line.substr(0, first)),
                        std::string(line.substr(first + 1, second - first - 1))}};
  if (line_end < end) {
    auto done = parse_headers(buffer.substr(line_end + 2, end - line_end - 2), parsed.request);
    if (!done) return std::unexpected(done.error());
  }
  const auto size = body_size(parsed.request);
  if (!size) return std::unexpected(size.error());
  if (buffer.size() < end + 4 + *size) return std::nullopt;
  parsed.request.body = buffer.substr(end + 4, *size);
  parsed.size = end + 4 + *size;
  return parsed;
}

std::string print_response(const HttpResponse& response, bool keep_alive) {
  std::string out =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {}\r\n",
                  response.status, reason(response.status), response.type, response.body.size(),
                  keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : response.headers) out += fmt::format("{}: {}\r\n", name, value);
  return out + "\r\n" + response.body;
}

std::string url_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string url_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> parse_form(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    out.emplace_back(
        url_decode(pair.substr(0, equals), true),
        equals == std::string_view::npos ? "" : url_decode(pair.substr(equals + 1), true));
  }
  return out;
}

}  // namespace mainstay::lab
