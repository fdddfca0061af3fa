#include <doctest/doctest.h>

#include "cluster/node_parts.h"
#include "cluster/testing.h"

namespace mainstay {
namespace {

using namespace testing;

std::string waiting(Cores& cores, const std::string& name) {
  const State& state = cores[name].state;
  return node::waits_for(state, state.config->groups.front(), cores.now());
}

TEST_CASE("whom a dead node left without permission says what it waits for, until it has it") {
  ClusterConfig config = two_nodes();
  config.arbitration.arbiter.kind = ArbiterKind::simulated;
  Cores cores(config);
  cores.run_for(5s);
  REQUIRE(cores.phase("a") == GroupPhase::running);
  CHECK(waiting(cores, "a").empty());
  CHECK(waiting(cores, "b").empty());

  cores.arbiter_up = false;
  cores.run_for(2s);
  cores.kill(testing::node("a"));
  cores.run_for(10s);
  CHECK(cores.phase("b") == GroupPhase::stopped);
  CHECK(waiting(cores, "b") ==
        "this node may not run anything without the arbiter or the word of every other node; its "
        "session was last renewed 12 s ago");

  cores.arbiter_up = true;
  cores.run_for(2s);
  CHECK(waiting(cores, "b") == "a may still hold its session at the arbiter");
  cores.run_for(5s);
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK(waiting(cores, "b").empty());
}

TEST_CASE("who is cut off itself says so") {
  ClusterConfig config = two_nodes();
  ReachabilityConfig check{.name = "nat", .kind = ReachabilityKind::ping, .targets = {}};
  for (const auto& each : config.nodes) check.targets[each.name] = {{"203.0.113.1", 0, ""}};
  config.arbitration.reachability.push_back(std::move(check));
  Cores cores(config);
  cores.run_for(2s);
  cores.reachable = [](auto&) { return Reachability::unreachable; };
  cores.kill(testing::node("a"));
  cores.run_for(10s);
  CHECK(waiting(cores, "b").starts_with("this node may not run anything: "));
}

}  // namespace
}  // namespace mainstay
