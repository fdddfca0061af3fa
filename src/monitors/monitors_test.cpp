// ipw and genw over the fake ports.
#include <doctest/doctest.h>

#include "monitors/registry.h"
#include "ports/fake_mirror.h"
#include "ports/testing.h"

namespace mainstay {
namespace {

using Texts = std::vector<std::string>;

struct Bench {
  testing::FakeClock clock;
  testing::FakeAws aws{clock};
  testing::FakeHost host{clock};
  testing::FakeProcess process{clock};
  testing::FakeMirror mirror{clock};
  Cancellation cancellation;
  Duration time_limit = 30s;
  const MonitorType& type;
  Params params;

  Bench(std::string_view name, Params own)
      : type(*find_monitor_type(name)), params(std::move(own)) {
    const Params defaults = defaults_of(type.schema.fields);
    params.insert(defaults.begin(), defaults.end());
  }
  MonitorContext context() {
    return {.node = NodeName("server1"),
            .monitor = MonitorName("monitor1"),
            .call = {clock.now() + time_limit, cancellation},
            .clock = clock,
            .host = host,
            .process = process,
            .aws = aws,
            .mirror = mirror,
            .log_directory = "/var/log/mainstay"};
  }
  Health observe() {
    MonitorContext here = context();
    return testing::run(clock, type.observe(params, here));
  }
};

struct Ip : Bench {
  Ip() : Bench("ipw", {{"addresses", Texts{"10.0.10.20", "10.0.20.20"}}}) {}
};

TEST_CASE("one reply of several is enough") {
  Ip bench;
  bench.host.pings = {{"10.0.20.20", Duration(1ms)}};
  CHECK(bench.observe() == healthy());
}

TEST_CASE("no reply from any address is an error after the ping timeout, all asked at once") {
  Ip bench;
  const Instant begun = bench.clock.now();
  const Health health = bench.observe();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(health.message.find("10.0.10.20, 10.0.20.20") != std::string::npos);
  CHECK(bench.clock.now() - begun == 5s);
}

TEST_CASE("a ping that could not be sent is no answer, unless another was and got none") {
  Ip bench;
  const Result<Duration> refused = failure(Code::denied, "operation not permitted");
  bench.host.pings = {{"10.0.10.20", refused}, {"10.0.20.20", refused}};
  CHECK(bench.observe().verdict == Verdict::unknown);
  bench.host.pings = {{"10.0.10.20", refused}};
  CHECK(bench.observe().verdict == Verdict::unhealthy);
}

TEST_CASE("without a route to any address the node is cut off") {
  Ip bench;
  const Result<Duration> no_route = failure(Code::unavailable, "network is unreachable");
  bench.host.pings = {{"10.0.10.20", no_route}, {"10.0.20.20", no_route}};
  CHECK(bench.observe().verdict == Verdict::unhealthy);
}

TEST_CASE("a ping that is called off says nothing") {
  Ip bench;
  MonitorContext context = bench.context();
  auto task = bench.type.observe(bench.params, context);
  task.start();
  bench.cancellation.request();
  REQUIRE(task.done());
  CHECK(task.take().verdict == Verdict::unknown);
}

struct Custom : Bench {
  Custom() : Bench("genw", {{"script", Texts{"/opt/check.sh", "-q"}}}) {}
};

TEST_CASE("the exit code of a custom monitor is its answer and its number") {
  struct Row {
    ProgramEnd end;
    Health health;
  };
  const std::vector<Row> table = {
      {{.exit_code = 0}, healthy()},
      {{.exit_code = 3},
       {Verdict::unhealthy, 3,
        "The script returned an abnormal value. "
        "/opt/check.sh returned 3"}},
      {{.exit_code = 5, .last_line = "no answer"},
       {Verdict::unhealthy, 5,
        "The script returned an abnormal value. /opt/check.sh returned 5: no answer"}},
      {{.signal = 9}, {Verdict::unknown, 4, "The script was killed. /opt/check.sh by signal 9"}},
  };
  for (const Row& row : table) {
    Custom bench;
    bench.process.behaviours["/opt/check.sh"].end = row.end;
    CHECK(bench.observe() == row.health);
    CHECK(bench.process.started.at(0).argv == Texts{"/opt/check.sh", "-q"});
  }
}

TEST_CASE("a custom monitor that hangs is an error, one that cannot be started is no answer") {
  Custom bench;
  bench.process.behaviours["/opt/check.sh"].lasts = 24h;
  Health health = bench.observe();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(health.number == 6);
  bench.process.behaviours["/opt/check.sh"].start_error = Error{Code::not_found, "no such file"};
  health = bench.observe();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 4);
}

struct Zone : Bench {
  Zone() : Bench("awsazw", {{"zone", std::string("ap-northeast-1a")}}) {
    aws.zones["ap-northeast-1a"] = {"ap-northeast-1a", ZoneState::available, {}};
  }
  Health in_state(ZoneState state) {
    aws.zones["ap-northeast-1a"].state = state;
    return observe();
  }
};

TEST_CASE("an available zone is healthy, an impaired one a warning, an unavailable one an error") {
  Zone bench;
  CHECK(bench.in_state(ZoneState::available) == healthy());
  CHECK(bench.in_state(ZoneState::information).verdict == Verdict::unknown);
  CHECK(bench.in_state(ZoneState::impaired).number == 7);
  bench.aws.zones["ap-northeast-1a"].messages = {"Power is failing."};
  const Health health = bench.in_state(ZoneState::unavailable);
  CHECK(health == Health{Verdict::unhealthy, 8,
                         "The availability zone is unavailable. ap-northeast-1a. AWS says: Power "
                         "is failing."});
}

TEST_CASE("a zone that does not exist and an AWS that does not answer are no verdict on the zone") {
  Zone bench;
  bench.params["zone"] = std::string("ap-northeast-1x");
  Health health = bench.observe();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 5);
  CHECK(health.message.starts_with("Invalid availability zone: [ap-northeast-1x]"));
  bench.params["zone"] = std::string("ap-northeast-1a");
  bench.aws.faults["zone"] = {{testing::Fault::When::before, {}, true}, {}};
  health = bench.observe();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 6);
  CHECK(health.message.starts_with("Timeout occurred."));
  health = bench.observe();
  CHECK(health.number == 5);
  CHECK(health.message.starts_with("the AWS CLI command failed."));
}

