// What has hurt the users of other products, in what may be configured; and that docs/pains.md
// names a test for each.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "catalog/catalog.h"
#include "config/parse.h"

namespace mainstay {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string all_texts(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) text += to_text(problem, "cluster.toml") + "\n";
  return text;
}

TEST_CASE("C1.17: a key that does not exist is refused, with the one that was meant") {
  const std::string frame =
      "name = \"c\"\nkey_file = \"/k\"\n[[node]]\nname = \"a\"\n[[node]]\nname = \"b\"\n"
      "[[path]]\nname = \"p\"\naddress = { a = \"10.0.0.1\", b = \"10.0.0.2\" }\n"
      "[[group]]\nname = \"g\"\n[[resource]]\nname = \"r\"\ngroup = \"g\"\n";
  const std::vector<std::pair<const char*, const char*>> rows = {
      {"type = \"awseip\"\nallocation_ip = \"eipalloc-0a1b2c3d4e5f60718\"\n", "\"allocation_id\""},
      {"type = \"awssip\"\nip = \"10.0.0.9\"\neni_idd = \"eni-0a1b2c3d4e5f60718\"\n", "\"eni_id\""},
      {"type = \"awsvip\"\nip = \"10.1.0.9\"\nvpcid = \"vpc-0a1b2c3d4e5f60718\"\n", "\"vpc_id\""},
      {"type = \"awsdns\"\nzone = \"Z0123456789ABCDEFGHIJ\"\n", "\"zone_id\""}};
  for (const auto& [lines, meant] : rows) {
    const auto config = parse_config(frame + lines, catalog());
    REQUIRE_FALSE(config.has_value());
    const std::string text = all_texts(config.error());
    CHECK_MESSAGE(text.find(meant) != std::string::npos, text);
  }
}

TEST_CASE("C1.29: nothing that a failover needs permission for concerns tags") {
  for (const auto* types : {&catalog().resources, &catalog().monitors}) {
    for (const TypeSchema& type : *types) {
      for (const std::string& action : type.iam_actions) {
        CHECK_MESSAGE(action.find("Tags") == std::string::npos, type.type, ": ", action);
      }
    }
  }
}

// The last column of a row of the table names the file that holds its test.
TEST_CASE("each pain that is listed has its test where the list says") {
  std::istringstream lines(file_text("docs/pains.md"));
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| C")) continue;
    ++rows;
    const std::string number = line.substr(2, line.find(' ', 2) - 2);
    const auto end = line.rfind('`');
    const auto begin = line.rfind('`', end - 1) + 1;
    const std::string file = line.substr(begin, end - begin);
    CHECK_MESSAGE(file_text(file).find("TEST_CASE(\"" + number + ": ") != std::string::npos, number,
                  " in ", file);
  }
  CHECK(rows == 36);
}

}  // namespace
}  // namespace mainstay
