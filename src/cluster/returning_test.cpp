// Nodes that come back, come back too often, reboot too often.
#include <doctest/doctest.h>

#include "cluster/node.h"
#include "cluster/testing.h"

namespace mainstay {
namespace {

using testing::Cores;
using testing::node;
using testing::two_nodes;
using testing::web;

// Incarnations follow the time of day in milliseconds: `at` says when, on b's calendar.
void crash_and_boot(Cores& cores, const char* name, Duration at) {
  cores.kill(node(name));
  cores.run_for(100ms);
  cores[name].stored.incarnation =
      static_cast<Incarnation>(1'000'000'000 + at / std::chrono::milliseconds(1));
  cores.boot(node(name));
  cores.run_for(100ms);
}

ClusterConfig without_return() {
  ClusterConfig config = two_nodes();
  config.return_policy.automatic = false;
  return config;
}

bool told(Cores::Core& core, const std::string& part) {
  return std::ranges::any_of(
      core.story, [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

TEST_CASE("a node that crashed stays isolated until an operator calls it back") {
  Cores cores(without_return());
  cores.run_for(2s);
  REQUIRE(cores["b"].state.phase == NodePhase::member);
  cores.kill(node("b"));
  cores.run_for(5s);
  cores.boot(node("b"));
  cores.run_for(10min);
  CHECK(cores["b"].state.phase == NodePhase::isolated);
  CHECK(told(cores["b"], "b: does not join, and runs nothing: its last run did not end in order"));
  CHECK(told(cores["b"], "mainstay node recover b"));
  const Ticket refused = cores.ask("a", MoveGroup{web, node("b")});
  CHECK(cores["a"].answers.at(refused).error().code == Code::unavailable);
  const Ticket ticket = cores.ask("b", RecoverNode{});
  CHECK(cores["b"].answers.at(ticket));
  cores.run_for(1s);
  CHECK(cores["b"].state.phase == NodePhase::member);
}

TEST_CASE("an isolated node still reports and promises, so that others can start") {
  Cores cores(without_return());
  cores.run_for(2s);
  cores.kill(node("a"));
  cores.kill(node("b"));
  cores["a"].stored.open = false;
  cores.boot(node("a"));
  cores.boot(node("b"));
  cores.run_for(5s);
  CHECK(cores["b"].state.phase == NodePhase::isolated);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores["a"].activations.back().clearances[0].evidence == Evidence::reported);
}

TEST_CASE("an isolated node does not take over when the last member dies") {
  Cores cores(without_return());
  cores.run_for(2s);
  cores.kill(node("b"));
  cores.run_for(5s);
  cores.boot(node("b"));
  cores.run_for(5s);
  cores.kill(node("a"));
  cores.run_for(1min);
  CHECK(cores.phase("b") == GroupPhase::stopped);
  cores.ask("b", RecoverNode{});
  cores.run_for(6min);
  CHECK(cores.phase("b") == GroupPhase::running);
}

TEST_CASE("a clean stop is no loss, but does not let an isolated node in either") {
  Cores cores(without_return());
  cores.run_for(2s);
  cores.ask("b", StopNode{});
  cores.run_for(1s);
  cores.boot(node("b"));
  cores.run_for(2s);
  CHECK(cores["b"].state.phase == NodePhase::member);
  cores.kill(node("b"));
  cores.boot(node("b"));
  cores.run_for(1s);
  REQUIRE(cores["b"].state.phase == NodePhase::isolated);
  cores.ask("b", StopNode{});
  cores.run_for(1s);
  REQUIRE(cores["b"].halts == std::vector<Halt>{Halt::stop_service, Halt::stop_service});
  cores.boot(node("b"));
  cores.run_for(1s);
  CHECK(cores["b"].state.phase == NodePhase::isolated);
}

TEST_CASE("a node that crashes for the third time in ten minutes is quarantined for a while") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  crash_and_boot(cores, "b", 0min);
  crash_and_boot(cores, "b", 4min);
  cores.run_for(2s);
  CHECK(cores["b"].state.phase == NodePhase::member);
  crash_and_boot(cores, "b", 9min);
  cores.run_for(2s);
  CHECK(cores["b"].state.phase == NodePhase::isolated);
  CHECK(told(cores["b"], "its runs ended 3 times within 10 min without a stop in order"));
  cores.run_for(29min);
  CHECK(cores["b"].state.phase == NodePhase::isolated);
  cores.run_for(2min);
  CHECK(cores["b"].state.phase == NodePhase::member);
}

TEST_CASE("crashes that lie far apart quarantine nobody, nor does anything where it is off") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  for (const Duration at : {0min, 11min, 22min, 33min}) crash_and_boot(cores, "b", at);
  cores.run_for(2s);
  CHECK(cores["b"].state.phase == NodePhase::member);
  ClusterConfig config = two_nodes();
  config.return_policy.losses_max = 0;
  Cores off(config);
  off.run_for(2s);
  for (int i = 0; i < 5; ++i) crash_and_boot(off, "b", std::chrono::seconds(i));
  off.run_for(2s);
  CHECK(off["b"].state.phase == NodePhase::member);
}

ClusterConfig three_nodes() {
  ClusterConfig config = two_nodes();
  config.nodes.push_back({node("c"), "", ""});
  config.paths[0].addresses[node("c")] = "10.0.0.3";
  config.groups[0].policy.push_back(node("c"));
  config.arbitration.majority = true;
  return config;
}

void lose_links(Cores& cores, const char* name, int times) {
  for (int i = 0; i < times; ++i) {
    for (const char* other : {"a", "b", "c"}) {
      cores.cut(node(name), node(other));
      cores.cut(node(other), node(name));
    }
    cores.run_for(3s);
    cores.heal();
    cores.run_for(3s);
  }
}

TEST_CASE("a node whose links flap is quarantined by the others and gets little") {
  Cores cores(three_nodes());
  cores.run_for(3s);
  lose_links(cores, "b", 3);
  CHECK(cores["a"].state.losses.at(node("b")).quarantined);
  CHECK(cores["c"].state.losses.at(node("b")).quarantined);
  CHECK_FALSE(cores["b"].state.losses.at(node("a")).quarantined);
  CHECK(cores["b"].state.phase == NodePhase::member);
  CHECK(told(cores["a"], "b: is quarantined: it was lost 3 times within 10 min"));
  cores.run_for(3s);
  const Ticket refused = cores.ask("a", MoveGroup{web, node("b")});
  CHECK(cores["a"].answers.at(refused).error().message.find("quarantined") != std::string::npos);
  cores.kill(node("a"));
  cores.run_for(10s);
  CHECK(cores.phase("b") == GroupPhase::stopped);
  CHECK(cores.phase("c") == GroupPhase::running);
}

TEST_CASE("what runs on a quarantined node runs on, and it takes what nobody else can") {
  ClusterConfig config = three_nodes();
  config.groups[0].policy = {node("b"), node("c")};
  Cores cores(config);
  cores.run_for(3s);
  REQUIRE(cores.phase("b") == GroupPhase::running);
  lose_links(cores, "c", 3);
  CHECK(cores["a"].state.losses.at(node("c")).quarantined);
  cores.kill(node("b"));
  cores.run_for(10s);
  REQUIRE(cores.phase("c") == GroupPhase::running);
  cores.boot(node("b"));
  cores.run_for(10s);
  CHECK(cores.phase("c") == GroupPhase::running);
}

TEST_CASE("an operator ends a quarantine on every node, and time does") {
  Cores cores(three_nodes());
  cores.run_for(3s);
  lose_links(cores, "b", 3);
  REQUIRE(cores["a"].state.losses.at(node("b")).quarantined);
  cores.ask("b", RecoverNode{});
  cores.run_for(1s);
  for (const char* name : {"a", "c"}) {
    CHECK_FALSE(cores[name].state.losses.at(node("b")).quarantined);
    CHECK(told(cores[name], "b: an operator ended its quarantine"));
  }
  lose_links(cores, "b", 3);
  REQUIRE(cores["a"].state.losses.at(node("b")).quarantined);
  cores.run_for(31min);
  CHECK_FALSE(cores["a"].state.losses.at(node("b")).quarantined);
}

TEST_CASE("a node that fails over to a flapping one does not come back by itself") {
  ClusterConfig config = three_nodes();
  config.groups[0].failback = Switch::automatic;
  Cores cores(config);
  cores.run_for(3s);
  REQUIRE(cores.phase("a") == GroupPhase::running);
  lose_links(cores, "a", 3);
  cores.run_for(1min);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores.phase("b") == GroupPhase::running);
}

// ---- Reboots.

ClusterConfig unstoppable() {
  ClusterConfig config = two_nodes();
  for (auto& resource : config.groups[0].resources) {
    resource.deactivate_final = FinalAction::reboot;
  }
  config.reboot_limit.max = 2;
  return config;
}

void fail_to_stop(Cores& cores) {
  cores.on_deactivate = [](const NodeName& name, const DeactivateResource& what) -> Status {
    if (name == node("a") && what.reason != StopReason::cleanup)
      return failure(Code::invalid, "it hangs");
    return {};
  };
}

TEST_CASE("a reboot is counted durably before it happens") {
  Cores cores(unstoppable());
  fail_to_stop(cores);
  cores.run_for(2s);
  cores.on_store = [](auto&) -> Status { return failure(Code::unavailable, "the disk says no"); };
  cores.ask("a", StopGroup{web});
  cores.run_for(2s);
  CHECK(cores["a"].halts.empty());
  cores.on_store = [](auto&) { return Status{}; };
  cores.run_for(1s);
  CHECK(cores["a"].halts == std::vector<Halt>{Halt::reboot});
  CHECK(cores["a"].stored.reboots == 1);
  cores.run_for(30s);
  CHECK(cores["a"].halts.size() == 1);
}

TEST_CASE("reboots beyond the limit do not happen, and that is said with the remedy") {
  Cores cores(unstoppable());
  fail_to_stop(cores);
  for (int i = 0; i < 3; ++i) {
    cores.run_for(5s);
    cores.ask("a", StopGroup{web});
    cores.run_for(5s);
    if (i == 2) break;
    CHECK(cores["a"].halts.size() == static_cast<std::size_t>(i) + 1);
    cores.kill(node("a"));
    cores.kill(node("b"));
    cores["a"].stored.open = cores["b"].stored.open = false;
    cores.boot(node("a"));
    cores.boot(node("b"));
    cores.run_for(2s);
    cores.ask("a", StartGroup{web, node("a")});
  }
  cores.run_for(30s);
  CHECK(cores["a"].halts.size() == 2);
  CHECK(told(cores["a"], "a: does not reboot although it should"));
  CHECK(told(cores["a"], "mainstay node recover a"));
  CHECK(cores.phase("a") == GroupPhase::stopping);
  CHECK(cores.phase("b") != GroupPhase::running);
  cores.ask("a", RecoverNode{});
  cores.run_for(10s);
  CHECK(cores["a"].halts.size() == 3);
}

TEST_CASE("a long run makes the count of reboots begin anew") {
  Cores cores(unstoppable());
  cores["a"].stored.reboots = 2;
  cores.kill(node("a"));
  cores.boot(node("a"));
  cores.run_for(59min);
  CHECK(cores["a"].state.durable.reboots == 2);
  cores.run_for(2min);
  CHECK(cores["a"].stored.reboots == 0);
}

TEST_CASE("the action at isolation is limited, too, and the groups stop all the same") {
  ClusterConfig config = two_nodes();
  ReachabilityConfig check;
  check.name = "gateway";
  for (const auto& name : {"a", "b"}) check.targets[node(name)] = {{"10.0.0.254", 0}};
  config.arbitration.reachability.push_back(check);
  config.arbitration.isolation_action = IsolationAction::reset;
  config.reboot_limit.max = 1;
  Cores cores(config);
  cores["a"].stored.reboots = 1;
  cores.kill(node("a"));
  cores.boot(node("a"));
  cores.run_for(3s);
  REQUIRE(cores.phase("a") == GroupPhase::running);
  cores.cut(node("a"), node("b"));
  cores.cut(node("b"), node("a"));
  cores.reachable = [](const NodeName& name) {
    return name == node("a") ? Reachability::unreachable : Reachability::reachable;
  };
  cores.run_for(10s);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores["a"].halts.empty());
  CHECK(told(cores["a"], "a: does not reset although it should"));
}

TEST_CASE("a node whose isolation stops its service ends") {
  ClusterConfig config = two_nodes();
  config.arbitration.isolation_action = IsolationAction::stop_service;
  Cores cores(config);
  cores.run_for(2s);
  cores.ask("a", StopGroup{web});
  cores["a"].state.cut_off = true;
  cores["a"].state.cut_off_since = cores.now();
  cores.run_for(1s);
  // What is due, and the end after the orderly stop that follows.
  CHECK(cores["a"].halts == std::vector<Halt>{Halt::stop_service, Halt::stop_service});
}

}  // namespace
}  // namespace mainstay