TEST_CASE("a zone that is left out is asked from the metadata service") {
  Zone bench;
  bench.params["zone"] = std::string();
  bench.aws.self.zone = "ap-northeast-1a";
  CHECK(bench.observe() == healthy());
  bench.aws.faults["identity"] = {{testing::Fault::When::before, {}, true}};
  CHECK(bench.observe().verdict == Verdict::unknown);
}

struct Notice : Bench {
  Notice() : Bench("awsnoticew", {}) {}
  Health announced(const AwsNotice& notice) {
    aws.announced = {notice};
    return observe();
  }
};

TEST_CASE("what EC2 announces is an error with a number of its own, unless it is not to count") {
  struct Row {
    NoticeKind kind;
    int number;
    const char* field;
  };
  const std::vector<Row> table = {{NoticeKind::spot_interruption, 7, "spot_interruption"},
                                  {NoticeKind::rebalance, 8, "rebalance"},
                                  {NoticeKind::maintenance, 9, "maintenance"},
                                  {NoticeKind::scale_in, 10, "scale_in"}};
  for (const Row& row : table) {
    Notice bench;
    CHECK(bench.observe() == healthy());
    const Health health = bench.announced({row.kind, "terminate", std::nullopt});
    CHECK(health.verdict == Verdict::unhealthy);
    CHECK(health.number == row.number);
    CHECK(health.message.find("terminate") != std::string::npos);
    bench.params[row.field] = false;
    CHECK(bench.observe() == healthy());
  }
}

TEST_CASE("a maintenance is a warning until it is near") {
  Notice bench;
  const WallTime now = bench.clock.wall();
  Health health = bench.announced({NoticeKind::maintenance, "system-reboot", now + 16min});
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 9);
  health = bench.announced({NoticeKind::maintenance, "system-reboot", now + 15min});
  CHECK(health.verdict == Verdict::unhealthy);
  // The one that counts is told, not the one that comes first.
  bench.aws.announced.insert(bench.aws.announced.begin(),
                             {NoticeKind::maintenance, "instance-stop", now + 100h});
  health = bench.observe();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(health.message.find("system-reboot") != std::string::npos);
}

TEST_CASE("a metadata service that does not answer announces nothing") {
  Notice bench;
  bench.aws.faults["notices"] = {{testing::Fault::When::before, {}, true}};
  const Health health = bench.observe();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 6);
}

TEST_CASE("a custom monitor needs an absolute path and possible return values") {
  const TypeSchema& schema = find_monitor_type("genw")->schema;
  Params params = defaults_of(schema.fields);
  params["script"] = Texts{"/opt/check.sh"};
  CHECK(schema.laws(params).empty());
  params["script"] = Texts{"check.sh"};
  params["normal_values"] = Texts{"256"};
  CHECK(schema.laws(params).size() == 2);
}

}  // namespace
}  // namespace mainstay
