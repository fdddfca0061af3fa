#include "base/name.h"

#include <doctest/doctest.h>

#include <array>

using namespace mainstay;

TEST_CASE("names are in the order of their texts") {
  const std::array<std::string, 18> texts = {"",          std::string("\0", 1),
                                             "a",         std::string("a\0", 2),
                                             "a\x7f",     "a\x80",
                                             "a\xff",     "ab",
                                             "failover",  "failover1",
                                             "failover2", std::string("failover\0", 9),
                                             "failovers", "node-1",
                                             "node-10",   "the-web-server-of-the-first-zone",
                                             "z",         "the-web-server-of-the-first-zone-1"};
  for (const std::string& left : texts) {
    for (const std::string& right : texts) {
      CAPTURE(left);
      CAPTURE(right);
      CHECK((NodeName(left) <=> NodeName(right)) == (left <=> right));
      CHECK((NodeName(left) == NodeName(right)) == (left == right));
    }
  }
}

TEST_CASE("what a text left behind when it became shorter does not count") {
  std::string text = "abcdefghijklmnopqrstuvwxyz";
  text.resize(2);
  CHECK(NodeName(text) == NodeName("ab"));
  CHECK(NodeName(text) < NodeName("abc"));
}
