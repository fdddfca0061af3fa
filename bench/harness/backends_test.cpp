#include "harness/backends.h"

#include <doctest/doctest.h>

namespace mainstay::bench {
namespace {

const std::vector<BackendResult> results = {
    {"native", {{40, 20, 24}, {60, 10, 25}, {50, 30, 26}}},
    {"cli", {{4000, 3000, 120}, {6000, 4000, 130}, {5000, 2000, 125}}}};

TEST_CASE("back ends are compared by the medians of their processor time") {
  CHECK(cpu_ratio(results) == 150);
}

TEST_CASE("both back ends stand in the table and in the JSON") {
  const std::string table = to_table(results);
  CHECK(table.find("native      3  50.0 [40.0 .. 60.0]") != std::string::npos);
  CHECK(table.find("125.0 [120.0 .. 130.0]") != std::string::npos);
  const std::string json = to_json(results);
  CHECK(json.find("\"backend\": \"cli\"") != std::string::npos);
  CHECK(json.find("\"median\": 3000.0") != std::string::npos);
}

}  // namespace
}  // namespace mainstay::bench
