#include "config/safety.h"

#include <doctest/doctest.h>

#include "config/testing.h"

namespace mainstay {
namespace {

using testing::small_document;
using testing::valid;

SafetyFinding finding(const ClusterConfig& config, Fault fault) {
  for (const SafetyFinding& each : assess_safety(config)) {
    if (each.fault == fault) return each;
  }
  return {};
}

TEST_CASE("the sentence of the safety model for presumed evidence") {
  const auto sentences = safety_sentences(valid(small_document));
  REQUIRE(sentences.size() == 1);
  CHECK(sentences[0] ==
        "If only the interconnect fails, failover1 can run on both nodes: its only evidence is "
        "`presumed`. Add a lease arbiter or a forced stop. A second path makes it less likely.");
}

TEST_CASE("every kind of evidence has its outcome for every fault") {
  struct Row {
    std::string name;
    std::function<void(ClusterConfig&)> change;
    std::string evidence;
    // In the order of the faults.
    std::vector<Outcome> outcomes;
  };
  using enum Outcome;
  const auto third_node = [](ClusterConfig& config) {
    config.nodes.push_back({NodeName("server3"), "", ""});
    config.arbitration.majority = true;
  };
  const std::vector<Row> table = {
      {"checks", [](ClusterConfig&) {}, "presumed", {one_owner, two_owners, one_owner, overlap}},
      {"no checks",
       [](ClusterConfig& config) { config.arbitration.reachability.clear(); },
       "presumed",
       {one_owner, two_owners, two_owners, overlap}},
      {"nothing",
       [](ClusterConfig& config) { config.arbitration.allow_presumed = false; },
       "none",
       {no_owner, one_owner, one_owner, no_owner}},
      {"majority", third_node, "minority", {one_owner, no_owner, one_owner, overlap}},
      {"forced stop",
       [](ClusterConfig& config) { config.arbitration.forced_stop.kind = ForcedStopKind::ec2; },
       "fenced",
       {one_owner, no_owner, one_owner, one_owner}},
      {"arbiter",
       [](ClusterConfig& config) { config.arbitration.arbiter.kind = ArbiterKind::dynamodb; },
       "lease",
       {one_owner, one_owner, one_owner, overlap}},
      {"manual",
       [](ClusterConfig& config) { config.groups[0].failover = Switch::manual; },
       "none",
       {one_owner, one_owner, one_owner, one_owner}},
      {"one node only",
       [](ClusterConfig& config) { config.groups[0].policy.resize(1); },
       "none",
       {one_owner, one_owner, one_owner, one_owner}},
  };
  for (const Row& row : table) {
    CAPTURE(row.name);
    ClusterConfig config = valid(small_document);
    row.change(config);
    std::vector<Outcome> outcomes;
    for (const SafetyFinding& each : assess_safety(config)) {
      CHECK(each.evidence == row.evidence);
      CHECK_FALSE(each.sentence.empty());
      // Two owners are never left without a cure.
      if (each.outcome == two_owners) CHECK_FALSE(each.cure.empty());
      outcomes.push_back(each.outcome);
    }
    CHECK(outcomes == row.outcomes);
  }
}

TEST_CASE("with three nodes it is two of them, with two paths no third is advised") {
  ClusterConfig config = valid(small_document);
  config.nodes.push_back({NodeName("server3"), "", ""});
  config.paths.push_back(config.paths[0]);
  const SafetyFinding found = finding(config, Fault::interconnect_fails);
  CHECK(found.sentence.find("on two nodes") != std::string::npos);
  CHECK(found.cure == "Add a lease arbiter or a forced stop.");
}

TEST_CASE("each group has its own sentence") {
  ClusterConfig config = valid(small_document);
  config.groups.push_back(config.groups[0]);
  config.groups[1].name = GroupName("archive");
  config.groups[1].failover = Switch::manual;
  const auto sentences = safety_sentences(config);
  REQUIRE(sentences.size() == 2);
  CHECK(sentences[1] == "archive never moves by itself, so it never runs on two nodes.");
}

}  // namespace
}  // namespace mainstay
