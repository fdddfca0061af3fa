#include "lab/shared_ledger.h"

#include <doctest/doctest.h>

using namespace mainstay;
using namespace mainstay::lab;

namespace {

constexpr std::int64_t ms = 1'000'000;

std::vector<SharedLine> lines_of(const std::string& name, std::uint64_t term, std::int64_t from_ms,
                                 std::int64_t to_ms, const std::string& asked_at = "") {
  std::vector<SharedLine> lines;
  for (std::int64_t at = from_ms; at < to_ms; at += 5) {
    lines.push_back({at * ms, name, term, asked_at});
  }
  return lines;
}

std::vector<SharedLine> operator+(std::vector<SharedLine> a, const std::vector<SharedLine>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("an activation that ends before the next one begins writes nothing late") {
  CHECK(late_lines(lines_of("a", 1, 0, 100) + lines_of("b", 2, 120, 200)) == LateLines{});
  CHECK(late_lines({}) == LateLines{});
}

TEST_CASE("what an old owner writes after the new one's first line is late, however it is asked") {
  const auto lines = lines_of("b", 2, 100, 200) + lines_of("a", 1, 0, 50) +
                     lines_of("a", 1, 120, 130) + lines_of("a", 1, 140, 145, "10.1.0.20");
  CHECK(late_lines(lines) == LateLines{.own = 2, .through_vip = 1, .latest = 40ms});
}

TEST_CASE("a later activation on the same node is another one") {
  CHECK(late_lines(lines_of("a", 2, 10, 20) + lines_of("a", 1, 15, 20)).own == 1);
}

TEST_CASE("a shared ledger is read as it was written; a line cut off at the end is left out") {
  const SharedLine own{5, "server1", 7, ""};
  const SharedLine asked{6, "server1", 7, "10.1.0.20"};
  CHECK(print_words(own) == "server1 7 -");
  const std::string text = "5 " + print_words(own) + "\n6 " + print_words(asked) + "\n";
  const auto lines = parse_shared_ledger(text);
  REQUIRE(lines.has_value());
  CHECK(*lines == std::vector<SharedLine>{own, asked});
  CHECK(parse_shared_ledger(text + "7 server1")->size() == 2);
  for (const char* bad : {"x server1 7 -\n", "5 server1 x -\n", "5 server1 7\n", "5\n", "\n"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_shared_ledger(bad).has_value());
  }
}
