// The engine's control socket, from the daemon's side: over a real socket.
#include "adapters/mirror/mirror_client.h"

#include <doctest/doctest.h>

#include "adapters/linux/clock.h"
#include "adapters/linux/test_support.h"
#include "adapters/mirror/fake_engine.h"
#include "adapters/mirror/protocol.h"
#include "ports/mirror_contract.h"

namespace mainstay::adapters {
namespace {

struct World {
  TemporaryDirectory directory;
  Loop loop;
  LinuxClock clock{loop};
  FakeEngine engine{loop, control_socket(directory.path().string(), "md1")};
  MirrorClient client{loop, directory.path().string()};

  MirrorStatus status() {
    const auto result = finish(loop, client.status("md1", call_within(loop, 5s)));
    REQUIRE(result.has_value());
    return *result;
  }
};

TEST_CASE("asking over the socket keeps the contract of mirrors") {
  World world;
  const auto broken = broken_clauses(
      {.mirror = world.client,
       .clock = world.clock,
       .run_until =
           [&world](const std::function<bool()>& done) {
             MAINSTAY_CHECK(world.loop.run_until(done, world.loop.now() + test_patience));
           },
       .name = "md1",
       .fall_behind = [&world] { world.engine.own = "outdated"; },
       .be_silent = [&world] { world.engine.silent = true; },
       .heal = [&world] { world.engine.silent = false; },
       .call_limit = 500ms});
  CHECK(broken == std::vector<std::string>{});
}

TEST_CASE("everything the engine says of itself is read") {
  World world;
  world.engine.role = "primary";
  world.engine.term = 7;
  const MirrorStatus status = world.status();
  CHECK(status.role == MirrorRole::primary);
  CHECK(status.term == 7);
  CHECK(status.peer == CopyState::recovering);
  CHECK(status.recovered_percent == 42.0);
  CHECK(status.resync_rate == 104857600);
  CHECK(status.time_left == Duration(500ms));
  CHECK(status.dirty_bytes == 73400320);
  CHECK(status.path == "10.0.2.10:29051");
  CHECK(status.device == "/dev/null");
  CHECK(status.size == 1000);
  CHECK(status.grown_from == 500);
  CHECK(status.growth == MirrorGrowth{.to = 2000, .percent = 25});
  CHECK(status.latencies.at("flush").p99_us == 900);
}

TEST_CASE("an engine that hangs up may have done what it was asked") {
  World world;
  world.engine.hangs_up = true;
  const auto promoted =
      finish(world.loop, world.client.promote("md1", 7, call_within(world.loop, 5s)));
  CHECK(promoted.error().code == Code::outcome_unknown);
  const auto status = finish(world.loop, world.client.status("md1", call_within(world.loop, 5s)));
  CHECK(status.error().code == Code::unavailable);
}

TEST_CASE("an order that the engine cannot do is refused in its words") {
  World world;
  const auto verify = MirrorOrder::verify;
  const auto refused =
      finish(world.loop, world.client.order("md1", verify, call_within(world.loop, 5s)));
  CHECK(refused.error().code == Code::invalid);
  CHECK(refused.error().message == "this engine cannot verify");
  const auto cut = MirrorOrder::break_off;
  CHECK(
      finish(world.loop, world.client.order("md1", cut, call_within(world.loop, 5s))).has_value());
  CHECK(world.engine.heard.back() == "break");
}

TEST_CASE("what is no answer is corrupt, whatever it is") {
  for (const char* line : {"", "{", "[]", "7", "null", "{}", R"({"ok":1})", R"({"ok":true})",
                           R"({"ok":true,"role":"king"})", R"({"ok":true,"role":7})"}) {
    CAPTURE(line);
    const auto status = mirror_status_from(line);
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code == Code::corrupt);
  }
  CHECK(mirror_status_from(std::string(mirror_line_max + 1, ' ')).error().code == Code::corrupt);
}

TEST_CASE("what is impossible in an answer is left out") {
  const auto status = mirror_status_from(
      R"({"ok":true,"role":"secondary","term":-1,"own":7,"peer":{"state":"fine","percent":-3},)"
      R"("resync":{"seconds_left":1e300,"bytes_per_second":"fast"},"latency":[1,2]})");
  REQUIRE(status.has_value());
  CHECK(status->term == 0);
  CHECK(status->own == CopyState::unknown);
  CHECK_FALSE(status->recovered_percent.has_value());
  CHECK_FALSE(status->time_left.has_value());
  CHECK(status->latencies.empty());
}

TEST_CASE("a refusal without a code is a conflict, one with a code is what it says") {
  CHECK(outcome_from(R"({"ok":false,"text":"no"})").error().code == Code::conflict);
  const auto refused = outcome_from(R"({"ok":false,"code":"unavailable","text":"not yet"})");
  CHECK(refused.error() == Error{Code::unavailable, "not yet"});
  CHECK(outcome_from(R"({"ok":true})").has_value());
}

}  // namespace
}  // namespace mainstay::adapters
