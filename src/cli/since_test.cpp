#include "cli/since.h"

#include <doctest/doctest.h>

using namespace mainstay;
using cli::parse_since;
using cli::Since;

namespace {

const WallTime quarter_past{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) +
                            std::chrono::hours(6) + std::chrono::minutes(15)};

}  // namespace

TEST_CASE("since a number is since an event") {
  CHECK(parse_since("41", quarter_past) == Since(std::uint64_t{41}));
}

TEST_CASE("since a duration is that long before now") {
  const Since before(quarter_past - std::chrono::minutes(10));
  CHECK(parse_since("10min", quarter_past) == before);
  CHECK(parse_since("10m", quarter_past) == before);
  CHECK(parse_since("600s", quarter_past) == before);
  CHECK(parse_since("250ms", quarter_past) == Since(quarter_past - std::chrono::milliseconds(250)));
}

TEST_CASE("since a time, with or without milliseconds") {
  CHECK(parse_since("2026-11-23T06:15:00Z", {}) == Since(quarter_past));
  CHECK(parse_since("2026-11-23T06:15:00.250Z", {}) ==
        Since(quarter_past + std::chrono::milliseconds(250)));
}

TEST_CASE("since anything else is told what it could be") {
  for (const char* text :
       {"", "yesterday", "-5", "10 years", "06:15", "2026-13-23T06:15:00Z", "41x"}) {
    CAPTURE(text);
    const auto since = parse_since(text, quarter_past);
    REQUIRE_FALSE(since);
    CHECK(since.error().message.contains("10min"));
  }
}
