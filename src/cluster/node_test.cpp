// Stories of whole nodes: who ends up running the group, on which evidence.
#include "cluster/node.h"

#include <doctest/doctest.h>

#include "cluster/testing.h"

namespace mainstay {
namespace {

using testing::Cores;
using testing::node;
using testing::two_nodes;
using testing::web;

ClusterConfig with_checks() {
  ClusterConfig config = two_nodes();
  ReachabilityConfig check;
  check.name = "gateway";
  for (const auto& name : {"a", "b"}) check.targets[node(name)] = {{"10.0.0.254", 0}};
  config.arbitration.reachability.push_back(check);
  return config;
}

ClusterConfig with_arbiter() {
  ClusterConfig config = two_nodes();
  config.arbitration.arbiter.kind = ArbiterKind::simulated;
  return config;
}

ClusterConfig three_with_majority() {
  ClusterConfig config = two_nodes();
  config.nodes.push_back({node("c"), "", ""});
  config.paths[0].addresses[node("c")] = "10.0.0.3";
  config.groups[0].policy.push_back(node("c"));
  config.arbitration.majority = true;
  return config;
}

TEST_CASE("two nodes that hear each other start the group once, on the first of its policy") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores.phase("b") == GroupPhase::stopped);
  REQUIRE(cores["a"].activations.size() == 1);
  CHECK(cores["a"].activations[0].clearances[0].evidence == Evidence::reported);
}

TEST_CASE("a node that boots alone waits for the others, as long as the configuration says") {
  Cores cores(two_nodes());
  cores.kill(node("b"));
  cores.run_for(4min);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores["a"].state.start_wait == "b");
  cores.run_for(2min);
  CHECK(cores.phase("a") == GroupPhase::running);
}

TEST_CASE("a node that starts a group without having heard the other takes a term of its own") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  for (int i = 0; i < 3; ++i) {
    cores.ask("a", RestartGroup{web});
    cores.run_for(2s);
  }
  cores.kill(node("a"));
  cores.kill(node("b"));
  cores["b"].stored.incarnation = 1'000'000;  // the time of day, in milliseconds
  cores.boot(node("b"));
  cores.run_for(6min);
  REQUIRE(cores.phase("b") == GroupPhase::running);
  CHECK(cores["b"].activations.back().term > 1'000'000);
}

TEST_CASE("a disk that says no delays promises, and nothing is stuck once it says yes") {
  Cores cores(two_nodes());
  cores.on_store = [](const NodeName& name) -> Status {
    if (name == node("b")) return failure(Code::unavailable, "the disk says no");
    return {};
  };
  cores.run_for(5s);
  CHECK(cores.phase("a") == GroupPhase::claiming);
  cores.on_store = [](const NodeName&) { return Status{}; };
  cores.run_for(2s);
  CHECK(cores.phase("a") == GroupPhase::running);
}

TEST_CASE("an operator can cut the wait short") {
  Cores cores(two_nodes());
  cores.kill(node("b"));
  cores.run_for(10s);
  const Ticket ticket = cores.ask("a", CancelStartWait{});
  cores.run_for(5s);
  CHECK(cores["a"].answers.at(ticket));
  CHECK(cores.phase("a") == GroupPhase::running);
}

TEST_CASE("resources start in the order of their dependencies and stop in reverse") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  cores["a"].story.clear();
  cores.ask("a", StopGroup{web});
  cores.run_for(1s);
  std::vector<std::string> order;
  for (const auto& line : cores["a"].story) {
    if (line[0] == '-' || line[0] == '+') order.push_back(line);
  }
  CHECK(order == std::vector<std::string>{"-app", "-vip"});
}

TEST_CASE("the owner dies: the other takes over on presumed evidence, and soon") {
  Cores cores(with_checks());
  cores.run_for(2s);
  cores.kill(node("a"));
  const Instant killed = cores.now();
  while (cores.phase("b") != GroupPhase::running && cores.now() < killed + 10s) cores.run_for(10ms);
  CHECK(cores.now() - killed < 2s);
  REQUIRE(cores["b"].activations.size() == 1);
  CHECK(cores["b"].activations[0].clearances[0].evidence == Evidence::presumed);
  CHECK(cores["b"].activations[0].term > cores["a"].activations[0].term);
}

