// Tests of the latency histogram.
#include "mirrord/histogram.h"

#include <doctest/doctest.h>

namespace mainstay::mirrord {
namespace {

TEST_CASE("an empty histogram says nothing") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.at_most_us(0.5) == 0);
}

TEST_CASE("a quantile is at most a quarter too high and never too low") {
  for (std::uint64_t us = 1; us < 3'000'000; us = us * 3 / 2 + 1) {
    Histogram histogram;
    histogram.add(std::chrono::microseconds(us));
    // Something larger, so that the largest does not cap it.
    histogram.add(3600s);
    const std::uint64_t told = histogram.at_most_us(0.25);
    CHECK(told >= us);
    CHECK(static_cast<double>(told) <= static_cast<double>(us) * 1.25 + 1);
  }
}

TEST_CASE("the median and the largest of a thousand are theirs") {
  Histogram histogram;
  for (int i = 0; i < 990; ++i) histogram.add(100us);
  for (int i = 0; i < 10; ++i) histogram.add(9ms);
  CHECK(histogram.count() == 1000);
  CHECK(histogram.at_most_us(0.5) >= 100);
  CHECK(histogram.at_most_us(0.5) < 128);
  CHECK(histogram.at_most_us(0.995) >= 9000);
  CHECK(histogram.max_us() == 9000);
}

TEST_CASE("a time that went backwards and one without end are counted, too") {
  Histogram histogram;
  histogram.add(-1s);
  histogram.add(Duration::max());
  CHECK(histogram.count() == 2);
}

}  // namespace
}  // namespace mainstay::mirrord
