#include <doctest/doctest.h>

#include "sim/fixture.h"

namespace mainstay::sim {
namespace {

struct Shop : Bench {
  explicit Shop(std::uint64_t seed = 1) : Bench(seed) {
    for (std::size_t i = 0; i < 2; ++i) {
      world.machine(i).process().judge_by([](const Program& program) {
        if (program.argv.at(0) == "/start") return Conduct::starts_service;
        if (program.argv.at(0) == "/stop") return Conduct::stops_service;
        return program.argv.at(0) == "/serve" ? Conduct::resident : Conduct::passes;
      });
    }
  }
  ProcessPort& process() { return world.machine(0).process(); }
  ScriptConditions& rates() { return world.machine(0).conditions().scripts; }
  Result<ProgramEnd> run_script(const std::string& path, Duration limit = 10s) {
    Outcome outcome(process().run({.argv = {path}, .family = "web"}, call(0, limit)));
    run(limit);
    REQUIRE(outcome.settled());
    return outcome.value();
  }
};

TEST_CASE("a start script leaves a service behind, a stop script ends it") {
  Shop shop;
  CHECK(shop.run_script("/start")->exit_code == 0);
  CHECK(shop.process().serves("web"));
  CHECK(shop.run_script("/start")->exit_code == 0);
  CHECK(shop.process().members("web").size() == 1);
  CHECK(shop.run_script("/stop")->exit_code == 0);
  CHECK(!shop.process().serves("web"));
}

TEST_CASE("a script that hangs is killed at its deadline, with an end that says so") {
  Shop shop;
  shop.rates().hang = 1;
  const auto end = shop.run_script("/start");
  CHECK(end->timed_out);
  CHECK(end->signal == 9);
  CHECK(shop.process().members("web").empty());
}

TEST_CASE("a script that fails has no effect, one that lies has none either") {
  Shop shop;
  shop.rates().fail = 1;
  CHECK(shop.run_script("/start")->exit_code == 1);
  CHECK(!shop.process().serves("web"));
  shop.rates() = {};
  shop.rates().lie = 1;
  CHECK(shop.run_script("/start")->exit_code == 0);
  CHECK(!shop.process().serves("web"));
}

TEST_CASE("programs outlive their daemon and end with the power") {
  Shop shop;
  REQUIRE(shop.process().start({.argv = {"/serve"}, .family = "web"}).has_value());
  shop[0].kill_daemon();
  shop.run(1s);
  CHECK(shop.process().serves("web"));
  shop[0].power_off();
  CHECK(!shop.process().serves("web"));
}

TEST_CASE("the end of a resident program is noticed at once by whoever waits") {
  Shop shop;
  const auto program = shop.process().start({.argv = {"/serve"}, .family = "web"});
  Outcome end((*program)->wait({never, {}}));
  shop.run(1h);
  CHECK(!end.settled());
  CHECK(shop.process().fell("web", 3));
  shop.run(0s);
  CHECK(end.value()->exit_code == 3);
  Outcome again((*program)->wait({never, {}}));
  CHECK(again.value()->exit_code == 3);
}

TEST_CASE("a stubborn program goes at the kill time, an undying one later still") {
  Shop shop;
  shop.rates().outlive = 1;
  REQUIRE(shop.process().start({.argv = {"/serve"}, .family = "web"}).has_value());
  const Instant now = shop[0].now();
  Outcome end(shop.process().end_family("web", now + 2s, shop.call(0, 5s)));
  shop.run(1900ms);
  CHECK(!end.settled());
  shop.run(200ms);
  CHECK(end.value().has_value());

  shop.rates().undying = 1;
  REQUIRE(shop.process().start({.argv = {"/serve"}, .family = "web"}).has_value());
  Outcome late(shop.process().end_family("web", shop[0].now(), shop.call(0, 500ms)));
  shop.run(600ms);
  CHECK(late.value().error().code == Code::timed_out);
  CHECK(shop.process().serves("web"));
  shop.run(15s);
  CHECK(!shop.process().serves("web"));
}

TEST_CASE("a cancelled script is killed and says so") {
  Shop shop;
  shop.rates().hang = 1;
  const Call call = shop.call(0, 10s);
  Outcome outcome(shop.process().run({.argv = {"/start"}, .family = "web"}, call));
  call.cancellation.request();
  CHECK(outcome.value().error().code == Code::cancelled);
  CHECK(shop.process().members("web").empty());
}

}  // namespace
}  // namespace mainstay::sim
