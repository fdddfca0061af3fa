#include "sim/machine.h"

#include <algorithm>
#include <iterator>

#include "sim/world.h"

namespace mainstay::sim {

Machine::Machine(World& world, std::size_t index, NodeName name, ClockRate clock, Random random)
    : world_(world),
      index_(index),
      name_(std::move(name)),
      rate_(clock),
      random_(random),
      clock_(*this),
      network_(*this),
      store_(*this),
      process_(*this),
      host_(*this),
      aws_(*this),
      resolver_(*this),
      arbiter_(*this),
      power_(*this),
      mirror_(*this) {}

MachineConditions& Machine::conditions() { return world_.conditions().machines[index_]; }

Instant Machine::now() const { return rate_.local(world_.now()); }

void Machine::power_on() {
  if (powered_) return;
  powered_ = true;
  world_.region().on_power(index_);
  world_.saw({Sight::power_changed, index_, {}});
  on_machine(world_.now() + boot_time_.draw(random_), [this] { start_daemon(); });
}

void Machine::power_off() {
  if (!powered_) return;
  end_daemon();
  powered_ = frozen_ = stalled_ = false;
  ++machine_life_;
  held_.clear();
  process_.power_lost();
  host_.power_lost();
  power_.power_lost();
  world_.copies().power_lost(index_);
  world_.saw({Sight::power_changed, index_, {}});
}

void Machine::reset(Duration pause) {
  power_off();
  world_.after(pause, [this] { power_on(); });
}

void Machine::freeze() {
  if (!powered_ || frozen_) return;
  frozen_ = true;
  world_.saw({Sight::pace_changed, index_, {}});
}

void Machine::thaw() {
  if (!frozen_) return;
  frozen_ = false;
  world_.saw({Sight::pace_changed, index_, {}});
  release_held();
}

void Machine::stall() {
  if (!daemon_runs_ || stalled_) return;
  stalled_ = true;
  world_.saw({Sight::pace_changed, index_, {}});
}

void Machine::unstall() {
  if (!stalled_) return;
  stalled_ = false;
  world_.saw({Sight::pace_changed, index_, {}});
  release_held();
}

void Machine::kill_daemon() {
  if (!daemon_runs_) return;
  end_daemon();
}

void Machine::start_daemon() {
  if (!powered_ || frozen_ || daemon_runs_ || !daemon_.begin) return;
  daemon_runs_ = true;
  stalled_ = false;
  ++daemon_life_;
  world_.saw({Sight::daemon_changed, index_, {}});
  daemon_.begin();
}

void Machine::end_daemon() {
  if (!daemon_runs_) return;
  daemon_runs_ = stalled_ = false;
  ++daemon_life_;
  store_.daemon_lost();
  network_.daemon_lost();
  process_.daemon_lost();
  std::erase_if(held_, [](const Due& due) { return due.scope == Scope::daemon; });
  // We may be inside a call of the very daemon: it is destroyed once the world is at rest, and
  // until then whatever it asks for has no effect.
  if (daemon_.end) {
    world_.at(world_.now(), [this, life = daemon_life_] {
      if (life == daemon_life_) daemon_.end();
    });
  }
  world_.saw({Sight::daemon_changed, index_, {}});
}

void Machine::halt(HaltKind kind) {
  switch (kind) {
    case HaltKind::stop_service:
      kill_daemon();
      return;
    case HaltKind::shut_down:
      reset(return_time_.draw(random_));
      return;
    case HaltKind::reboot:
    case HaltKind::reset:
      reset(random_.between(1s, 5s));
      return;
  }
}

QueueId Machine::on_machine(WorldTime when, std::move_only_function<void()> action) {
  return world_.queue().at(
      std::max(when, world_.now()),
      Due{Scope::machine, static_cast<std::uint16_t>(index_), machine_life_, std::move(action)});
}

QueueId Machine::on_daemon(WorldTime when, std::move_only_function<void()> action) {
  return world_.queue().at(
      std::max(when, world_.now()),
      Due{Scope::daemon, static_cast<std::uint16_t>(index_), daemon_life_, std::move(action)});
}

QueueId Machine::on_daemon_after(Duration delay, std::move_only_function<void()> action) {
  return on_daemon(world_.now() + delay, std::move(action));
}

bool Machine::admits(Due& due) {
  const bool of_daemon = due.scope == Scope::daemon;
  if (due.life != (of_daemon ? daemon_life_ : machine_life_)) return false;
  if (!frozen_ && !(of_daemon && stalled_)) return true;
  // Buffers overflow: what comes to a machine that does not read is lost after a while.
  if (held_.size() < held_max) held_.push_back(std::move(due));
  return false;
}

void Machine::release_held() {
  std::vector<Due> held = std::exchange(held_, {});
  // Nobody promises that timers come before what the network kept, or after it.
  const std::size_t turn = held.empty() ? 0 : random_.below(held.size());
  if (random_.chance(0.5)) {
    std::rotate(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(turn), held.end());
  }
  for (auto& due : held) world_.queue().at(world_.now(), std::move(due));
}

}  // namespace mainstay::sim
