// The mirror connect monitor over the fake engine.
#include <doctest/doctest.h>

#include "monitors/registry.h"
#include "ports/fake_mirror.h"

namespace mainstay {
namespace {

struct Bench {
  testing::FakeClock clock;
  testing::FakeAws aws{clock};
  testing::FakeHost host{clock};
  testing::FakeProcess process{clock};
  testing::FakeMirror mirror{clock};
  MirrorStatus& copy = mirror.add("md1");

  Health observe() {
    MonitorContext context{.node = NodeName("server1"),
                           .monitor = MonitorName("mdnw1"),
                           .call = {clock.now() + 5s, {}},
                           .clock = clock,
                           .host = host,
                           .process = process,
                           .aws = aws,
                           .mirror = mirror,
                           .log_directory = "/var/log/mainstay"};
    const Params params{{"mirror", std::string("md1")}};
    return testing::run(clock, find_monitor_type("mdnw")->observe(params, context));
  }
};

TEST_CASE("mdnw: two copies that are linked are well, on either node") {
  Bench bench;
  CHECK(bench.observe() == healthy());
  bench.copy.role = MirrorRole::primary;
  CHECK(bench.observe() == healthy());
}

TEST_CASE("mdnw: a link that is down is an error, one that was broken off by order a warning") {
  Bench bench;
  bench.copy.connected = false;
  CHECK(bench.observe().verdict == Verdict::unhealthy);
  CHECK(bench.observe().number == 4);
  bench.copy.broken_off = true;
  CHECK(bench.observe().verdict == Verdict::unknown);
  CHECK(bench.observe().number == 7);
}

TEST_CASE("mdnw: while the other copy recovers it warns, and says how far it is") {
  Bench bench;
  bench.copy.role = MirrorRole::primary;
  bench.copy.peer = CopyState::recovering;
  bench.copy.recovered_percent = 42;
  bench.copy.time_left = Duration(3s);
  const Health health = bench.observe();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.message == "The other copy is recovering, 42 % done, 3 s left.");
}

TEST_CASE("mdnw: copies that have diverged are an error whatever else is so") {
  Bench bench;
  bench.copy.connected = false;
  bench.copy.own = CopyState::diverged;
  CHECK(bench.observe().number == 9);
}

TEST_CASE("mdnw: an engine that is not there, or says nothing, is unknown") {
  Bench bench;
  bench.mirror.silent = true;
  CHECK(bench.observe().verdict == Verdict::unknown);
  CHECK(bench.observe().number == 6);
  bench.mirror.silent = false;
  bench.mirror.mirrors.clear();
  CHECK(bench.observe().verdict == Verdict::unknown);
}

}  // namespace
}  // namespace mainstay
