#include "sim/campaign.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "config/safety.h"
#include "sim/shrink.h"
#include "sim/simulate.h"

namespace mainstay::sim {
namespace {

TEST_CASE("a seed draws the same world and the same faults every time, another seed others") {
  const RunOptions options;
  const Ingredients one = ingredients_of(7, options);
  const Ingredients same = ingredients_of(7, options);
  CHECK(*one.environment.config == *same.environment.config);
  CHECK(one.faults.size() == same.faults.size());
  CHECK(one.seed == same.seed);
  CHECK(ingredients_of(8, options).seed != one.seed);
}

TEST_CASE("a fault that is left out leaves the others as they are") {
  RunOptions options;
  const auto all = ingredients_of(7, options).faults;
  REQUIRE(all.size() > 2);
  options.without = {false, true};
  const auto fewer = ingredients_of(7, options).faults;
  REQUIRE(fewer.size() == all.size() - 1);
  CHECK(fewer[0].begin == all[0].begin);
  CHECK(fewer[1].begin == all[2].begin);
}

TEST_CASE("the swarm draws every kind of fault and of evidence") {
  std::set<FaultKind> faults;
  std::set<EvidenceKind> evidence;
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Ingredients drawn = ingredients_of(seed, {});
    for (const auto& fault : drawn.faults) faults.insert(fault.kind);
    evidence.insert(drawn.environment.evidence);
    sizes.insert(drawn.environment.config->nodes.size());
  }
  CHECK(faults.size() == fault_kind_count);
  CHECK(evidence.size() == 5);
  CHECK(sizes == std::set<std::size_t>{2, 3, 4, 5});
}

TEST_CASE("a short run is the same twice and keeps every law") {
  RunOptions options;
  options.faults_for = 1min;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const RunResult result = run_seed(seed, options);
    CAPTURE(seed);
    for (const auto& violation : result.violations) {
      FAIL_CHECK(violation.law << ": " << violation.text);
    }
    CHECK(result.entries > 100);
  }
}

TEST_CASE("worker processes share the seeds and lose none") {
  Campaign campaign{.from = 1, .to = 5, .jobs = 2, .options = {}};
  campaign.options.faults_for = 1min;
  campaign.options.twice = false;
  std::uint64_t told = 0;
  const CampaignResult result = run_campaign(
      campaign, [&](const CampaignResult& so_far) { told = so_far.passed + so_far.failed.size(); });
  CHECK(result.passed + result.failed.size() == 5);
  CHECK(told == 5);
}

std::shared_ptr<const ClusterConfig> two_nodes(bool arbiter) {
  ClusterConfig config;
  config.name = "test";
  for (const char* name : {"a", "b"}) {
    config.nodes.push_back({.name = NodeName(name), .instance = "", .zone = ""});
  }
  PathConfig path{.name = PathName("lan"), .addresses = {}};
  for (std::size_t i = 0; i < 2; ++i) path.addresses[config.nodes[i].name] = path_address(0, i);
  config.paths.push_back(path);
  config.timing.start_wait = 5s;
  if (arbiter) {
    config.arbitration.arbiter.kind = ArbiterKind::simulated;
    config.arbitration.allow_presumed = false;
  }
  config.groups.push_back(
      make_group({.name = "web", .vip = "10.1.0.20"}, {NodeName("a"), NodeName("b")}));
  add_checks(config, config.groups.front());
  return std::make_shared<const ClusterConfig>(std::move(config));
}

// What `mainstay check` says without running anything.
bool predicts_two_owners(const ClusterConfig& config) {
  return std::ranges::any_of(assess_safety(config), [](const SafetyFinding& finding) {
    return finding.outcome == Outcome::two_owners;
  });
}

TEST_CASE("a user's configuration is told what its clients would wait, and whether two may own") {
  const SimulateReport weak = simulate(two_nodes(false), {.seeds = 20, .progress = {}});
  CHECK(weak.evidence == "presumed");
  CHECK(weak.two_owners_possible);
  CHECK(predicts_two_owners(*two_nodes(false)));
  CHECK(!weak.two_owners_story.empty());
  CHECK(weak.broken.empty());
  const auto cut = std::ranges::find(weak.faults, "interconnect cut", &FaultReport::fault);
  REQUIRE(cut != weak.faults.end());
  CHECK(cut->two_owners == cut->runs);
  CHECK(cut->two_owners_max > 15s);
  CHECK(cut->outage_max < 15s);

  const SimulateReport strong = simulate(two_nodes(true), {.seeds = 20, .progress = {}});
  CHECK(strong.evidence == "arbiter");
  CHECK(!strong.two_owners_possible);
  CHECK(!predicts_two_owners(*two_nodes(true)));
  CHECK(strong.two_owners_story.empty());
  CHECK(strong.broken.empty());
  const auto killed = std::ranges::find(strong.faults, "node killed", &FaultReport::fault);
  REQUIRE(killed != strong.faults.end());
  CHECK(killed->runs == 2);
  CHECK(killed->outage_max > 1s);
  CHECK(killed->outage_max < 20s);
  CHECK(killed->not_served == 0);
}

}  // namespace
}  // namespace mainstay::sim
