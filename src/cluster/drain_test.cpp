// A node whose monitor wants it drained.
#include <doctest/doctest.h>

#include "cluster/testing.h"

namespace mainstay {
namespace {

using testing::Cores;
using testing::node;
using testing::two_nodes;
using testing::web;

ClusterConfig config() {
  ClusterConfig config = two_nodes();
  MonitorConfig monitor;
  monitor.name = MonitorName("notice");
  monitor.type = "awsnoticew";
  monitor.interval = 5s;
  monitor.retries = 0;
  monitor.recovery.target = RecoveryTarget::local;
  monitor.recovery.restart_max = 0;
  monitor.recovery.failover_max = 0;
  monitor.recovery.final_action = FinalAction::drain;
  for (const auto& each : config.nodes) monitor.params[each.name];
  config.monitors.push_back(monitor);
  return config;
}

struct World : Cores {
  std::map<NodeName, Verdict> says;

  World() : Cores(config()) {
    verdict = [this](const NodeName& name) { return says[name]; };
    for (const char* name : {"a", "b"}) says[node(name)] = Verdict::healthy;
    run_for(2s);
  }
  void learn(const std::string& name, Verdict what) {
    says[node(name)] = what;
    run_for(10s);
  }
  bool runs_on(const std::string& name) { return phase(name) == GroupPhase::running; }
};

TEST_CASE("a drained node hands its group over and does not get it back while it is drained") {
  World world;
  REQUIRE(world.runs_on("a"));
  world.learn("a", Verdict::unhealthy);
  CHECK(world.runs_on("b"));
  CHECK(world["b"].state.membership.peers.at(node("a")).beat->drained);
  CHECK(world["a"].halts.empty());
  const Ticket ticket = world.ask("b", MoveGroup{web, node("a")});
  world.run_for(10s);
  CHECK(world["b"].answers.at(ticket).error().code == Code::conflict);
  CHECK(world.runs_on("b"));

  world.learn("a", Verdict::healthy);
  CHECK_FALSE(world["b"].state.membership.peers.at(node("a")).beat->drained);
  const Ticket again = world.ask("b", MoveGroup{web, node("a")});
  world.run_for(10s);
  CHECK(world["b"].answers.at(again));
  CHECK(world.runs_on("a"));
}

TEST_CASE("a notice that comes again soon drains the node again") {
  World world;
  world.learn("a", Verdict::unhealthy);
  world.learn("a", Verdict::healthy);
  world.learn("b", Verdict::unhealthy);
  CHECK(world.runs_on("a"));
  world.learn("b", Verdict::healthy);
  world.learn("a", Verdict::unhealthy);
  CHECK(world.runs_on("b"));
}

TEST_CASE("no answer about a notice neither drains a node nor ends that") {
  World world;
  world.learn("a", Verdict::unknown);
  CHECK(world.runs_on("a"));
  world.learn("a", Verdict::unhealthy);
  world.learn("a", Verdict::unknown);
  CHECK(world["b"].state.membership.peers.at(node("a")).beat->drained);
}

TEST_CASE("a drained node runs what nobody else can") {
  World world;
  world.kill(node("b"));
  world.learn("a", Verdict::unhealthy);
  CHECK(world.runs_on("a"));
}

TEST_CASE("of two drained nodes neither hands anything to the other") {
  World world;
  world.says[node("b")] = Verdict::unhealthy;
  world.learn("a", Verdict::unhealthy);
  const bool on_a = world.runs_on("a");
  CHECK((on_a || world.runs_on("b")));
  const auto stops = [&] { return world["a"].story.size() + world["b"].story.size(); };
  const auto before = stops();
  world.run_for(1min);
  CHECK(stops() == before);
}

}  // namespace
}  // namespace mainstay
