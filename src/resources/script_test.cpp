// script with programs that fail, hang, ignore signals and end by themselves.
#include <doctest/doctest.h>

#include "resources/testing.h"

namespace mainstay {
namespace {

using testing::holds;
using Texts = std::vector<std::string>;

constexpr auto start = "/opt/web/start.sh";
constexpr auto stop = "/opt/web/stop.sh";
constexpr auto family = "resource1";

struct Bench : testing::ResourceBench {
  Bench() : ResourceBench("script", {{"start", Texts{start, "--fast"}}, {"stop", Texts{stop}}}) {}
};

struct Resident : testing::ResourceBench {
  Resident()
      : ResourceBench("script", {{"start", Texts{start}}, {"mode", std::string("resident")}}) {
    process.behaviours[start].lasts = 1h;
  }
  bool runs() { return !process.members(family).empty(); }
};

TEST_CASE("a synchronous script is active when it has returned a normal value") {
  Bench bench;
  bench.process.behaviours[start].lasts = 2s;
  const Instant begun = bench.clock.now();
  CHECK(bench.activate().has_value());
  CHECK(bench.clock.now() - begun == 2s);
  REQUIRE(bench.process.started.size() == 1);
  const Program& program = bench.process.started[0];
  CHECK(program.argv == Texts{start, "--fast"});
  CHECK(program.family == family);
  CHECK(program.log_file == "/var/log/mainstay/resource1.log");
}

TEST_CASE("a script is told why it runs") {
  Bench bench;
  bench.facts = {.cause = StartCause::failover,
                 .stop_cause = StopCause::group_move,
                 .previous_node = NodeName("server2"),
                 .policy_position = 2};
  REQUIRE(bench.activate().has_value());
  auto told = bench.process.started[0].environment;
  CHECK(told["CLP_EVENT"] == "FAILOVER");
  CHECK(told["CLP_SERVER"] == "OTHER");
  CHECK(told["CLP_PRIORITY"] == "2");
  CHECK(told["CLP_SERVER_PREV"] == "server2");
  CHECK(told["CLP_GROUPNAME"] == "failover1");
  CHECK(told["CLP_RESOURCENAME"] == "resource1");
  CHECK(told["CLP_SCRIPT_PATH"] == "/opt/web");
  CHECK(told["MAINSTAY_TERM"] == "7");
  CHECK_FALSE(told.contains("CLP_FACTOR"));

  REQUIRE(bench.deactivate().has_value());
  told = bench.process.started[1].environment;
  CHECK(told["CLP_FACTOR"] == "GROUPMOVE");
}

TEST_CASE("an abnormal value fails the activation with the last line of the script") {
  Bench bench;
  bench.process.behaviours[start].end = {.exit_code = 3, .last_line = "cannot bind to port 80"};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 3);
  CHECK(holds(status.error().message, "returned 3: cannot bind to port 80"));
}

TEST_CASE("normal values are numbers and ranges") {
  Bench bench;
  bench.params["normal_values"] = Texts{"0", "2-10"};
  const std::vector<std::pair<int, bool>> table = {{0, true},  {1, false},  {2, true},
                                                   {10, true}, {11, false}, {255, false}};
  for (const auto& [exit_code, normal] : table) {
    CAPTURE(exit_code);
    bench.process.behaviours[start].end.exit_code = exit_code;
    CHECK(bench.activate().has_value() == normal);
  }
}

TEST_CASE("a script that is killed by a signal failed, whatever its exit code") {
  Bench bench;
  bench.process.behaviours[start].end = {.exit_code = 0, .signal = 11};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(holds(status.error().message, "signal 11"));
}

TEST_CASE("a script that hangs is killed at the deadline") {
  Bench bench;
  bench.process.behaviours[start].lasts = 24h;
  const Instant begun = bench.clock.now();
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 6);
  CHECK(status.error().message.starts_with("Timeout occurred."));
  CHECK(bench.clock.now() - begun == bench.time_limit);
  CHECK(bench.process.members(family).empty());
}

TEST_CASE("a script that is not there says which") {
  Bench bench;
  bench.process.behaviours[start].start_error = Error{Code::not_found, "no such file"};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 4);
  CHECK(holds(status.error().message, start));
}