TEST_CASE("a node that speaks what we cannot read is not presumed dead, but lost when it stops") {
  Cores cores(with_checks());
  cores.run_for(2s);
  cores.kill(node("a"));
  const auto speak_for = [&](Duration time) {
    const Instant until = cores.now() + time;
    while (cores.now() < until) {
      cores.tell(node("b"), BeatUnreadable{node("a")});
      cores.run_for(100ms);
    }
  };
  speak_for(30s);
  CHECK(cores["b"].activations.empty());
  CHECK(cores["b"].state.groups.at(testing::web).waits_for ==
        "a: it speaks, in beats that this release cannot read; give both nodes the same release");
  cores.run_for(5s);
  REQUIRE(cores["b"].activations.size() == 1);
  CHECK(cores["b"].activations[0].clearances[0].evidence == Evidence::presumed);
}

TEST_CASE("a dead node that returns joins without disturbing the group") {
  Cores cores(with_checks());
  cores.run_for(2s);
  cores.kill(node("a"));
  cores.run_for(5s);
  cores.boot(node("a"));
  cores.run_for(20s);
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK(cores["b"].activations.size() == 1);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores["a"].state.phase == NodePhase::member);
}

TEST_CASE("an isolated owner stops before the survivor starts") {
  Cores cores(with_checks());
  cores.run_for(2s);
  cores.cut(node("a"), node("b"));
  cores.cut(node("b"), node("a"));
  cores.reachable = [](const NodeName& name) {
    return name == node("a") ? Reachability::unreachable : Reachability::reachable;
  };
  bool both = false;
  for (int i = 0; i < 500; ++i) {
    cores.run_for(10ms);
    both = both ||
           (cores.phase("a") != GroupPhase::stopped && cores.phase("b") == GroupPhase::starting);
  }
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK_FALSE(both);
}

TEST_CASE(
    "when only the interconnect fails, presumed evidence runs the group twice, and the heal ends "
    "it") {
  Cores cores(with_checks());
  cores.run_for(2s);
  cores.cut(node("a"), node("b"));
  cores.cut(node("b"), node("a"));
  cores.run_for(5s);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores.phase("b") == GroupPhase::running);
  cores.heal();
  cores.run_for(2s);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores.phase("b") == GroupPhase::running);
}

TEST_CASE("a frozen owner kills its group the moment it thaws") {
  Cores cores(with_checks());
  cores.run_for(2s);
  cores.freeze(node("a"));
  cores.run_for(20s);
  CHECK(cores.phase("b") == GroupPhase::running);
  cores["a"].released.clear();
  cores.thaw(node("a"));
  CHECK(cores["a"].released == std::vector<std::string>{"web"});
  cores.run_for(1s);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores.phase("b") == GroupPhase::running);
}

TEST_CASE("a planned move stops first, then starts, and the operator is told") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  const Ticket ticket = cores.ask("b", MoveGroup{web, {}});
  cores.run_for(500ms);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK(cores["b"].answers.at(ticket));
  cores.run_for(10s);
  CHECK(cores.phase("b") == GroupPhase::running);
}

TEST_CASE("a node that is stopped in order hands its groups over, resigns, and needs no timeout") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  const Ticket ticket = cores.ask("a", StopNode{});
  cores.run_for(500ms);
  CHECK(cores["a"].answers.at(ticket));
  CHECK(cores["a"].halts == std::vector<Halt>{Halt::stop_service});
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK(cores["b"].activations.back().clearances[0].evidence == Evidence::reported);
}

TEST_CASE("a resource that cannot start makes the group go elsewhere") {
  Cores cores(two_nodes());
  cores.on_activate = [](const NodeName& name, const ActivateResource& activate) -> Status {
    if (name == node("a") && activate.resource == ResourceName("app"))
      return failure(Code::invalid, "no such file");
    return {};
  };
  cores.run_for(5s);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores.phase("b") == GroupPhase::running);
}

