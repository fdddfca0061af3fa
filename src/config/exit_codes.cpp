#include "config/exit_codes.h"

#include <algorithm>
#include <charconv>

namespace mainstay {
namespace {

std::optional<int> exit_code(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || value < 0 || value > 255) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::pair<int, int>> exit_code_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto low = exit_code(text.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : exit_code(text.substr(dash + 1));
  if (!low || !high || *low > *high) return std::nullopt;
  return std::pair(*low, *high);
}

bool is_normal(const std::vector<std::string>& normal_values, int code) {
  return std::ranges::any_of(normal_values, [code](const std::string& text) {
    const auto range = exit_code_range(text);
    return range && code >= range->first && code <= range->second;
  });
}

}  // namespace mainstay
