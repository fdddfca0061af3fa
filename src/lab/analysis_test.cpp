// Outages and overlaps, from records made by hand.
#include "lab/analysis.h"

#include <doctest/doctest.h>

using namespace mainstay;
using namespace mainstay::lab;

namespace {

constexpr std::int64_t ms = 1'000'000;

// One request every 20 ms; '.' is answered by a, ':' by b, 'x' fails after 400 ms.
std::vector<ProbeRecord> requests(std::string_view picture) {
  std::vector<ProbeRecord> out;
  for (std::size_t i = 0; i < picture.size(); ++i) {
    const std::int64_t start = static_cast<std::int64_t>(i) * 20 * ms;
    const char c = picture[i];
    if (c == 'x') out.push_back({start, start + 400 * ms, false, "", "no answer in time"});
    if (c != 'x') out.push_back({start, start + ms, true, c == '.' ? "a" : "b", ""});
  }
  return out;
}

std::vector<LedgerEntry> beats(const std::string& name, std::int64_t from_ms, std::int64_t to_ms) {
  std::vector<LedgerEntry> out;
  for (std::int64_t at = from_ms; at <= to_ms; at += 5) out.push_back({at * ms, name});
  return out;
}

std::vector<LedgerEntry> operator+(std::vector<LedgerEntry> a, const std::vector<LedgerEntry>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("no failed request is no outage, also when another node answers") {
  const OutageReport report = analyse_requests(requests("...::"));
  CHECK(report.outage == 0ms);
  CHECK(report.holes.empty());
  CHECK(report.nodes == std::vector<std::string>{"a", "b"});
  CHECK(analyse_requests({}) == OutageReport{});
}

TEST_CASE(
    "an outage lasts from the start of the last good request to the start of the next good one") {
  const OutageReport report = analyse_requests(requests("..xxx::"));
  CHECK(report.outage == 80ms);
  CHECK(report.failed == 3);
  REQUIRE(report.holes.size() == 1);
  CHECK(report.holes[0] == Hole{20 * ms, 100 * ms, 3, true});
}

TEST_CASE("of several holes the longest is the outage") {
  const OutageReport report = analyse_requests(requests("..x.xx.x:"));
  CHECK(report.holes.size() == 3);
  CHECK(report.outage == 60ms);
}

TEST_CASE("a hole at either end of the records counts as far as they go") {
  CHECK(analyse_requests(requests("xx.")).outage == 40ms);
  const OutageReport report = analyse_requests(requests("..xx"));
  CHECK(report.outage == (60 + 400 - 20) * 1ms);
  CHECK_FALSE(report.holes[0].ended);
}

TEST_CASE("records may come in the order in which they ended") {
  auto records = requests("..xxx::");
  std::ranges::reverse(records);
  CHECK(analyse_requests(records) == analyse_requests(requests("..xxx::")));
}

TEST_CASE("two names are active together from the later start to the earlier end") {
  CHECK(both_active(beats("a", 0, 100) + beats("b", 110, 200)) == 0ms);
  CHECK(both_active(beats("a", 0, 100) + beats("b", 80, 200)) == 20ms);
  CHECK(both_active(beats("a", 0, 100) + beats("b", 20, 50)) == 30ms);
  CHECK(both_active(beats("a", 0, 100)) == 0ms);
  CHECK(both_active({}) == 0ms);
}

TEST_CASE("a silence of 15 ms or more ends activity, a shorter one does not") {
  const auto with_gap = [](std::int64_t gap) {
    return beats("a", 0, 100) + beats("a", 100 + gap, 200) + beats("b", 0, 200);
  };
  CHECK(both_active(with_gap(14)) == 199ms);  // the last beat of the second row is at 199
  CHECK(both_active(with_gap(15)) == 185ms);
}

TEST_CASE("three names active at once are counted once") {
  CHECK(both_active(beats("a", 0, 100) + beats("b", 0, 100) + beats("c", 50, 100)) == 100ms);
}

TEST_CASE("records are read as they were printed; a line cut off at the end is left out") {
  const auto records = requests(".x");
  const std::string text = print(records[0]) + print(records[1]);
  REQUIRE(parse_probe_records(text).has_value());
  CHECK(*parse_probe_records(text) == records);
  CHECK(parse_probe_records(text.substr(0, text.size() - 5))->size() == 1);
  CHECK_FALSE(parse_probe_records("nonsense\n" + text).has_value());
}

TEST_CASE("a ledger is read line by line") {
  const auto entries = parse_ledger("5 a\n10 b\n12");
  REQUIRE(entries.has_value());
  CHECK(*entries == std::vector<LedgerEntry>{{5, "a"}, {10, "b"}});
  CHECK_FALSE(parse_ledger("x a\n").has_value());
  CHECK_FALSE(parse_ledger("5\n").has_value());
}
