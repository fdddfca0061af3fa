// Daemons that are told to end, and groups that were active twice.
#include <doctest/doctest.h>

#include "cluster/node.h"
#include "cluster/testing.h"

namespace mainstay {
namespace {

using testing::Cores;
using testing::node;
using testing::two_nodes;
using testing::web;

bool told(Cores::Core& core, const std::string& part) {
  return std::ranges::any_of(
      core.story, [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

ClusterConfig with_checks() {
  ClusterConfig config = two_nodes();
  ReachabilityConfig check;
  check.name = "gateway";
  for (const auto& name : {"a", "b"}) check.targets[node(name)] = {{"10.0.0.254", 0}};
  config.arbitration.reachability.push_back(check);
  MonitorConfig monitor;
  monitor.name = MonitorName("vipw");
  monitor.checks = ResourceName("vip");
  monitor.timing = MonitorTiming::active;
  monitor.active_with = ResourceName("vip");
  monitor.recovery.resource = ResourceName("vip");
  monitor.recovery.group = web;
  for (const auto& name : {"a", "b"}) monitor.params[node(name)];
  config.monitors.push_back(monitor);
  return config;
}

TEST_CASE("a daemon that is told to end waits until its groups run elsewhere") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  cores.activation_time = 3s;
  const Ticket ticket = cores.ask("a", EndNode{});
  cores.run_for(5s);
  CHECK(cores.phase("b") == GroupPhase::starting);
  CHECK(cores["a"].state.phase == NodePhase::leaving);
  CHECK(cores["b"].activations.back().clearances[0].evidence == Evidence::reported);
  cores.run_for(2s);
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK(cores["a"].answers.at(ticket));
  CHECK(cores["a"].halts == std::vector<Halt>{Halt::stop_service});
  CHECK_FALSE(cores["a"].stored.open);
}

TEST_CASE("it waits neither for a node that cannot take them nor beyond its time") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  cores.on_activate = [](const NodeName& name, const ActivateResource&) -> Status {
    if (name == node("b")) return failure(Code::invalid, "no such file");
    return {};
  };
  cores.ask("a", EndNode{});
  cores.run_for(2s);
  CHECK(cores["a"].state.phase == NodePhase::stopped);
  Cores late(two_nodes());
  late.run_for(2s);
  late.activation_time = 40s;
  late.ask("a", EndNode{});
  late.run_for(59s);
  CHECK(late["a"].state.phase == NodePhase::leaving);
  late.run_for(2s);
  CHECK(late["a"].state.phase == NodePhase::stopped);
}

TEST_CASE("a resignation that was announced is not taken back, whoever resigns next") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  cores.ask("a", StopGroup{web});
  cores.run_for(1s);
  cores.ask("a", EndNode{});
  while (cores["a"].state.said.phase != NodePhase::stopped) cores.run_for(1ms);
  cores.ask("b", EndNode{});
  while (cores["a"].halts.empty()) {
    CHECK(cores["a"].state.said.phase == NodePhase::stopped);
    cores.run_for(1ms);
  }
  CHECK(told(cores["a"], "b: stopped cleanly"));
}

TEST_CASE("groups that stop with their node stay stopped, and start again with it") {
  ClusterConfig config = two_nodes();
  config.shutdown.groups = ShutdownGroups::stop;
  Cores cores(config);
  cores.run_for(2s);
  cores.ask("a", EndNode{});
  cores.run_for(1min);
  CHECK(cores["a"].halts == std::vector<Halt>{Halt::stop_service});
  CHECK(cores.phase("b") == GroupPhase::stopped);
  cores.boot(node("a"));
  cores.run_for(2s);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores["a"].stored.parked.empty());
}

TEST_CASE("a group that somebody stopped meanwhile does not start with its node") {
  ClusterConfig config = two_nodes();
  config.shutdown.groups = ShutdownGroups::stop;
  Cores cores(config);
  cores.run_for(2s);
  cores.ask("a", EndNode{});
  cores.run_for(2s);
  cores.ask("b", StopGroup{web});
  cores.run_for(1s);
  cores.boot(node("a"));
  cores.run_for(10s);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores.phase("b") == GroupPhase::stopped);
}

TEST_CASE("what stopped with a node that nobody heard does not stop again when it is back") {
  ClusterConfig config = with_checks();
  config.shutdown.groups = ShutdownGroups::stop;
  Cores cores(config);
  cores.run_for(2s);
  cores.cut(node("a"), node("b"));
  cores.ask("a", EndNode{});
  cores.run_for(10s);
  REQUIRE(cores.phase("b") == GroupPhase::running);
  cores.heal();
  cores.boot(node("a"));
  cores.run_for(10s);
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK(cores["b"].activations.size() == 1);
  CHECK(cores.phase("a") == GroupPhase::stopped);
}

