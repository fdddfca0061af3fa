#include "runtime/reachability.h"

#include <doctest/doctest.h>

#include "ports/testing.h"

namespace mainstay {
namespace {

using namespace testing;

struct Bench {
  ReachabilityConfig& add(const std::string& name, ReachabilityKind kind) {
    auto& checks = config.arbitration.reachability;
    checks.push_back({.name = name, .kind = kind, .targets = {}});
    checks.back().targets[self];
    return checks.back();
  }
  ReachabilityAnswer ask() { return run(clock, check_reachability(asker, {})); }

  ClusterConfig config;
  NodeName self{"a"};
  std::string log_directory = "/log";
  FakeClock clock;
  FakeHost host{clock};
  FakeProcess process{clock};
  ReachabilityAsker asker{config, self, clock, host, process, log_directory};
};

TEST_CASE("one target that answers is enough for a check, and every check must be answered") {
  Bench bench;
  bench.add("nat", ReachabilityKind::ping).targets[bench.self] = {{"10.0.0.1", 0, ""},
                                                                  {"10.0.0.2", 0, ""}};
  bench.host.pings["10.0.0.2"] = Duration(1ms);
  CHECK(bench.ask().verdict == Reachability::reachable);
  bench.add("gate", ReachabilityKind::ping).targets[bench.self] = {{"10.0.0.3", 0, ""}};
  const ReachabilityAnswer answer = bench.ask();
  CHECK(answer.verdict == Reachability::unreachable);
  CHECK(answer.why == "gate: 10.0.0.3: no reply");
  REQUIRE(answer.single.size() == 2);
  CHECK(answer.single[0].verdict == Reachability::reachable);
  CHECK(answer.single[1].verdict == Reachability::unreachable);
  CHECK(answer.single[1].why == "10.0.0.3: no reply");
}

TEST_CASE("a web server below 500 shows the way, a broken one or none does not") {
  Bench bench;
  ReachabilityConfig& check = bench.add("web", ReachabilityKind::http);
  check.targets[bench.self] = {{"gw.example", 0, "https://gw.example/"}};
  check.proxy = "http://proxy:3128";
  check.ca_file = "/ca.pem";
  check.verify = false;
  for (const auto& [status, good] :
       {std::pair{200, true}, {404, true}, {499, true}, {500, false}}) {
    CAPTURE(status);
    bench.host.pages["https://gw.example/"] = status;
    CHECK((bench.ask().verdict == Reachability::reachable) == good);
  }
  CHECK(bench.ask().why == "web: https://gw.example/: it answers with status 500");
  CHECK(bench.host.heads.back().proxy == "http://proxy:3128");
  CHECK(bench.host.heads.back().ca_file == "/ca.pem");
  CHECK_FALSE(bench.host.heads.back().verify);
  bench.host.pages.clear();
  CHECK(bench.ask().why == "web: https://gw.example/: no answer");
}

TEST_CASE("a script says it with its exit code") {
  Bench bench;
  bench.add("own", ReachabilityKind::script).script = "/opt/reach";
  CHECK(bench.ask().verdict == Reachability::reachable);
  CHECK(bench.process.started.back().environment.at("MAINSTAY_NODE") == "a");
  CHECK(bench.process.started.back().log_file == "/log/reachability-own.log");
  auto& behaviour = bench.process.behaviours["/opt/reach"];
  behaviour.end.exit_code = 1;
  behaviour.end.last_line = "no route";
  CHECK(bench.ask().why == "own: /opt/reach returned 1: no route");
  behaviour.lasts = 1h;
  const Instant began = bench.clock.now();
  CHECK(bench.ask().why == "own: /opt/reach did not end in time and was killed");
  CHECK(bench.clock.now() == began + 500ms);
}

}  // namespace
}  // namespace mainstay
