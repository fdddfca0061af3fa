#include "config/plain_text.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace mainstay {
namespace {

TEST_CASE("outside of quotes and comments a document is ASCII") {
  struct Row {
    std::string text;
    std::optional<Position> stray;
  };
  const std::vector<Row> table = {
      {"a = \"é\" # é\nb = 'é'", std::nullopt},
      {"\xEF\xBB\xBF#\na = 1", std::nullopt},
      {"a = \"\"\"é\n\"é\" \\\"\"\"\" # é", std::nullopt},
      {"a = '''é\n\\'''\nb = 1", std::nullopt},
      {"a = \"\"\"x\"\"\"\"\"\nb = 1 é", Position{2, 7}},
      {"a = \"\\\"é\"", std::nullopt},
      {"a = '\\' é", Position{1, 9}},
      {"a = “x”", Position{1, 5}},
      {"\"é\" é = 1", Position{1, 5}},
      {"a = \"é\nb = é", Position{2, 5}},
      {"", std::nullopt},
  };
  for (const Row& row : table) {
    CAPTURE(row.text);
    const auto problem = stray_character(row.text);
    CHECK(problem.has_value() == row.stray.has_value());
    if (problem && row.stray) CHECK(problem->position == *row.stray);
  }
}

}  // namespace
}  // namespace mainstay
