// What a node does that finds itself cut off.
#include <doctest/doctest.h>

#include "cluster/testing.h"

namespace mainstay {
namespace {

using namespace testing;

ClusterConfig checked() {
  ClusterConfig config = two_nodes();
  ReachabilityConfig check{.name = "nat", .kind = ReachabilityKind::ping, .targets = {}};
  for (const auto& each : config.nodes) check.targets[each.name] = {{"203.0.113.1", 0, ""}};
  config.arbitration.reachability.push_back(std::move(check));
  return config;
}

// What is not immediate is followed by the orderly end of the service; the driver keeps the harder
// of the two.
struct IsolationRow {
  IsolationAction action;
  std::vector<Halt> halts;
};
const std::vector<IsolationRow> isolation_rows = {
    {IsolationAction::none, {}},
    {IsolationAction::stop_groups, {}},
    {IsolationAction::stop_service, {Halt::stop_service, Halt::stop_service}},
    {IsolationAction::shut_down, {Halt::shut_down, Halt::stop_service}},
    {IsolationAction::reboot, {Halt::reboot, Halt::stop_service}},
    {IsolationAction::reset, {Halt::reset}}};

TEST_CASE("a node that is cut off stops its groups, and then does what it is told to") {
  for (const auto& row : isolation_rows) {
    for (const char* isolated : {"a", "b"}) {  // the owner, or the one that stands by
      CAPTURE(static_cast<int>(row.action));
      CAPTURE(isolated);
      ClusterConfig config = checked();
      config.arbitration.isolation_action = row.action;
      Cores cores(config);
      cores.run_for(2s);
      cores.reachable = [&](const NodeName& name) {
        return name == node(isolated) ? Reachability::unreachable : Reachability::reachable;
      };
      cores.cut(node("a"), node("b"));
      cores.cut(node("b"), node("a"));
      cores.run_for(10s);
      CHECK(cores[isolated].halts == row.halts);
      CHECK(cores.phase(isolated) == GroupPhase::stopped);
      const std::string survivor = isolated == std::string("a") ? "b" : "a";
      CHECK(cores.phase(survivor) == GroupPhase::running);
      CHECK(cores[survivor].halts.empty());
    }
  }
}

TEST_CASE("a permission that comes back while one group still stops ends in no reset") {
  ClusterConfig config = checked();
  GroupConfig slow = config.groups[0];
  slow.name = GroupName("slow");
  slow.resources.clear();
  for (int i = 0; i < 6; ++i) {
    ResourceConfig link;
    link.name = ResourceName("link" + std::to_string(i));
    link.type = "script";
    if (i > 0) link.depends_on = {ResourceName("link" + std::to_string(i - 1))};
    slow.resources.push_back(link);
  }
  config.groups.push_back(slow);
  for (auto& group : config.groups) group.policy = {node("a")};
  Cores cores(config);
  cores.run_for(2s);
  cores.deactivation_time = 700ms;
  Reachability reachable = Reachability::unreachable;
  cores.reachable = [&](const NodeName& name) {
    return name == node("a") ? reachable : Reachability::reachable;
  };
  cores.cut(node("a"), node("b"));
  cores.cut(node("b"), node("a"));
  while (cores.phase("a") != GroupPhase::stopped) cores.run_for(10ms);
  reachable = Reachability::reachable;
  cores.heal();
  while (cores.phase("a") != GroupPhase::running) cores.run_for(10ms);
  REQUIRE(cores["a"].state.groups.at(slow.name).phase == GroupPhase::stopping);
  cores.run_for(config.timing.isolation_deadline + 10s);
  CHECK(cores["a"].halts.empty());
  CHECK(cores["a"].state.groups.at(slow.name).phase == GroupPhase::running);
}

TEST_CASE("who stood by and stood still was paused, not cut off") {
  ClusterConfig config = checked();
  config.arbitration.isolation_action = IsolationAction::reboot;
  Cores cores(config);
  cores.run_for(2s);
  cores.freeze(node("b"));
  cores.run_for(20s);
  cores.thaw(node("b"));
  cores.run_for(10s);
  CHECK(cores["b"].halts.empty());
  CHECK(cores.phase("a") == GroupPhase::running);
}

TEST_CASE("a node that was never anything but alone is not cut off") {
  ClusterConfig config = checked();
  config.arbitration.isolation_action = IsolationAction::shut_down;
  config.timing.start_wait = 5s;
  Cores cores(config);
  cores.kill(node("b"));
  cores.reachable = [](auto&) { return Reachability::unreachable; };
  cores.run_for(1min);
  CHECK(cores["a"].halts.empty());
  CHECK(cores.phase("a") != GroupPhase::running);
}

}  // namespace
}  // namespace mainstay