TEST_CASE("with an arbiter a cut interconnect moves nothing") {
  Cores cores(with_arbiter());
  cores.run_for(5s);
  REQUIRE(cores.phase("a") == GroupPhase::running);
  cores.cut(node("a"), node("b"));
  cores.cut(node("b"), node("a"));
  cores.run_for(60s);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores["b"].activations.empty());
  cores.heal();
  cores.run_for(10s);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores["a"].activations.size() == 1);
}

TEST_CASE(
    "with an arbiter a dead owner's session is revoked and the group moves on lease evidence") {
  Cores cores(with_arbiter());
  cores.run_for(5s);
  cores.kill(node("a"));
  const Instant killed = cores.now();
  while (cores.phase("b") != GroupPhase::running && cores.now() < killed + 10s) cores.run_for(10ms);
  CHECK(cores.now() - killed < 3700ms);
  CHECK(cores["b"].activations.back().clearances[0].evidence == Evidence::lease);
}

TEST_CASE(
    "with the arbiter gone, nodes that hear each other go on by each other's vouch, and groups can "
    "move") {
  Cores cores(with_arbiter());
  cores.run_for(5s);
  cores.arbiter_up = false;
  cores.run_for(60s);
  CHECK(cores.phase("a") == GroupPhase::running);
  cores.ask("a", MoveGroup{web, node("b")});
  cores.run_for(2s);
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK(cores.phase("a") == GroupPhase::stopped);
}

TEST_CASE("with arbiter and interconnect gone a node stops in time") {
  Cores cores(with_arbiter());
  cores.run_for(5s);
  cores.arbiter_up = false;
  cores.cut(node("a"), node("b"));
  cores.cut(node("b"), node("a"));
  cores.run_for(2400ms);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  cores.run_for(60s);
  CHECK(cores.phase("b") == GroupPhase::stopped);
}

TEST_CASE("who stopped cleanly acts against nobody that may not know it is back") {
  Cores cores(with_arbiter());
  cores.run_for(5s);
  cores.ask("b", StopNode{});
  cores.run_for(2s);
  cores.kill(node("b"));
  // The owner goes on by b's farewell alone; b comes back deaf, and is not heard.
  cores.arbiter_up = false;
  cores.run_for(2min);
  REQUIRE(cores.phase("a") == GroupPhase::running);
  cores.cut(node("a"), node("b"));
  cores.arbiter_up = true;
  cores["a"].frozen = true;  // it cannot renew its session, and runs on in its own time
  cores.boot(node("b"));
  cores.ask("b", CancelStartWait{});
  cores.run_for(2min);
  CHECK(cores["b"].activations.empty());
}

TEST_CASE("who came back learns of it when it is durable that it did, and not before") {
  Cores cores(with_arbiter());
  cores.run_for(5s);
  cores.ask("b", StopNode{});
  cores.run_for(2s);
  cores.kill(node("b"));
  // If a dies now, it goes on by b's farewell again.
  cores.on_store = [](const NodeName& name) -> Status {
    if (name == node("a")) return failure(Code::unavailable, "the disk says no");
    return {};
  };
  cores.boot(node("b"));
  cores.run_for(500ms);
  REQUIRE(cores["a"].state.membership.peers.at(node("b")).trust == membership::Trust::alive);
  CHECK(cores["a"].stored.resignations.contains(node("b")));
  CHECK(cores["b"].state.durable.resigned);
  cores.on_store = [](const NodeName&) { return Status{}; };
  cores.run_for(2s);
  CHECK_FALSE(cores["a"].stored.resignations.contains(node("b")));
  CHECK_FALSE(cores["b"].state.durable.resigned);
}

