// Forced stops that fail, what is known of them beforehand, and reachability checks one by one.
#include <doctest/doctest.h>

#include <algorithm>

#include "cluster/testing.h"

namespace mainstay {
namespace {

using namespace testing;

ClusterConfig fencing(ForcedStopKind kind = ForcedStopKind::simulated) {
  ClusterConfig config = two_nodes();
  config.arbitration.forced_stop.kind = kind;
  return config;
}

ClusterConfig three_with_majority() {
  ClusterConfig config = fencing();
  config.nodes.push_back({node("c"), "", ""});
  config.paths[0].addresses[node("c")] = "10.0.0.3";
  config.groups[0].policy.push_back(node("c"));
  config.arbitration.majority = true;
  return config;
}

Status denied() { return failure(Code::denied, "ec2:StopInstances is missing"); }

// A cluster whose forced stops all fail; `tried` counts them.
struct Failing {
  explicit Failing(const ClusterConfig& config) : cores(config) {
    cores.on_fence = [this](auto&, auto&) {
      ++tried;
      return denied();
    };
    cores.run_for(2s);
  }
  Cores cores;
  int tried = 0;
};

bool says(const Cores::Core& core, const std::string& text) {
  return std::ranges::any_of(core.story, [&](const std::string& line) { return line == text; });
}

TEST_CASE("a forced stop that fails is tried again, and an operator's word resolves the wait") {
  Failing bench(fencing());
  bench.cores.kill(node("a"));
  bench.cores.run_for(30s);
  CHECK(bench.cores.phase("b") == GroupPhase::claiming);
  CHECK(bench.tried > 3);
  bench.cores.ask("b", DeclareStopped{node("a"), "ann", "pulled its plug"});
  bench.cores.run_for(2s);
  CHECK(bench.cores.phase("b") == GroupPhase::running);
  CHECK(bench.cores["b"].activations.back().clearances[0].evidence == Evidence::operator_said);
}

TEST_CASE("a node that could not be stopped and is heard again keeps its group") {
  Failing bench(fencing());
  bench.cores.freeze(node("a"));
  bench.cores.run_for(10s);
  CHECK(bench.cores.phase("b") == GroupPhase::claiming);
  bench.cores.thaw(node("a"));
  bench.cores.run_for(5s);
  CHECK(bench.cores.phase("a") == GroupPhase::running);
  CHECK(bench.cores.phase("b") == GroupPhase::stopped);
  const int tried = bench.tried;
  bench.cores.run_for(20s);
  CHECK(bench.tried == tried);
}

TEST_CASE("who gives up tries once, says so, and goes by an operator's word alone") {
  ClusterConfig config = fencing();
  config.arbitration.forced_stop.on_failure = ForcedStopFailure::give_up;
  Failing bench(config);
  bench.cores.kill(node("a"));
  bench.cores.run_for(60s);
  CHECK(bench.tried == 1);
  CHECK(says(bench.cores["b"],
             "a: forced stop failed: ec2:StopInstances is missing. The failover is given up."));
  CHECK(bench.cores["b"].state.groups.at(web).waits_for ==
        "the forced stop of a failed; hear it, or declare it stopped");
  bench.cores.ask("b", DeclareStopped{node("a"), "ann", "pulled its plug"});
  bench.cores.run_for(2s);
  CHECK(bench.cores.phase("b") == GroupPhase::running);
}

TEST_CASE("who gave up once tries again when the node has been back") {
  ClusterConfig config = fencing();
  config.arbitration.forced_stop.on_failure = ForcedStopFailure::give_up;
  Failing bench(config);
  bench.cores.kill(node("a"));
  bench.cores.run_for(10s);
  bench.cores.boot(node("a"));
  bench.cores.run_for(10s);
  bench.cores.kill(node("a"));
  bench.cores.on_fence = [](auto&, auto&) { return Status{}; };
  bench.cores.run_for(10s);
  CHECK(bench.cores.phase("b") == GroupPhase::running);
  CHECK(bench.cores["b"].activations.back().clearances[0].evidence == Evidence::fenced);
}

TEST_CASE("with a majority a forced stop that fails does no harm") {
  Failing waits(three_with_majority());
  waits.cores.kill(node("a"));
  waits.cores.run_for(20s);
  CHECK(waits.cores.phase("b") == GroupPhase::running);
  CHECK(waits.cores["b"].activations.back().clearances[0].evidence == Evidence::minority);
}

TEST_CASE("each node waits for its turn before it stops another by force, as long as it is told") {
  for (const auto& [delay, turn] : {std::pair<Duration, Duration>{0s, 3s}, {10s, 10s}}) {
    ClusterConfig config = fencing();
    config.arbitration.forced_stop.delay = delay;
    Cores cores(config);
    std::map<NodeName, Instant> fenced_at;
    cores.on_fence = [&](const NodeName& by, auto&) {
      fenced_at.try_emplace(by, cores.now());
      return denied();
    };
    cores.run_for(2s);
    const Instant cut_at = cores.now();
    cores.cut(node("a"), node("b"));
    cores.cut(node("b"), node("a"));
    cores.run_for(20s);
    const Duration first = fenced_at.at(node("a")) - cut_at;
    CHECK(first < 2s);
    CHECK(fenced_at.at(node("b")) - cut_at >= turn + 1s);
    CHECK(fenced_at.at(node("b")) - cut_at <= turn + 2s);
  }
}

TEST_CASE("whether a stop would be possible is asked at the start and then now and then") {
  ClusterConfig config = fencing(ForcedStopKind::ec2);
  config.arbitration.forced_stop.check_interval = 10s;
  Cores cores(config);
  std::vector<Instant> asked;
  bool good = true;
  cores.on_fence_check = [&](const NodeName& by, auto&) {
    if (by == node("a")) asked.push_back(cores.now());
    return good ? Status{} : denied();
  };
  const auto state = [&] { return cores["a"].state.arbitration.fence_checks.at(node("b")); };
  cores.run_for(15s);
  REQUIRE(asked.size() == 2);
  CHECK(asked[1] - asked[0] == 10s);
  CHECK(state().verdict == Verdict::healthy);
  good = false;
  cores.run_for(10s);
  CHECK(state().verdict == Verdict::unhealthy);
  CHECK(state().why == "ec2:StopInstances is missing");
  const std::string warning = "b: a forced stop of it would fail now: ec2:StopInstances is missing";
  CHECK(says(cores["a"], warning));
  good = true;
  cores.run_for(10s);
  CHECK(state().verdict == Verdict::healthy);
  CHECK(state().since == asked.back() + 1ms);
  CHECK(says(cores["a"], "b: a forced stop of it would be possible again"));
  CHECK(std::ranges::count(cores["a"].story, warning) == 1);
  CHECK(cores.phase("a") == GroupPhase::running);
}

TEST_CASE("nobody asks about a forced stop where there is none") {
  Cores cores(two_nodes());
  int asked = 0;
  cores.on_fence_check = [&](auto&, auto&) {
    ++asked;
    return Status{};
  };
  cores.run_for(2min);
  CHECK(asked == 0);
  CHECK(cores["a"].state.arbitration.fence_checks.empty());
}

ClusterConfig checked_twice() {
  ClusterConfig config = two_nodes();
  for (const char* name : {"nat", "web"}) {
    ReachabilityConfig check{.name = name, .kind = ReachabilityKind::ping, .targets = {}};
    for (const auto& each : config.nodes) check.targets[each.name] = {{"203.0.113.1", 0, ""}};
    config.arbitration.reachability.push_back(std::move(check));
  }
  return config;
}

TEST_CASE("each reachability check is told when it changes, and since when it is so") {
  Cores cores(checked_twice());
  Reachability of_web = Reachability::reachable;
  cores.single_checks = [&](auto&) {
    return std::vector<ReachabilityOf>{{"nat", Reachability::reachable, ""},
                                       {"web", of_web, "status 502"}};
  };
  cores.run_for(2s);
  const auto web_check = [&] { return cores["a"].state.arbitration.checks.single.at("web"); };
  CHECK(web_check().verdict == Reachability::reachable);
  of_web = Reachability::unreachable;
  const Instant changed = cores.now();
  cores.run_for(3s);
  CHECK(web_check().verdict == Reachability::unreachable);
  CHECK(web_check().why == "status 502");
  CHECK(web_check().since > changed);
  CHECK(web_check().since < changed + 1100ms);
  CHECK(says(cores["a"], "a: reachability check web: status 502"));
  of_web = Reachability::reachable;
  cores.run_for(2s);
  CHECK(says(cores["a"], "a: reachability check web: answered again"));
  CHECK_FALSE(says(cores["a"], "a: reachability check nat: answered again"));
}

}  // namespace
}  // namespace mainstay
