#include "apps/arbiter_cost.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

using namespace mainstay;
using namespace mainstay::apps;

namespace {

ClusterConfig cluster(std::size_t nodes, std::size_t groups) {
  ClusterConfig config;
  config.name = "shop";
  config.arbitration.arbiter.kind = ArbiterKind::dynamodb;
  for (std::size_t i = 0; i < nodes; ++i) {
    config.nodes.push_back({.name = NodeName(fmt::format("server{}", i))});
  }
  for (std::size_t i = 0; i < groups; ++i) {
    config.groups.push_back({.name = GroupName(fmt::format("failover{}", i))});
  }
  return config;
}

}  // namespace

TEST_CASE("two nodes at the default lease cost a few dollars a month") {
  const auto config = cluster(2, 1);
  const auto load = arbiter_load(config);
  CHECK(load.writes_per_s == doctest::Approx(2 / 0.6));
  CHECK(load.record_size > 100);
  CHECK(load.record_size < 512);
  // 2 / 0.6 writes, 2 628 000 seconds, 0.625 dollars per million.
  CHECK(dynamodb_monthly_cost(config) == doctest::Approx(5.475));
  const auto sentences = arbiter_cost_sentences(config);
  REQUIRE(sentences.size() == 2);
  CHECK(
      sentences[0].starts_with("The arbiter is written to about 3.3 times a second: each of 2 "
                               "nodes renews its session every 600 ms"));
  CHECK(sentences[1] ==
        "That costs about $5.48 a month (on-demand price of us-east-1, November 2024).");
}

TEST_CASE("a record beyond a kilobyte costs another unit, a shorter lease more writes") {
  auto config = cluster(2, 20);
  const auto load = arbiter_load(config);
  CHECK(load.record_size > 1024);
  const auto units = static_cast<double>(load.record_size / 1024 + 1);
  CHECK(dynamodb_monthly_cost(config) == doctest::Approx(5.475 * units));
  config.timing = fast_timing();
  CHECK(dynamodb_monthly_cost(config) == doctest::Approx(5.475 * units * 2400 / 900));
}

TEST_CASE("without an arbiter nothing is said, with another no price") {
  auto config = cluster(2, 1);
  config.arbitration.arbiter.kind = ArbiterKind::etcd;
  CHECK(arbiter_cost_sentences(config).size() == 1);
  config.arbitration.arbiter.kind = ArbiterKind::none;
  CHECK(arbiter_cost_sentences(config).empty());
}