TEST_CASE("of two that never heard each other the later one has the higher term") {
  ClusterConfig config = three_with_majority();
  config.arbitration.majority = false;
  config.arbitration.forced_stop.kind = ForcedStopKind::simulated;
  config.timing.start_wait = Duration(1s);
  Cores cores(config);
  cores.cut(node("b"), node("c"));
  cores.cut(node("c"), node("b"));
  bool c_may = false;
  cores.on_fence = [&c_may](const NodeName& by, const NodeName& peer) -> Status {
    if (by == node("b") || (c_may && by == node("c"))) return {};
    return failure(Code::unavailable, peer.value + " was told to stop, but still runs");
  };
  cores.run_for(10s);  // b stops c by force, and never hears that it is back
  REQUIRE(cores.phase("a") == GroupPhase::running);
  cores.boot(node("c"));
  cores.run_for(5s);
  cores.kill(node("a"));
  cores.run_for(20s);
  REQUIRE(cores.phase("b") == GroupPhase::running);
  REQUIRE(cores.phase("c") == GroupPhase::claiming);
  c_may = true;
  cores.run_for(20s);
  REQUIRE(cores.phase("c") == GroupPhase::running);
  CHECK_FALSE(cores["b"].up);
  CHECK(cores["c"].activations.back().term > cores["b"].activations.back().term);
}

TEST_CASE("of two that stop one after the other only the last one starts alone") {
  for (const char* first : {"a", "b"}) {
    const std::string last = first == std::string("a") ? "b" : "a";
    for (const std::string& back : {first + std::string(), last}) {
      CAPTURE(first);
      CAPTURE(back);
      Cores cores(with_arbiter());
      cores.run_for(5s);
      cores.ask("a", StopGroup{web});
      cores.run_for(1s);
      cores.ask("a", StartGroup{web, {}});
      cores.ask(first, StopNode{});
      while (cores[first].state.said.phase != NodePhase::stopped) cores.run_for(1ms);
      cores.ask(last, StopNode{});
      cores.run_for(2s);
      cores.kill(node("a"));
      cores.kill(node("b"));
      cores.boot(node(back));
      cores.ask(back, CancelStartWait{});
      cores.run_for(10s);
      CHECK((cores.phase(back) == GroupPhase::running) == (back == last));
    }
  }
}

TEST_CASE("a farewell that ends leaves the owner the time to get the vouch it now needs") {
  Cores cores(with_arbiter());
  cores.run_for(5s);
  cores.ask("b", StopNode{});
  cores.run_for(2s);
  cores.kill(node("b"));
  cores.arbiter_up = false;
  cores.run_for(2min);
  cores.boot(node("b"));
  cores.run_for(30s);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores["a"].activations.size() == 1);
}

TEST_CASE("what a peer read at the arbiter is no vouch for what is sent after a pause") {
  for (Duration offset{}; offset < 700ms; offset += 10ms) {
    CAPTURE(to_text(offset));
    Cores cores(with_arbiter());
    cores.run_for(3s + offset);
    const Instant frozen = cores.now();
    cores.freeze(node("a"));
    cores.run_for(1500ms);  // b is suspicious, reads a's record, and echoes the beat in it
    cores.thaw(node("a"));
    CHECK(cores["a"].state.arbitration.contacts.at(node("b")).vouched <= frozen);
  }
}

TEST_CASE("an owner that does not hear the others keeps its group while it renews its session") {
  Cores cores(with_arbiter());
  cores.run_for(3s);
  cores.cut(node("b"), node("a"));
  cores.run_for(2s);
  CHECK_FALSE(cores["b"].state.said.echoes.at(node("a")).vouched);
  cores.run_for(1min);
  CHECK(cores["b"].state.membership.peers.at(node("a")).deaf);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores.phase("b") == GroupPhase::stopped);
}

TEST_CASE("a lone node outlives a hiccup of the arbiter") {
  Cores cores(with_arbiter());
  cores.run_for(5s);
  cores.kill(node("b"));
  cores.run_for(20s);
  cores.arbiter_up = false;
  cores.run_for(30s);
  CHECK(cores.phase("a") == GroupPhase::running);
}

