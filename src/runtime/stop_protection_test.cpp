// Two nodes that stop each other by force, over one EC2.
#include <doctest/doctest.h>

#include "ports/testing.h"
#include "runtime/forced_stop.h"

namespace mainstay {
namespace {

using namespace testing;

const NodeName first("a");
const NodeName second("b");

struct NoPower : Power {
  void arm_watchdog(Instant) override {}
  void halt(HaltKind) override {}
  Task<Status> fence(NodeName, Call) override { co_return Status{}; }
};

ClusterConfig two_rivals() {
  ClusterConfig config;
  config.nodes = {{first, "", ""}, {second, "", ""}};
  config.paths.push_back({PathName("lan"), {{first, "10.0.1.1"}, {second, "10.0.2.1"}}});
  config.arbitration.forced_stop.kind = ForcedStopKind::ec2;
  return config;
}

AwsIdentity identity_of(const std::string& instance) {
  AwsInterface own;
  own.vpc = "vpc-1";
  return {instance, "eu-west-1", "eu-west-1a", {own}};
}

struct Rivals {
  explicit Rivals(ClusterConfig given = two_rivals()) : config(std::move(given)) {
    aws.instances["i-a"] = {"i-a", InstanceState::running, "2026-01-01", {"10.0.1.1"}};
    aws.instances["i-b"] = {"i-b", InstanceState::running, "2026-01-01", {"10.0.2.1"}};
    aws.after_stop = InstanceState::stopping;  // for as long as a test lasts
    // Each has looked at the other before, as nodes do every minute.
    for (ForcedStop* node : {&a, &b}) {
      const bool is_a = node == &a;
      aws.self = identity_of(is_a ? "i-a" : "i-b");
      REQUIRE(run(clock, node->check(is_a ? second : first, within(10s))).has_value());
    }
    aws.calls.clear();
  }
  Call within(Duration limit) const { return {clock.now() + limit, {}}; }
  bool stopped(const std::string& id) const {
    return aws.instances.at(id).state != InstanceState::running;
  }
  // Starts both stops, the second one so much later.
  void race(Duration head_start_of_a) {
    Task<Status> by_a = a.stop(second, within(20s));
    Task<Status> by_b = b.stop(first, within(20s));
    if (head_start_of_a >= Duration::zero()) {
      by_a.start();
      clock.advance(head_start_of_a);
      by_b.start();
    } else {
      by_b.start();
      clock.advance(-head_start_of_a);
      by_a.start();
    }
    while (!by_a.done() || !by_b.done()) REQUIRE(clock.step());
  }

  ClusterConfig config;
  FakeClock clock;
  FakeAws aws{clock};
  FakeProcess process{clock};
  NoPower power;
  ForcedStop a{{config, first, clock, aws, process, power, "/log"}};
  ForcedStop b{{config, second, clock, aws, process, power, "/log"}};
};

TEST_CASE("of two nodes that stop each other one is left, whoever asks when") {
  for (Duration ahead = -80ms; ahead <= 80ms; ahead += 1ms) {
    CAPTURE(ahead / 1ms);
    Rivals rivals;
    rivals.race(ahead);
    CHECK((rivals.stopped("i-a") != rivals.stopped("i-b")));
  }
}

TEST_CASE("a node that is dead is stopped at once, whoever is left") {
  for (const bool a_is_left : {true, false}) {
    CAPTURE(a_is_left);
    Rivals rivals;
    rivals.aws.after_stop = InstanceState::stopped;
    const Instant began = rivals.clock.now();
    ForcedStop& left = a_is_left ? rivals.a : rivals.b;
    Task<Status> stop = left.stop(a_is_left ? second : first, rivals.within(60s));
    stop.start();
    const std::string asked = a_is_left ? "stop_instance i-b" : "stop_instance i-a";
    while (rivals.aws.count(asked) == 0) REQUIRE(rivals.clock.step());
    CHECK(rivals.clock.now() - began <= 50ms);
    while (!stop.done()) REQUIRE(rivals.clock.step());
  }
}

TEST_CASE("a protection that a dead node left behind is lifted when it is our turn") {
  Rivals rivals;
  rivals.aws.after_stop = InstanceState::stopped;
  rivals.aws.protected_instances = {"i-a"};
  const Instant began = rivals.clock.now();
  CHECK(run(rivals.clock, rivals.b.stop(first, rivals.within(60s))).has_value());
  CHECK(rivals.stopped("i-a"));
  CHECK(rivals.clock.now() - began >= 3s);  // b's turn
}

TEST_CASE("who may not protect itself waits for its turn, as with any other means") {
  for (const bool by_a : {true, false}) {
    CAPTURE(by_a);
    Rivals rivals;
    rivals.aws.faults["protect_instance"].push_back(
        {Fault::When::before, {Code::denied, "ec2:ModifyInstanceAttribute is missing"}, false});
    const Instant began = rivals.clock.now();
    Task<Status> stop =
        by_a ? rivals.a.stop(second, rivals.within(10s)) : rivals.b.stop(first, rivals.within(10s));
    stop.start();
    while (rivals.aws.count("stop_instance") == 0) REQUIRE(rivals.clock.step());
    const Duration waited = rivals.clock.now() - began;
    CHECK((waited >= 3s) == !by_a);
    while (!stop.done()) REQUIRE(rivals.clock.step());
  }
}

TEST_CASE("an arbiter gives the right, and nobody protects itself") {
  ClusterConfig config = two_rivals();
  config.arbitration.arbiter.kind = ArbiterKind::etcd;
  Rivals rivals(config);
  rivals.aws.after_stop = InstanceState::stopped;
  CHECK(run(rivals.clock, rivals.b.stop(first, rivals.within(60s))).has_value());
  CHECK(rivals.aws.count("protect_instance") == 0);
}

TEST_CASE("the protection ends with the stop, however that ended") {
  for (const bool good : {true, false}) {
    CAPTURE(good);
    Rivals rivals;
    if (good) rivals.aws.after_stop = InstanceState::stopped;
    const Status done = run(rivals.clock, rivals.a.stop(second, rivals.within(10s)));
    CHECK(done.has_value() == good);
    CHECK(rivals.aws.protected_instances.contains("i-a"));
    run(rivals.clock, rivals.a.lower_protection(rivals.within(5s)));
    CHECK(rivals.aws.protected_instances.empty());
  }
}

TEST_CASE(
    "what an earlier run left protected is lowered by the first check, but not under a stop") {
  Rivals rivals;  // which has checked once
  rivals.aws.protected_instances = {"i-a"};
  ForcedStop again{
      {rivals.config, first, rivals.clock, rivals.aws, rivals.process, rivals.power, ""}};
  rivals.aws.self = identity_of("i-a");
  CHECK(run(rivals.clock, again.check(second, rivals.within(5s))).has_value());
  CHECK(rivals.aws.protected_instances.empty());

  Task<Status> stop = again.stop(second, rivals.within(10s));
  stop.start();
  rivals.clock.advance(1s);
  CHECK(run(rivals.clock, again.check(second, rivals.within(5s))).has_value());
  CHECK(rivals.aws.protected_instances.contains("i-a"));
  while (!stop.done()) REQUIRE(rivals.clock.step());
}

}  // namespace
}  // namespace mainstay
