// What a monitor without an answer leads to: nothing, a warning, or a recovery, as configured.
#include <doctest/doctest.h>

#include <algorithm>

#include "cluster/testing.h"

namespace mainstay {
namespace {

using testing::Cores;
using testing::node;
using testing::two_nodes;
using testing::web;

ClusterConfig config(UnknownAction action, Duration start_wait) {
  ClusterConfig config = two_nodes();
  MonitorConfig monitor;
  monitor.name = MonitorName("vipw");
  monitor.type = "awsvipw";
  monitor.checks = ResourceName("vip");
  monitor.timing = MonitorTiming::active;
  monitor.active_with = ResourceName("vip");
  monitor.interval = 5s;
  monitor.retries = 1;
  monitor.start_wait = start_wait;
  monitor.on_unknown = action;
  monitor.recovery.resource = ResourceName("vip");
  monitor.recovery.group = web;
  for (const auto& each : config.nodes) monitor.params[each.name];
  config.monitors.push_back(monitor);
  return config;
}

struct World : Cores {
  int starts = 0;
  int looks = 0;
  Verdict says = Verdict::healthy;

  explicit World(UnknownAction unknown, Duration start_wait = Duration::zero())
      : Cores(config(unknown, start_wait)) {
    verdict = [this](const NodeName&) {
      ++looks;
      return says;
    };
    on_activate = [this](const NodeName&, const ActivateResource& action) {
      starts += action.resource == ResourceName("vip") ? 1 : 0;
      return Status{};
    };
    run_for(3s);
  }
  std::int64_t told(const std::string& part) {
    const auto& story = (*this)["a"].story;
    return std::ranges::count_if(
        story, [&](const std::string& line) { return line.find(part) != std::string::npos; });
  }
};

TEST_CASE("no answer is a warning by default, told once, and moves nothing") {
  CHECK(MonitorConfig{}.on_unknown == UnknownAction::warn);
  World world(UnknownAction::warn);
  world.says = Verdict::unknown;
  world.run_for(10min);
  CHECK(world.told("Monitor vipw is in the warning status.") == 1);
  CHECK(world.starts == 1);
  CHECK(world.phase("a") == GroupPhase::running);
  CHECK(world["a"].halts.empty());
  world.says = Verdict::healthy;
  world.run_for(10s);
  CHECK(world.told("is healthy again") == 1);
}

TEST_CASE("where no answer counts for nothing it is not even told") {
  World world(UnknownAction::none);
  world.says = Verdict::unknown;
  world.run_for(10min);
  CHECK(world.told("vipw") == 0);
  CHECK(world.starts == 1);
  CHECK(world.phase("a") == GroupPhase::running);
}

TEST_CASE("where no answer is to be recovered from it counts as a bad one, retries and all") {
  World world(UnknownAction::recover);
  world.says = Verdict::unknown;
  world.run_for(5s);
  CHECK(world.starts == 1);
  CHECK(world.told("1 more in a row before it counts") == 1);
  world.run_for(5s);
  CHECK(world.told("Monitor vipw detected an error.") == 1);
  CHECK(world.starts == 2);
}

TEST_CASE("a monitor looks first when its start wait is over, and again after each restart") {
  World world(UnknownAction::warn, 30s);
  world.run_for(25s);
  CHECK(world.looks == 0);
  world.run_for(4s);
  CHECK(world.looks == 1);
  world.says = Verdict::unhealthy;
  world.run_for(10s);
  CHECK(world.starts == 2);
  const int looks = world.looks;
  world.run_for(25s);
  CHECK(world.looks == looks);
}

}  // namespace
}  // namespace mainstay
