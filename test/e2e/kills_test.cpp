// A few of the kills that `./run mirror-kills` repeats for an hour.
#include <doctest/doctest.h>

#include "harness/kills.h"
#include "harness/programs.h"

namespace mainstay::bench {
namespace {

void outlives(const KillOptions& options) {
  const auto programs = find_programs();
  REQUIRE(programs);
  const auto report = kill_database(*programs, options);
  REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
  CHECK(report->acknowledged > 100);
  CHECK(report->rows >= report->acknowledged);
  CHECK(report->comparisons == 1);
}

}  // namespace

TEST_CASE("a PostgreSQL on a mirror disk outlives what dies under it, and loses no commit") {
  outlives({.kills = 6, .seed = 7});
}

TEST_CASE("so does one on xfs") { outlives({.kills = 3, .seed = 8, .file_system = "xfs"}); }

}  // namespace mainstay::bench
