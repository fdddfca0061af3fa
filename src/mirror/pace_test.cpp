#include "mirror/pace.h"

#include <doctest/doctest.h>

#include <cmath>

namespace mainstay::mirror {
namespace {

TEST_CASE("latencies know what all but a hundredth stayed below, to an eighth") {
  Latencies latencies;
  CHECK(latencies.slowest_hundredth() == Duration{});
  for (int i = 0; i < 990; ++i) latencies.add(100us);
  for (int i = 0; i < 9; ++i) latencies.add(5ms);
  CHECK(latencies.slowest_hundredth() >= 100us);
  CHECK(latencies.slowest_hundredth() <= 113us);
  for (int i = 0; i < 20; ++i) latencies.add(5ms);
  CHECK(latencies.slowest_hundredth() >= 5ms);
  CHECK(latencies.slowest_hundredth() <= 5625us);
  for (int i = 0; i < 10'000; ++i) latencies.add(1ms);
  CHECK(latencies.count() < 4096);
  CHECK(latencies.slowest_hundredth() <= 1125us);
}

TEST_CASE("nothing goes beyond the limit, but for what a pause has saved") {
  Pace pace(16, 1'000'000);
  Instant now{10s};
  std::uint64_t sent = 0;
  for (; now < Instant(20s); now += 1ms) {
    while (pace.may_begin(now, 0)) {
      pace.began(now, 64 * 1024);
      sent += 64 * 1024;
    }
    CHECK(pace.look_again() > now);
  }
  CHECK(sent >= 9'900'000);
  CHECK(sent <= 10'200'000);
  pace.set_limit(0);
  CHECK(pace.may_begin(now, 15));
  CHECK_FALSE(pace.may_begin(now, 16));
}

// A disk that is slower the more of a resync is under way; a write every 2 ms.
struct Load {
  Duration slower_by{};  // for each region under way
  Instant now{100s};
  Pace pace{16, 0};
  std::size_t under_way = 0;
  std::uint64_t regions = 0;

  void live(Duration span) {
    for (const Instant end = now + span; now < end; now += 2ms) {
      // What was begun has ended by now.
      under_way = 0;
      while (pace.may_begin(now, under_way)) {
        pace.began(now, 65536);
        ++under_way;
        ++regions;
      }
      pace.write_ended(now, now + 200us + slower_by * static_cast<int>(under_way));
    }
  }
};

TEST_CASE("who slows the application down has less under way, and in the end pauses") {
  Load load;
  load.pace.start(load.now);
  load.slower_by = 50us;
  load.live(10s);
  // Up to four take no more than twice as long.
  CHECK(load.pace.window() <= 6);
  CHECK(load.pace.window() >= 2);
  load.slower_by = 5ms;
  load.live(10s);
  CHECK(load.pace.window() == 1);
  CHECK(load.pace.gap() >= 64ms);
  const std::uint64_t before = load.regions;
  load.live(2s);
  CHECK(load.regions > before);
}

TEST_CASE("beside an application that does not mind, or does nothing, all goes at once") {
  Load load;
  load.pace.start(load.now);
  load.live(5s);
  CHECK(load.pace.window() == 16);
  load.slower_by = 5ms;
  load.live(5s);
  REQUIRE(load.pace.window() == 1);
  load.pace.fell_quiet(load.now);
  load.now += 1s;
  CHECK(load.pace.may_begin(load.now, 0));
  CHECK(load.pace.may_begin(load.now + 300ms, 0));
  CHECK(load.pace.window() == 16);
}

}  // namespace
}  // namespace mainstay::mirror
