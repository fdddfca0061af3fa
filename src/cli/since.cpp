#include "cli/since.h"

#include <charconv>

#include <fmt/format.h>

#include "api/json.h"
#include "config/value.h"

namespace mainstay::cli {
namespace {

std::optional<std::uint64_t> number_from(const std::string& text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc() || rest != end) return std::nullopt;
  return number;
}

std::optional<Duration> ago_from(const std::string& text) {
  return duration_from(text.ends_with('m') ? text + "in" : text);
}

std::optional<WallTime> time_from(std::string text) {
  if (text.ends_with('Z') && !text.contains('.')) text.insert(text.size() - 1, ".000");
  const auto time = api::time_from_text(text);
  return time ? std::optional(*time) : std::nullopt;
}

}  // namespace

Result<Since> parse_since(const std::string& text, WallTime now) {
  if (const auto number = number_from(text)) return *number;
  if (const auto ago = ago_from(text)) {
    return now - std::chrono::ceil<std::chrono::milliseconds>(*ago);
  }
  if (const auto time = time_from(text)) return *time;
  return failure(Code::invalid,
                 fmt::format("--since: '{}' is no event's number, no duration like 10min and no "
                             "time like 2026-11-23T06:15:01Z",
                             text.substr(0, 40)));
}

}  // namespace mainstay::cli
