// Clock and power; the others stand beside what they speak to.
#include "sim/ports.h"

#include "sim/machine.h"
#include "sim/world.h"

namespace mainstay::sim {

Instant ClockPort::now() const { return machine_.now(); }

WallTime ClockPort::wall() const {
  // 2026-01-01T00:00:00Z and whatever has passed since.
  constexpr std::chrono::seconds begin{1'767'225'600};
  return WallTime(begin + std::chrono::duration_cast<std::chrono::milliseconds>(
                              machine_.world().now().time_since_epoch()));
}

TimerId ClockPort::call_at(Instant when, std::function<void()> action) {
  if (when == never) return 0;
  return machine_.on_daemon(machine_.rate().world(when),
                            [action = std::move(action)] { action(); });
}

void ClockPort::cancel(TimerId timer) { machine_.world().queue().cancel(timer); }

void PowerPort::arm_watchdog(Instant deadline) {
  if (!machine_.daemon_runs()) return;
  machine_.world().queue().cancel(watchdog_);
  watchdog_ = 0;
  if (deadline == never) return;
  watchdog_ = machine_.on_machine(machine_.rate().world(deadline), [this] {
    watchdog_ = 0;
    machine_.reset(machine_.random().between(1s, 5s));
  });
}

void PowerPort::halt(HaltKind kind) {
  if (machine_.daemon_runs()) machine_.halt(kind);
}

Task<Status> PowerPort::fence(NodeName peer, Call call) {
  World& world = machine_.world();
  const FenceConditions& rates = world.conditions().fence;
  Random& random = machine_.random();
  const auto done = machine_.pending<void>(call, Code::timed_out, "forced stop");
  const std::size_t target = world.index_of(peer);
  const Duration asked = random.between(20ms, 200ms);
  const bool silent = random.chance(rates.silent);
  if (target >= world.size()) co_return failure(Code::not_found, "no node " + peer.value);
  if (random.chance(rates.unavailable)) co_return co_await done;
  if (random.chance(rates.refused)) {
    machine_.on_daemon_after(
        asked, [done] { done.set(failure(Code::denied, "the forced stop was refused")); });
    co_return co_await done;
  }
  // Accepted: it will be stopped, whether or not anybody still waits for the answer.
  const WorldTime stopped = world.now() + asked + rates.duration.draw(random);
  const Duration back = random.between(30s, 90s);
  world.at(stopped, [&world, target, back] { world.machine(target).reset(back); });
  if (!silent) machine_.on_daemon(stopped + asked, [done] { done.set(Status{}); });
  co_return co_await done;
}

}  // namespace mainstay::sim
