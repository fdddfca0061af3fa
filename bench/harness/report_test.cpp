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

TEST_CASE("the JSON has the promised fields, and what else was seen") {
  const std::string text = to_json({{.name = "node-killed",
                                     .evidence = "dynamodb",
                                     .profile = "fast",
                                     .runs = {{2100.04, 0, 1}, {1900, 0, 1}, {2000, 12, 2, 5, 1}},
                                     .rests_on = "lease",
                                     .says = {"the arbiter"},
                                     .broken = {"run 3: too much"}}});
  const auto expected = nlohmann::json::parse(R"([{
    "case": "node-killed", "evidence": "dynamodb", "profile": "fast", "runs": 3,
    "outage_ms": {"median": 2000.0, "min": 1900.0, "max": 2100.0},
    "both_active_ms": {"median": 0.0, "min": 0.0, "max": 12.0},
    "rests_on": "lease",
    "activations": {"median": 1.0, "min": 1.0, "max": 2.0},
    "late_lines": {"median": 0.0, "min": 0.0, "max": 5.0},
    "late_lines_through_vip": {"median": 0.0, "min": 0.0, "max": 1.0},
    "says": ["the arbiter"], "broken": ["run 3: too much"]}])");
  CHECK(nlohmann::json::parse(text) == expected);
}

TEST_CASE("a case without a run that ended has no numbers, and still says why") {
  const CaseResult none{.name = "node-frozen",
                        .evidence = "etcd",
                        .profile = "default",
                        .runs = {},
                        .broken = {"run 1 had no end: interrupted"}};
  CHECK(to_json({none}) == "[]\n");
  CHECK(
      to_table({none}).find("BROKEN node-frozen (default, etcd): run 1 had no end: interrupted") !=
      std::string::npos);
}

TEST_CASE("the table shows seconds") {
  const std::string text = to_table(
      {{.name = "planned-move", .evidence = "reported", .profile = "default", .runs = {{420, 0}}}});
  CHECK(text.find("planned-move") != std::string::npos);
  CHECK(text.find("0.42 [0.42 .. 0.42]") != std::string::npos);
  CHECK(text.find(" ok\n") != std::string::npos);
}