TEST_CASE("a majority takes over from the one it has not heard") {
  Cores cores(three_with_majority());
  cores.run_for(3s);
  REQUIRE(cores.phase("a") == GroupPhase::running);
  for (const auto& other : {"b", "c"}) {
    cores.cut(node("a"), node(other));
    cores.cut(node(other), node("a"));
  }
  bool both = false;
  for (int i = 0; i < 1000; ++i) {
    cores.run_for(10ms);
    both = both ||
           (cores.phase("a") != GroupPhase::stopped && cores.phase("b") == GroupPhase::running);
  }
  CHECK_FALSE(both);
  CHECK(cores.phase("a") == GroupPhase::stopped);
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK(cores["b"].activations.back().clearances[0].evidence == Evidence::minority);
}

TEST_CASE("a forced stop that is confirmed clears the silent node") {
  ClusterConfig config = two_nodes();
  config.arbitration.forced_stop.kind = ForcedStopKind::simulated;
  Cores cores(config);
  cores.run_for(2s);
  cores.kill(node("a"));
  cores.run_for(6s);
  CHECK(cores.phase("b") == GroupPhase::running);
  CHECK(cores["b"].activations.back().clearances[0].evidence == Evidence::fenced);
}

TEST_CASE("a restarted node does not go by an old farewell: its peer may have started alone") {
  ClusterConfig config = two_nodes();
  config.arbitration.forced_stop.kind = ForcedStopKind::simulated;
  config.timing.start_wait = Duration(10s);
  Cores cores(config);
  cores.run_for(2s);
  cores.ask("b", StopNode{});
  cores.run_for(2s);
  cores.kill(node("b"));
  cores.kill(node("a"));
  cores.boot(node("b"));
  cores.run_for(30s);
  REQUIRE(cores.phase("b") == GroupPhase::running);
  cores.cut(node("a"), node("b"));
  cores.cut(node("b"), node("a"));
  cores.on_fence = [](auto&, auto&) -> Status { return failure(Code::unavailable, "denied"); };
  cores.boot(node("a"));
  cores.run_for(60s);
  CHECK(cores.phase("a") != GroupPhase::running);
  CHECK(cores.phase("b") == GroupPhase::running);
}

TEST_CASE("a forced stop that fails moves nothing") {
  ClusterConfig config = two_nodes();
  config.arbitration.forced_stop.kind = ForcedStopKind::simulated;
  Cores cores(config);
  cores.on_fence = [](auto&, auto&) -> Status {
    return failure(Code::outcome_unknown, "no answer");
  };
  cores.run_for(2s);
  cores.kill(node("a"));
  cores.run_for(60s);
  CHECK(cores.phase("b") != GroupPhase::running);
}

TEST_CASE("one silent path among two is a warning and moves nothing") {
  ClusterConfig config = two_nodes();
  config.paths.push_back({PathName("second"), {{node("a"), "10.1.0.1"}, {node("b"), "10.1.0.2"}}});
  Cores cores(config);
  cores.run_for(2s);
  CHECK(cores.phase("a") == GroupPhase::running);
}

TEST_CASE("a node whose configuration differs does not join") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  cores.kill(node("b"));
  cores.run_for(200ms);
  ClusterConfig other = two_nodes();
  other.digest = 8;
  cores["b"].state = begin(
      {std::make_shared<ClusterConfig>(other), node("b"), cores["b"].stored, 9, 1, cores.now()});
  cores["b"].up = true;
  cores.run_for(5s);
  CHECK(cores["b"].state.phase == NodePhase::refused);
  CHECK(cores.phase("a") == GroupPhase::running);
}

TEST_CASE("an order that cannot be is refused with the reason") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  const Ticket unknown = cores.ask("a", StartGroup{GroupName("nope"), {}});
  const Ticket here = cores.ask("a", MoveGroup{web, node("a")});
  CHECK(cores["a"].answers.at(unknown).error().code == Code::not_found);
  CHECK(cores["a"].answers.at(here).error().code == Code::conflict);
}

TEST_CASE("a restarted group runs at a later term on the same node") {
  Cores cores(two_nodes());
  cores.run_for(2s);
  const Ticket ticket = cores.ask("b", RestartGroup{web});
  cores.run_for(2s);
  CHECK(cores.phase("a") == GroupPhase::running);
  CHECK(cores["b"].answers.at(ticket));
  CHECK(cores["a"].activations.size() == 2);
}

}  // namespace
}  // namespace mainstay