TEST_CASE("what does not stop in time is killed, and stopped once more") {
  ClusterConfig config = two_nodes();
  config.shutdown.timeout = Duration(5s);
  Cores cores(config);
  cores.run_for(2s);
  cores.deactivation_time = 1min;
  cores.ask("a", EndNode{});
  cores.run_for(4s);
  CHECK(cores["a"].released.empty());
  cores.deactivation_time = 1ms;
  cores["a"].story.clear();
  cores.run_for(2s);
  CHECK(cores["a"].released == std::vector<std::string>{"web"});
  CHECK(told(cores["a"], "-app"));
  CHECK(told(cores["a"], "-vip"));
  CHECK(cores["a"].halts == std::vector<Halt>{Halt::stop_service});
}

TEST_CASE("a program that cannot be stopped keeps no address, and its node does not resign") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  cores.on_deactivate = [](const NodeName&, const DeactivateResource& what) -> Status {
    if (what.resource == ResourceName("app")) return failure(Code::timed_out, "it hangs");
    return {};
  };
  cores["a"].story.clear();
  cores.ask("a", EndNode{});
  cores.run_for(1s);
  CHECK_FALSE(told(cores["a"], "-vip"));
  cores.ask("a", EndNode{});
  cores.run_for(1s);
  CHECK(told(cores["a"], "-vip"));
  CHECK(cores["a"].state.phase == NodePhase::leaving);
  CHECK(cores["a"].stored.open);
  CHECK(cores["a"].halts.empty());  // Not even by the final action: it ends already.
}

TEST_CASE("asked again, it hurries at once") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  cores.deactivation_time = 1min;
  cores.ask("a", EndNode{});
  cores.run_for(1s);
  cores.deactivation_time = 1ms;
  cores.ask("a", EndNode{});
  CHECK(cores["a"].released == std::vector<std::string>{"web"});
  cores.run_for(1s);
  CHECK(cores["a"].halts == std::vector<Halt>{Halt::stop_service});
}

TEST_CASE("an operator's node stop takes its time") {
  ClusterConfig config = two_nodes();
  config.shutdown.timeout = Duration(1s);
  Cores cores(config);
  cores.run_for(2s);
  cores.deactivation_time = 20s;
  cores.ask("a", StopNode{});
  cores.run_for(30s);
  CHECK(cores["a"].released.empty());
  CHECK(cores["a"].halts.empty());
  cores.run_for(15s);
  CHECK(cores["a"].halts == std::vector<Halt>{Halt::stop_service});
}

TEST_CASE("a node's own shutdown policy overrules the configuration, over restarts") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  const Ticket ticket =
      cores.ask("a", SetShutdownPolicy{ShutdownConfig{ShutdownGroups::stop, 30s}});
  CHECK_FALSE(cores["a"].answers.contains(ticket));
  cores.run_for(100ms);
  CHECK(cores["a"].answers.at(ticket));
  cores.ask("a", EndNode{});
  cores.run_for(10s);
  CHECK(cores.phase("b") == GroupPhase::stopped);
  cores.boot(node("a"));
  cores.run_for(1s);
  CHECK(cores["a"].state.durable.shutdown == ShutdownConfig{ShutdownGroups::stop, 30s});
  cores.ask("a", SetShutdownPolicy{});
  cores.run_for(1s);
  CHECK_FALSE(cores["a"].stored.shutdown);
}

// ---- Active twice.

void make_both_active(Cores& cores) {
  cores.run_for(2s);
  cores.cut(node("a"), node("b"));
  cores.cut(node("b"), node("a"));
  cores.run_for(5s);
  REQUIRE(cores.phase("a") == GroupPhase::running);
  REQUIRE(cores.phase("b") == GroupPhase::running);
}

TEST_CASE("two active nodes are noticed within one heartbeat, and recorded on both") {
  Cores cores(with_checks());
  make_both_active(cores);
  const Term low = cores["a"].activations.back().term;
  const Term high = cores["b"].activations.back().term;
  cores.heal();
  cores.run_for(cores["a"].state.config->timing.heartbeat_interval + 20ms);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK(told(cores["a"],
             fmt::format("web: was active on a (term {}, on reported evidence) and on b (term {}, "
                         "on presumed evidence) at once; it stops on a",
                         low, high)));
  CHECK(told(cores["b"],
             fmt::format("web: was active on b (term {}, on presumed evidence) and on a (term {}, "
                         "on reported evidence) at once; it stops on a",
                         high, low)));
  CHECK(cores["a"].state.groups.at(web).double_runs == 1);
  CHECK(cores["b"].state.groups.at(web).double_runs == 1);
  cores.run_for(1min);
  CHECK(cores["b"].state.groups.at(web).double_runs == 1);
  CHECK(std::ranges::count_if(cores["b"].story, [](const std::string& line) {
          return line.find("at once; it stops") != std::string::npos;
        }) == 1);
}

