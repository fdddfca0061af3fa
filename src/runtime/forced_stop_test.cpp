#include "runtime/forced_stop.h"

#include <doctest/doctest.h>

#include "ports/testing.h"

namespace mainstay {
namespace {

using namespace testing;

const NodeName other("b");

struct NoPower : Power {
  void arm_watchdog(Instant) override {}
  void halt(HaltKind) override {}
  Task<Status> fence(NodeName, Call) override {
    ++fenced;
    co_return Status{};
  }
  int fenced = 0;
};

ClusterConfig config_with(ForcedStopKind kind) {
  ClusterConfig config;
  for (const char* name : {"a", "b"}) config.nodes.push_back({NodeName(name), "", ""});
  config.paths.push_back({PathName("lan"), {{NodeName("a"), "10.0.1.1"}, {other, "10.0.2.1"}}});
  config.paths.push_back({PathName("wan"), {{NodeName("a"), "10.9.1.1"}, {other, "10.9.2.1"}}});
  config.arbitration.forced_stop.kind = kind;
  return config;
}

AwsInstance instance(InstanceState state,
                     const std::string& launched = "2026-01-01T10:00:00.000Z") {
  return {"i-b", state, launched, {"10.0.2.1", "10.9.2.1"}};
}

// Node a of two, with b on instance i-b.
struct Bench {
  explicit Bench(ClusterConfig given = config_with(ForcedStopKind::ec2))
      : config(std::move(given)) {
    AwsInterface own;
    own.vpc = "vpc-1";
    aws.self = {"i-a", "eu-west-1", "eu-west-1a", {own}};
    aws.instances["i-b"] = instance(InstanceState::running);
    aws.instances["i-a"] = {
        "i-a", InstanceState::running, "2026-01-01T09:00:00.000Z", {"10.0.1.1", "10.9.1.1"}};
  }
  Call within(Duration limit = 60s) const { return {clock.now() + limit, {}}; }
  Status stop(Duration limit = 60s) { return run(clock, forced_stop.stop(other, within(limit))); }
  Status check() { return run(clock, forced_stop.check(other, within())); }
  void reads(std::deque<AwsInstance> readings) { aws.readings["i-b"] = std::move(readings); }

