#include "harness/report.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace mainstay::bench;

TEST_CASE("the median of an odd number of values is the one in the middle") {
  CHECK(spread_of({3, 1, 2}) == Spread{.median = 2, .min = 1, .max = 3});
  CHECK(spread_of({7}) == Spread{.median = 7, .min = 7, .max = 7});
}

TEST_CASE("the median of an even number of values lies between the two in the middle") {
  CHECK(spread_of({4, 1, 2, 30}) == Spread{.median = 3, .min = 1, .max = 30});
}

TEST_CASE("the JSON has exactly the promised fields") {
  const std::string text = to_json({{.name = "node-killed",
                                     .evidence = "presumed",
                                     .profile = "fast",
                                     .runs = {{2100.04, 0}, {1900, 0}, {2000, 12}}}});
  const auto expected = nlohmann::json::parse(R"([{
    "case": "node-killed", "evidence": "presumed", "profile": "fast", "runs": 3,
    "outage_ms": {"median": 2000.0, "min": 1900.0, "max": 2100.0},
    "both_active_ms": {"median": 0.0, "min": 0.0, "max": 12.0}}])");
  CHECK(nlohmann::json::parse(text) == expected);
}

TEST_CASE("the table shows seconds") {
  const std::string text = to_table(
      {{.name = "planned-move", .evidence = "reported", .profile = "default", .runs = {{420, 0}}}});
  CHECK(text.find("planned-move") != std::string::npos);
  CHECK(text.find("0.42 [0.42 .. 0.42]") != std::string::npos);
}