TEST_CASE("a winner that first hears of its rival when that has stopped records it all the same") {
  Cores cores(with_checks());
  make_both_active(cores);
  cores.heal();
  cores.cut(node("a"), node("b"));
  cores.run_for(2s);
  REQUIRE(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores["b"].state.groups.at(web).double_runs == 0);
  cores.heal();
  cores.run_for(1s);
  CHECK(cores["b"].state.groups.at(web).double_runs == 1);
  CHECK(told(cores["b"], "web: runs on b alone again; its monitors look at it now"));
}

TEST_CASE("a winner that is not heard says so once, not with every beat") {
  Cores cores(with_checks());
  make_both_active(cores);
  cores.heal();
  cores.cut(node("b"), node("a"));
  cores.run_for(1min);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores["b"].state.groups.at(web).double_runs == 1);
}

TEST_CASE("the named survivor keeps its group, whatever the terms") {
  ClusterConfig config = with_checks();
  config.arbitration.both_active_survivor = node("a");
  Cores cores(config);
  make_both_active(cores);
  cores.heal();
  cores.run_for(1s);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores.phase("b") == GroupPhase::stopped);
}

TEST_CASE("of two activations with one term the first node's stays") {
  Cores cores(with_checks());
  make_both_active(cores);
  group::Group& own = cores["a"].state.groups.at(web);
  own.term = cores["b"].state.groups.at(web).term;
  cores["a"].state.spoken[web] = cores["a"].state.durable.promises[web] = {own.term, node("a")};
  cores.heal();
  cores.run_for(1s);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores.phase("b") == GroupPhase::stopped);
}

// What the loser still had under way when it lost may land late and take the winner's route: the
// winner looks as soon as the loser has stopped, and not when its monitor happens to be due.
TEST_CASE("the winner repairs within seconds what the loser took from it") {
  Cores cores(with_checks());
  bool stolen = false;
  cores.verdict = [&](const NodeName& name) {
    return name == node("b") && stolen ? Verdict::unhealthy : Verdict::healthy;
  };
  cores.on_activate = [&](const NodeName& name, const ActivateResource& what) -> Status {
    if (name == node("b") && what.resource == ResourceName("vip")) stolen = false;
    return {};
  };
  make_both_active(cores);
  cores.deactivation_time = 5s;
  cores.heal();
  cores.run_for(1s);
  REQUIRE(cores.phase("a") == GroupPhase::stopping);
  stolen = true;
  cores["b"].story.clear();
  cores.run_for(8500ms);
  CHECK(stolen);  // The loser may still be at it.
  cores.deactivation_time = 1ms;
  cores.run_for(3s);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK_FALSE(stolen);
  CHECK(told(cores["b"], "web: runs on b alone again; its monitors look at it now"));
  CHECK(cores.phase("b") == GroupPhase::running);
}

TEST_CASE("a loser repairs nothing: once it has lost, no monitor restarts it") {
  Cores cores(with_checks());
  make_both_active(cores);
  cores.deactivation_time = 30s;
  cores.heal();
  cores.run_for(1s);
  REQUIRE(cores.phase("a") == GroupPhase::stopping);
  cores["a"].story.clear();
  // Resident programs report their end by themselves, and need no repetition.
  for (int i = 0; i < 3; ++i) {
    cores.tell(node("a"), MonitorJudged{0, MonitorName("vipw"), Verdict::unhealthy, 8, "changed"});
  }
  cores.run_for(2min);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK_FALSE(told(cores["a"], "+vip"));
}

TEST_CASE("a restart that is under way when its node loses is called off and stopped") {
  Cores cores(with_checks());
  make_both_active(cores);
  cores.activation_time = 10s;
  cores.tell(node("a"), MonitorJudged{0, MonitorName("vipw"), Verdict::unhealthy, 8, "changed"});
  cores.run_for(1s);
  REQUIRE(cores["a"].state.groups.at(web).resources.at(ResourceName("vip")).phase ==
          group::ResourcePhase::activating);
  cores["a"].story.clear();
  cores.heal();
  cores.run_for(1s);
  CHECK(cores["a"].cancelled.size() == 1);
  CHECK(told(cores["a"], "-vip"));
  cores.run_for(1min);
  CHECK_FALSE(told(cores["a"], "+vip"));
}

}  // namespace
}  // namespace mainstay