TEST_CASE("leftovers of an earlier activation are killed first") {
  Bench bench;
  bench.process.leave_behind(family);
  CHECK(bench.activate().has_value());
  CHECK(bench.process.members(family).empty());
  REQUIRE(bench.warnings.size() == 1);
  CHECK(holds(bench.warnings[0], "earlier activation"));
}

TEST_CASE("what outlives the stop script of a synchronous script is ended") {
  Bench bench;
  bench.process.leave_behind(family);
  CHECK(bench.deactivate().has_value());
  CHECK(bench.process.started.size() == 1);
  CHECK(bench.process.members(family).empty());
}

TEST_CASE("a failing stop script fails the deactivation, but not the cleaning up at the start") {
  Bench bench;
  bench.process.behaviours[stop].end.exit_code = 1;
  const Status status = bench.deactivate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 3);
  bench.facts.stop_cause = StopCause::cleanup;
  CHECK(bench.deactivate().has_value());
  CHECK(bench.warnings.size() == 1);
}

TEST_CASE("a resident program is active at once unless readiness is asked for") {
  Resident bench;
  const Instant begun = bench.clock.now();
  CHECK(bench.activate().has_value());
  CHECK(bench.clock.now() == begun);
  CHECK(bench.runs());
  CHECK(bench.kept.program != nullptr);
  CHECK(bench.check() == healthy());
}

TEST_CASE("a resident program that does not stay for ready_after failed") {
  Resident bench;
  bench.params["ready_after"] = Duration(2s);
  CHECK(bench.activate().has_value());
  bench.process.behaviours[start] = {.lasts = 500ms, .end = {.exit_code = 1, .last_line = "no"}};
  const Instant begun = bench.clock.now();
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 7);
  CHECK(holds(status.error().message, "returned 1: no"));
  CHECK(bench.clock.now() - begun == 500ms);
  CHECK_FALSE(bench.runs());
}

TEST_CASE("a readiness port makes the activation last until it accepts") {
  Resident bench;
  bench.params["ready_port"] = std::int64_t{80};
  bench.clock.call_at(bench.clock.now() + 300ms, [&bench] { bench.host.open_ports = {80}; });
  const Instant begun = bench.clock.now();
  CHECK(bench.activate().has_value());
  CHECK(bench.clock.now() - begun >= 300ms);
  CHECK(bench.clock.now() - begun <= 330ms);
}

TEST_CASE("a program that ends before its port opens failed at once") {
  Resident bench;
  bench.params["ready_port"] = std::int64_t{80};
  bench.process.behaviours[start].lasts = 100ms;
  const Instant begun = bench.clock.now();
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 7);
  CHECK(bench.clock.now() - begun <= 130ms);
}

TEST_CASE("a port that never opens is a time-out and the program is killed") {
  Resident bench;
  bench.params["ready_port"] = std::int64_t{80};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 6);
  CHECK(holds(status.error().message, "port 80"));
  CHECK_FALSE(bench.runs());
}

TEST_CASE("a cancelled activation leaves no program behind") {
  Resident bench;
  bench.params["ready_after"] = Duration(10s);
  Context context = bench.context();
  auto task = bench.type.activate(bench.params, context);
  task.start();
  bench.clock.advance(1s);
  REQUIRE(bench.runs());
  bench.cancellation.request();
  REQUIRE(task.done());
  CHECK(task.take().error().code == Code::cancelled);
  CHECK_FALSE(bench.runs());
}

TEST_CASE("the watch ends as soon as the program does, with the reason") {
  Resident bench;
  bench.process.behaviours[start] = {.lasts = 40s, .end = {.exit_code = 2, .last_line = "oops"}};
  REQUIRE(bench.activate().has_value());
  bench.time_limit = Duration::max();
  Context context = bench.context();
  auto watch = bench.type.watch(bench.params, context);
  watch.start();
  bench.clock.advance(39s);
  REQUIRE_FALSE(watch.done());
  bench.clock.advance(1s);
  REQUIRE(watch.done());
  const Error error = watch.take();
  CHECK(error.number == 7);
  CHECK(holds(error.message, "returned 2: oops"));
  CHECK(bench.check().verdict == Verdict::unhealthy);
}

