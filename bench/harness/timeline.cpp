#include "harness/timeline.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay::bench {
namespace {

constexpr std::size_t text_column = 21;
constexpr std::size_t text_width = 78;

// Breaks at the last blank that fits.
std::vector<std::string> wrapped(std::string_view text) {
  std::vector<std::string> lines;
  while (text.size() > text_width) {
    std::size_t end = text.rfind(' ', text_width);
    if (end == std::string_view::npos || end == 0) end = text.find(' ');
    if (end == std::string_view::npos) break;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.emplace_back(text);
  return lines;
}

}  // namespace

std::vector<Moment> in_order(std::vector<Moment> moments) {
  std::ranges::stable_sort(moments, {}, &Moment::monotonic_ns);
  return moments;
}

std::vector<Moment> between(const std::vector<Moment>& moments, std::int64_t from,
                            std::int64_t until) {
  std::vector<Moment> result;
  std::ranges::copy_if(moments, std::back_inserter(result), [&](const Moment& moment) {
    return moment.monotonic_ns >= from && moment.monotonic_ns <= until;
  });
  return result;
}

std::string to_text(const std::vector<Moment>& moments, std::int64_t zero) {
  std::string text;
  for (const Moment& moment : moments) {
    const double seconds = static_cast<double>(moment.monotonic_ns - zero) / 1e9;
    const auto lines = wrapped(moment.text);
    text += fmt::format("{:>9.3f} s  {:<8} {}\n", seconds, moment.witness, lines.front());
    for (std::size_t i = 1; i < lines.size(); ++i) {
      text += fmt::format("{:{}}{}\n", "", text_column, lines[i]);
    }
  }
  return text;
}

}  // namespace mainstay::bench
