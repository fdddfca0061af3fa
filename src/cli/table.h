// Aligned columns, and colours where a person looks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mainstay::cli {

enum class Colour { none, bold, dim, red, yellow, green };

struct Cell {
  std::string text;
  Colour colour = Colour::none;
  Cell(std::string content, Colour look = Colour::none) : text(std::move(content)), colour(look) {}
  Cell(const char* content) : text(content) {}
};

struct Style {
  bool colours = false;
  std::string paint(std::string_view text, Colour colour) const;
};

class Table {
 public:
  explicit Table(std::vector<Cell> header) { add(std::move(header)); }
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool has_rows() const { return rows_.size() > 1; }
  // Each line begins with two spaces and ends without any.
  std::string text(const Style& style) const;

 private:
  std::vector<std::vector<Cell>> rows_;
};

// Columns of UTF-8 text: code points, which is right for what we print.
std::size_t display_width(std::string_view text);

}  // namespace mainstay::cli