TEST_CASE("a watch can be called off, with and without a program") {
  Resident resident;
  REQUIRE(resident.activate().has_value());
  Bench synchronous;
  for (testing::ResourceBench* bench : {static_cast<testing::ResourceBench*>(&resident),
                                        static_cast<testing::ResourceBench*>(&synchronous)}) {
    bench->time_limit = Duration::max();
    Context context = bench->context();
    auto watch = bench->type.watch(bench->params, context);
    watch.start();
    REQUIRE_FALSE(watch.done());
    bench->cancellation.request();
    REQUIRE(watch.done());
    CHECK(watch.take().code == Code::cancelled);
  }
  CHECK(resident.runs());
}

TEST_CASE("a resident program is ended by signals: at once if it listens") {
  Resident bench;
  REQUIRE(bench.activate().has_value());
  const Instant begun = bench.clock.now();
  CHECK(bench.deactivate().has_value());
  CHECK(bench.clock.now() == begun);
  CHECK_FALSE(bench.runs());
  CHECK(bench.kept.program == nullptr);
  CHECK(bench.deactivate().has_value());
}

TEST_CASE("a resident program that ignores SIGTERM is killed after kill_after") {
  Resident bench;
  bench.process.behaviours[start].ignores_sigterm = true;
  REQUIRE(bench.activate().has_value());
  const Instant begun = bench.clock.now();
  CHECK(bench.deactivate().has_value());
  CHECK(bench.clock.now() - begun == 10s);
  CHECK_FALSE(bench.runs());
}

TEST_CASE("a short deadline shortens everything: the program is dead before it") {
  Resident bench;
  bench.params["stop"] = Texts{stop};
  bench.process.behaviours[start].ignores_sigterm = true;
  bench.process.behaviours[stop].lasts = 24h;
  REQUIRE(bench.activate().has_value());
  bench.time_limit = 4s;
  const Instant begun = bench.clock.now();
  CHECK(bench.deactivate().has_value());
  CHECK_FALSE(bench.runs());
  CHECK(bench.clock.now() - begun < 4s);
  // The stop script failed, but the program is gone.
  CHECK(bench.warnings.size() == 1);
}

TEST_CASE("release kills the family now") {
  Resident bench;
  REQUIRE(bench.activate().has_value());
  Context context = bench.context();
  bench.type.release(bench.params, context);
  CHECK_FALSE(bench.runs());
}

TEST_CASE("only a resident script has a monitor of its own") {
  const TypeSchema& schema = find_resource_type("script")->schema;
  REQUIRE(schema.check.has_value());
  Params params = defaults_of(schema.fields);
  CHECK_FALSE(schema.check->applies(params));
  params["mode"] = std::string("resident");
  CHECK(schema.check->applies(params));
}

TEST_CASE("contradictions between the fields of a script") {
  const TypeSchema& schema = find_resource_type("script")->schema;
  struct Row {
    const char* name;
    Params own;
    const char* key;  // "" if there is none
  };
  const std::vector<Row> table = {
      {"all fine", {{"start", Texts{"/a"}}}, ""},
      {"relative start", {{"start", Texts{"a"}}}, "start"},
      {"relative stop", {{"start", Texts{"/a"}}, {"stop", Texts{"b"}}}, "stop"},
      {"a port without a resident",
       {{"start", Texts{"/a"}}, {"ready_port", std::int64_t{80}}},
       "ready_port"},
      {"a word as a return value",
       {{"start", Texts{"/a"}}, {"normal_values", Texts{"zero"}}},
       "normal_values"},
      {"a range upside down",
       {{"start", Texts{"/a"}}, {"normal_values", Texts{"9-2"}}},
       "normal_values"},
      {"a value beyond a byte",
       {{"start", Texts{"/a"}}, {"normal_values", Texts{"256"}}},
       "normal_values"},
  };
  for (const Row& row : table) {
    CAPTURE(row.name);
    Params params = row.own;
    const Params defaults = defaults_of(schema.fields);
    params.insert(defaults.begin(), defaults.end());
    const auto found = schema.laws(params);
    if (std::string_view(row.key).empty()) {
      CHECK(found.empty());
    } else {
      REQUIRE(found.size() == 1);
      CHECK(found[0].key == row.key);
      CHECK_FALSE(found[0].remedy.empty());
    }
  }
}

}  // namespace
}  // namespace mainstay
