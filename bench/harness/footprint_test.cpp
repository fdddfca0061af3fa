#include "harness/footprint.h"

#include <doctest/doctest.h>

using namespace mainstay::bench;

namespace {

const Footprint warm{
    .pid = 12, .rss_kib = 20'000, .descriptors = 40, .threads = 9, .files = 5, .disk_kib = 300};

}  // namespace

TEST_CASE("a footprint is six numbers") {
  CHECK(parse_footprint("12 20000 40 9 5 300\n") == warm);
  CHECK_FALSE(parse_footprint("12 20000 40 9 5"));
  CHECK_FALSE(parse_footprint("12  40 9 5 300 /var/lib/mainstay"));
}

TEST_CASE("what stays within its limits has not grown") {
  Footprint now = warm;
  now.rss_kib += GrowthLimits{}.rss_kib;
  now.descriptors -= 3;
  CHECK(grown(warm, now).empty());
}

TEST_CASE("whatever grew beyond its limit is told, with both numbers") {
  Footprint now = warm;
  now.rss_kib += GrowthLimits{}.rss_kib + 1;
  now.descriptors += GrowthLimits{}.descriptors + 1;
  now.threads += GrowthLimits{}.threads + 1;
  now.files += GrowthLimits{}.files + 1;
  now.disk_kib += GrowthLimits{}.disk_kib + 1;
  const auto sentences = grown(warm, now);
  REQUIRE(sentences.size() == 5);
  CHECK(sentences[1] == "open descriptors: 40 when warm, 49 now; 8 more are allowed");
}

TEST_CASE("a daemon that was started anew shows no growth, and that is told") {
  Footprint now = warm;
  now.pid = 99;
  CHECK(grown(warm, now).size() == 1);
}