  ClusterConfig config;
  FakeClock clock;
  FakeAws aws{clock};
  FakeProcess process{clock};
  NoPower power;
  ForcedStop forced_stop{{.config = config,
                          .self = NodeName("a"),
                          .clock = clock,
                          .aws = aws,
                          .process = process,
                          .power = power,
                          .log_directory = "/log"}};
};

using enum InstanceState;

TEST_CASE("a stop is confirmed by the state that is read after it was accepted") {
  Bench bench;
  bench.reads({instance(running), instance(stopping), instance(stopping), instance(stopped)});
  CHECK(bench.stop().has_value());
  CHECK(bench.aws.count("stop_instance i-b") == 1);
  CHECK(bench.aws.count("instance i-b") == 4);
}

TEST_CASE("a stop that does not end in time is no stop") {
  Bench bench;
  bench.reads({instance(stopping)});
  const Instant began = bench.clock.now();
  const Status done = bench.stop(20s);
  CHECK(done.error().code == Code::timed_out);
  CHECK(done.error().message == "i-b (b) was told to stop, but it is still stopping");
  CHECK(bench.clock.now() == began + 20s);
}

TEST_CASE("C5.7: what reads as stopped at once must read so again: it may be the past") {
  Bench bench;
  const Instant began = bench.clock.now();
  bench.reads({instance(stopped)});
  CHECK(bench.stop().has_value());
  CHECK(bench.clock.now() >= began + 2s);

  Bench fooled;
  fooled.reads({instance(stopped), instance(stopping)});
  CHECK(fooled.stop(10s).error().code == Code::timed_out);
}

TEST_CASE("a stopped state of an earlier run is not believed") {
  Bench bench;
  bench.reads({instance(stopped, "2025-12-31T10:00:00.000Z")});
  const Status done = bench.stop(30s);
  CHECK(done.error().code == Code::timed_out);
  CHECK(done.error().message.find("its state could not be read") != std::string::npos);
}

TEST_CASE("an instance that was started again in between is not confirmed") {
  Bench bench;
  bench.reads({instance(stopping), instance(pending, "2026-01-01T11:00:00.000Z")});
  const Status done = bench.stop();
  CHECK(done.error().code == Code::conflict);
  CHECK(done.error().message.find("was started again at 2026-01-01T11") != std::string::npos);
}

TEST_CASE("C5.6: unknown is never stopped") {
  for (const Code code : {Code::not_found, Code::throttled, Code::denied, Code::timed_out,
                          Code::unavailable, Code::corrupt}) {
    CAPTURE(to_text(code));
    Bench bench;
    for (int i = 0; i < 100; ++i) {
      bench.aws.faults["instance i-b"].push_back({Fault::When::before, {code, "no"}, false});
    }
    const Status done = bench.stop(10s);
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().message.find("could not be read; no") != std::string::npos);
  }
}

TEST_CASE("a request without an answer is no acceptance, and is made again") {
  Bench bench;
  bench.aws.faults["stop_instance"].push_back(
      {Fault::When::after, {Code::outcome_unknown, "lost"}, false});
  bench.aws.faults["stop_instance"].push_back(
      {Fault::When::before, {Code::throttled, "slow down"}, false});
  CHECK(bench.stop().has_value());
  CHECK(bench.aws.count("stop_instance i-b") == 3);
}

TEST_CASE("a request that is refused ends it, with the reason") {
  Bench bench;
  bench.aws.faults["stop_instance"].push_back(
      {Fault::When::before, {Code::denied, "ec2:StopInstances is missing"}, false});
  const Status done = bench.stop();
  CHECK(done.error().code == Code::denied);
  CHECK(done.error().message == "ec2:StopInstances is missing");
  CHECK(bench.aws.count("instance i-b") == 0);
}

TEST_CASE("a node that is booting is not stopped") {
  Bench bench;
  bench.aws.instances["i-b"].state = pending;
  CHECK(bench.stop().error().message == "i-b (b) is booting; it is not stopped now");
  CHECK(bench.aws.count("stop_instance") == 0);
}

TEST_CASE("a terminated instance is gone for good, also when its address is") {
  Bench bench;
  REQUIRE(bench.check().has_value());  // While it lives, the instance becomes known.
  bench.aws.instances["i-b"] = {"i-b", terminated, "2026-01-01T10:00:00.000Z", {}};
  CHECK(bench.stop().has_value());
  CHECK(bench.aws.count("stop_instance") == 0);

  Bench ignorant;
  ignorant.aws.instances["i-b"] = {"i-b", terminated, "2026-01-01T10:00:00.000Z", {}};
  CHECK(ignorant.stop().error().code == Code::not_found);
}

TEST_CASE("who has taken over the address is the node, not who had it once") {
  Bench bench;
  REQUIRE(bench.check().has_value());
  bench.aws.instances["i-b"] = {"i-b", terminated, "2026-01-01T10:00:00.000Z", {}};
  bench.aws.instances["i-c"] = {"i-c", running, "2026-01-01T12:00:00.000Z", {"10.0.2.1"}};
  CHECK(bench.stop().has_value());
  CHECK(bench.aws.count("stop_instance i-c") == 1);
}

TEST_CASE("a foreign instance is never stopped") {
  SUBCASE("given, but it has none of the node's addresses") {
    ClusterConfig config = config_with(ForcedStopKind::ec2);
    config.nodes[1].instance = "i-c";
    Bench bench(config);
    bench.aws.instances["i-c"] = {"i-c", running, "2026-01-01T10:00:00.000Z", {"10.7.7.7"}};
    const Status done = bench.stop();
    CHECK(done.error().code == Code::conflict);
    CHECK(done.error().message ==
          "i-c has none of the addresses of b (10.0.2.1, 10.9.2.1): it is not stopped. Correct the "
          "node's \"instance\".");
    CHECK(bench.aws.count("stop_instance") == 0);
  }
  SUBCASE("this very node") {
    Bench bench;
    bench.aws.self.instance = "i-b";
    CHECK(bench.stop().error().message.starts_with("i-b is this node's own instance, not b's"));
    CHECK(bench.aws.count("stop_instance") == 0);
  }
  SUBCASE("one that was the node's, and has lost its addresses") {
    Bench bench;
    REQUIRE(bench.check().has_value());
    bench.aws.instances["i-b"].addresses.clear();
    CHECK(bench.stop().error().message.starts_with("no instance in vpc-1 has an address of b"));
    CHECK(bench.aws.count("stop_instance") == 0);
  }
  SUBCASE("two that have one of its addresses each") {
    Bench bench;
    bench.aws.instances["i-b"].addresses = {"10.0.2.1"};
    bench.aws.instances["i-c"] = {"i-c", running, "2026-01-01T10:00:00.000Z", {"10.9.2.1"}};
    CHECK(bench.stop().error().message.find("belong to i-b and i-c") != std::string::npos);
    CHECK(bench.aws.count("stop_instance") == 0);
  }
}

TEST_CASE("an instance that is given need not be looked for") {
  ClusterConfig config = config_with(ForcedStopKind::ec2);
  config.nodes[1].instance = "i-b";
  Bench bench(config);
  CHECK(bench.stop().has_value());
  CHECK(bench.aws.count("instance_with_address") == 0);
  CHECK(bench.aws.count("stop_instance i-b") == 1);
}

TEST_CASE("stopped, and started again where the configuration says so") {
  ClusterConfig config = config_with(ForcedStopKind::ec2);
  config.arbitration.forced_stop.action = ForcedStopAction::reboot;
  Bench bench(config);
  CHECK(bench.stop().has_value());
  CHECK(bench.aws.count("start_instance") == 0);
  bench.aws.faults["start_instance"].push_back(
      {Fault::When::before, {Code::conflict, "it is still stopping"}, false});
  CHECK(run(bench.clock, bench.forced_stop.start_again(other, bench.within())).has_value());
  CHECK(bench.aws.count("start_instance i-b") == 2);
  CHECK(bench.aws.instances["i-b"].state == pending);

  Bench stays;
  CHECK(stays.stop().has_value());
  CHECK(run(stays.clock, stays.forced_stop.start_again(other, stays.within())).has_value());
  CHECK(stays.aws.count("start_instance") == 0);
}

TEST_CASE("a check asks for every permission that will be needed, and stops nothing") {
  ClusterConfig config = config_with(ForcedStopKind::ec2);
  config.arbitration.forced_stop.action = ForcedStopAction::reboot;
  Bench bench(config);
  CHECK(bench.check().has_value());
  CHECK(bench.aws.count("may_stop i-b") == 1);
  CHECK(bench.aws.count("may_start i-b") == 1);
  CHECK(bench.aws.count("stop_instance") == 0);
  bench.aws.faults["may_start"].push_back(
      {Fault::When::before, {Code::denied, "ec2:StartInstances is missing"}, false});
  CHECK(bench.check().error().message == "ec2:StartInstances is missing");
}

TEST_CASE("a script is told whom, by whom and whether in earnest") {
  ClusterConfig config = config_with(ForcedStopKind::script);
  config.arbitration.forced_stop.script = "/opt/stop";
  Bench bench(config);
  CHECK(bench.stop().has_value());
  const Program earnest = bench.process.started.at(0);
  CHECK(earnest.argv == std::vector<std::string>{"/opt/stop"});
  CHECK(earnest.environment.at("CLP_SERVER_DOWN") == "b");
  CHECK(earnest.environment.at("CLP_SERVER_LOCAL") == "a");
  CHECK(earnest.environment.at("CLP_FORCESTOP_MODE") == "1");
  CHECK(earnest.log_file == "/log/forced_stop.log");
  CHECK(bench.check().has_value());
  CHECK(bench.process.started.at(1).environment.at("CLP_FORCESTOP_MODE") == "0");
  CHECK(bench.process.started.at(1).family != earnest.family);
}

TEST_CASE("only exit code 0 of a script means stopped") {
  ClusterConfig config = config_with(ForcedStopKind::script);
  config.arbitration.forced_stop.script = "/opt/stop";
  Bench bench(config);
  auto& behaviour = bench.process.behaviours["/opt/stop"];
  behaviour.end.exit_code = 3;
  behaviour.end.last_line = "no such host";
  CHECK(bench.stop().error().message == "/opt/stop returned 3: no such host");
  behaviour.end = {};
  behaviour.end.signal = 11;
  CHECK(bench.stop().error().message == "/opt/stop was killed by signal 11");
  behaviour.end = {};
  behaviour.lasts = 1h;
  CHECK(bench.stop(5s).error().code == Code::timed_out);
  behaviour.start_error = Error{Code::not_found, "no such file"};
  CHECK(bench.stop().error().message == "/opt/stop: no such file");
}

TEST_CASE("the simulator's own means are the power port's") {
  Bench bench(config_with(ForcedStopKind::simulated));
  CHECK(bench.stop().has_value());
  CHECK(bench.power.fenced == 1);
  Bench none(config_with(ForcedStopKind::none));
  CHECK(none.stop().error().code == Code::unavailable);
}

}  // namespace
}  // namespace mainstay
