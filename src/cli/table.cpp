#include "cli/table.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay::cli {
namespace {

const char* escape(Colour colour) {
  switch (colour) {
    case Colour::none:
      return "";
    case Colour::bold:
      return "\033[1m";
    case Colour::dim:
      return "\033[2m";
    case Colour::red:
      return "\033[1;31m";
    case Colour::yellow:
      return "\033[33m";
    case Colour::green:
      return "\033[32m";
  }
  return "";
}

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string Style::paint(std::string_view text, Colour colour) const {
  if (!colours || colour == Colour::none || text.empty()) return std::string(text);
  return fmt::format("{}{}\033[0m", escape(colour), text);
}

std::string Table::text(const Style& style) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i].text));
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::size_t gap = 2;  // before the next cell that says something
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!row[i].text.empty()) {
        out.append(gap, ' ');
        out += style.paint(row[i].text, row[i].colour);
        gap = 0;
      }
      gap += widths[i] + 2 - display_width(row[i].text);
    }
    out += '\n';
  }
  return out;
}

}  // namespace mainstay::cli
