#include <doctest/doctest.h>

#include "sim/fixture.h"

namespace mainstay::sim {
namespace {

TEST_CASE("a clock that drifts shows an instant no earlier than it was asked to") {
  for (const std::int64_t drift : {-10'000, -1, 0, 1, 10'000}) {
    const ClockRate rate{.offset = 5min, .drift_ppm = drift};
    for (const Duration after : {0ns, 1ns, 999'999ns, Duration(1s), Duration(10h)}) {
      const Instant instant = rate.local(WorldTime{}) + after;
      const WorldTime time = rate.world(instant);
      CHECK(rate.local(time) >= instant);
      CHECK((time == WorldTime{} || rate.local(time - Duration(1)) < instant));
    }
  }
  CHECK(ClockRate{.offset = 0s, .drift_ppm = 10'000}.local(WorldTime(100s)) == Instant(101s));
  CHECK(ClockRate{}.world(never) == world_never);
}

TEST_CASE(
    "what is due at one moment runs in the order it was asked for, and cancelled not at all") {
  Queue queue;
  std::string order;
  const auto entry = [&](char name) {
    return Due{Scope::world, 0, 0, [&order, name] { order += name; }};
  };
  queue.at(WorldTime(2s), entry('c'));
  queue.at(WorldTime(1s), entry('a'));
  const QueueId gone = queue.at(WorldTime(1s), entry('x'));
  queue.at(WorldTime(1s), entry('b'));
  queue.cancel(gone);
  queue.cancel(gone);
  CHECK(queue.size() == 3);
  while (!queue.empty()) queue.pop().second.action();
  CHECK(order == "abc");
}

TEST_CASE("a timer that is armed anew a thousand times leaves nothing behind") {
  Queue queue;
  QueueId last = 0;
  int ran = 0;
  for (int i = 0; i < 1000; ++i) {
    queue.cancel(last);
    last = queue.at(WorldTime(1s), Due{Scope::world, 0, 0, [&ran] { ++ran; }});
  }
  CHECK(queue.size() == 1);
  queue.pop().second.action();
  CHECK(ran == 1);
  CHECK(queue.next_time() == world_never);
}

TEST_CASE("a frozen machine's timers and deliveries wait, and its clock runs on") {
  Bench bench;
  int timer = 0;
  int heard = 0;
  bench[0].network().listen(
      {.on_datagram = [&](const NodeName&, PathIndex, ByteView) { ++heard; }, .on_message = {}});
  const Instant before = bench[0].now();
  bench[0].clock().call_at(before + 1s, [&] { ++timer; });
  bench[0].freeze();
  bench[1].network().send_datagram(NodeName("a"), 0, as_bytes("hello"));
  bench.run(5s);
  CHECK(timer == 0);
  CHECK(heard == 0);
  CHECK(bench[0].now() == before + 5s);
  bench[0].thaw();
  bench.run(0s);
  CHECK(timer == 1);
  CHECK(heard == 1);
}

TEST_CASE("what was due for a daemon dies with it") {
  Bench bench;
  int timer = 0;
  bench[0].clock().call_at(bench[0].now() + 1s, [&] { ++timer; });
  bench[0].kill_daemon();
  bench[0].start_daemon();
  bench.run(5s);
  CHECK(timer == 0);
  CHECK(bench.begun[0] == 2);
}

TEST_CASE("the watchdog resets a machine whose daemon is stuck, even one whose daemon is gone") {
  for (const bool killed : {false, true}) {
    Bench bench;
    bench[0].power().arm_watchdog(bench[0].now() + 2s);
    if (killed) {
      bench[0].kill_daemon();
    } else {
      bench[0].stall();
    }
    bench.run(1900ms);
    CHECK(bench[0].powered());
    bench.run(200ms);
    CHECK(!bench[0].powered());
    bench.run(10s);
    CHECK(bench[0].daemon_runs());
    CHECK(bench.begun[0] == 2);
  }
}

TEST_CASE("a watchdog armed anew or disarmed does not fire") {
  Bench bench;
  bench[0].power().arm_watchdog(bench[0].now() + 2s);
  bench.run(1s);
  bench[0].power().arm_watchdog(bench[0].now() + 2s);
  bench.run(1500ms);
  CHECK(bench[0].powered());
  bench[0].power().arm_watchdog(never);
  bench.run(10s);
  CHECK(bench[0].powered());
}

TEST_CASE("a forced stop that is done means stopped, and a silent one may have happened") {
  Bench bench;
  bench.world.conditions().fence.duration = {3s, 3s};
  Outcome fence(bench[0].power().fence(NodeName("b"), bench.call(0, 60s)));
  bench.run(2s);
  CHECK(bench[1].powered());
  CHECK(!fence.settled());
  bench.run(2s);
  CHECK(fence.settled());
  CHECK(fence.value().has_value());
  CHECK(!bench[1].powered());

  bench.run(3min);
  CHECK(bench[1].powered());
  bench.world.conditions().fence.silent = 1;
  Outcome silent(bench[0].power().fence(NodeName("b"), bench.call(0, 10s)));
  bench.run(11s);
  CHECK(silent.value().error().code == Code::timed_out);
  CHECK(!bench[1].powered());
}

TEST_CASE("a refused forced stop changes nothing") {
  Bench bench;
  bench.world.conditions().fence.refused = 1;
  Outcome fence(bench[0].power().fence(NodeName("b"), bench.call(0, 60s)));
  bench.run(60s);
  CHECK(fence.value().error().code == Code::denied);
  CHECK(bench[1].powered());
}

TEST_CASE("a halted machine has no effect on the world any more") {
  Bench bench;
  bench[0].process().judge_by([](const Program&) { return Conduct::resident; });
  bench[0].power().halt(HaltKind::reset);
  CHECK(!bench[0].process().start(Program{.argv = {"/x"}, .family = "web"}));
  CHECK(bench[0].process().members("web").empty());
  Outcome save(bench[0].store().save(Bytes{1}));
  bench.run(1s);
  CHECK(!save.settled());
  CHECK(!bench[0].store().durable());
}

}  // namespace
}  // namespace mainstay::sim
