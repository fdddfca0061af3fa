#include "sim/mirror/world.h"

#include <fmt/format.h>

namespace mainstay::mirror_sim {

using namespace mirror;

namespace {

constexpr MirrorId name{0x6d6972, 0x726f72};
constexpr Duration settle_within = 120s;
constexpr std::uint64_t steps_between_checks = 24;
constexpr std::size_t story_max = 200'000;

std::string stamp(Instant when) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch());
  return fmt::format("{:>10.6f}", static_cast<double>(us.count()) / 1e6);
}

}  // namespace

World::World(std::uint64_t seed, Environment environment, bool story)
    : environment_(std::move(environment)),
      random_(seed),
      link_(*this),
      arbiter_(*this),
      cluster_(*this),
      tells_(story) {
  for (const Copy copy : {Copy{0}, Copy{1}}) {
    engines_.push_back(std::make_unique<Engine>(*this, copy));
  }
  application_ = std::make_unique<Application>(*this);
  checkers_ = {equal_is_equal(), clean_is_clean(), old_terms_stay_out(), resync_ends(),
               verify_tells_the_truth()};
}

Settings World::settings(Copy copy) {
  return {.mirror = name,
          .geometry = environment_.geometry,
          .self = copy,
          .peer_timeout = environment_.peer_timeout,
          .promote_wait = environment_.promote_wait,
          .record_retry = 300ms,
          .resync_window = environment_.resync_window,
          .resync_limit = environment_.resync_limit,
          .resync_by_checksum = environment_.resync_by_checksum,
          .seed = random_.next()};
}

const MirrorId& World::mirror() const { return name; }

void World::build() {
  const Superblock source = format_source(settings(0), random_.next() | 1);
  engine(0).format(source);
  engine(1).format(environment_.built ? source : format_target(settings(1)));
  arbiter_.write(environment_.built ? both(1) : only(0, 1));
}

void World::run() {
  build();
  for (const Fault& fault : environment_.faults) {
    at(Instant(1s) + fault.begin, [this, fault] { strike(fault); });
  }
  engine(0).start();
  engine(1).start();
  link_.watch();
  cluster_.manage();
  supervise();
  if (!run_until(Instant(1s) + environment_.faults_for)) return;
  heal();
  const Instant bound = now_ + settle_within;
  while (!in_order() && now_ < bound) {
    if (!run_until(now_ + 100ms)) return;
  }
  for (const Checker& checker : checkers_) {
    if (checker.at_end) checker.at_end(*this);
  }
}

bool World::run_until(Instant until) {
  while (!queue_.empty() && queue_.next() <= until && violations_.empty()) {
    now_ = queue_.next();
    queue_.pop()();
    if (steps_ % steps_between_checks != 0) continue;
    for (const Checker& checker : checkers_) {
      if (checker.at_rest) checker.at_rest(*this);
    }
  }
  now_ = std::max(now_, until);
  return violations_.empty();
}

void World::restart_in(Copy copy, Duration pause) {
  at(now_ + pause, [this, copy] { engine(copy).start(); });
}

void World::replace_disk(const Fault& fault) {
  // Only of a copy that nobody needs: the other one serves, and knows itself to be all there is.
  const auto holder = cluster_.holder();
  if (!holder || !application_->has_read()) return;
  const Copy copy = other(*holder);
  const State* core = engine(*holder).core();
  if (core == nullptr || core->phase != Phase::primary) return;
  tell(copy, "the disk is replaced");
  engine(copy).replace_disks();
  Settings made = settings(copy);
  made.geometry = core->settings.geometry;
  // As large as the other one was, too: then it grows before it is built.
  const std::uint64_t before = core->growth ? 0 : core->durable.grown_from;
  if (before != 0 && random_.chance(0.5)) made.geometry.sectors = before;
  engine(copy).format(format_target(made));
  restart_in(copy, fault.length);
}

void World::enlarge(const Fault& fault) {
  engine(fault.copy).enlarge();
  at(now_ + fault.length, [this, copy = other(fault.copy)] { engine(copy).enlarge(); });
}

// Whoever is refused says it again for a while.
void World::resize_until(Instant until) {
  // Its answer is nobody's.
  if (cluster_.holder()) engine(*cluster_.holder()).tell(Resize{0});
  if (now_ + 200ms > until) return;
  at(now_ + 200ms, [this, until] { resize_until(until); });
}

// It does not take long, and is interrupted all the same.
void World::on_growth() {
  if (!random_.chance(0.4)) return;
  const auto copy = static_cast<Copy>(random_.below(2));
  at(now_ + random_.between(Duration{}, Duration(150ms)), [this, copy] {
    if (!healed_) interrupt_growth(copy);
  });
}

void World::interrupt_growth(Copy copy) {
  const Duration pause = random_.between(10ms, 1s);
  switch (random_.below(4)) {
    case 0:
      return lose_power(copy, pause);
    case 1:
      return lose_all_power({.length = pause, .copy = copy});
    case 2:
      engine(copy).kill();
      return restart_in(copy, pause);
    default:
      link_.cut();
      at(now_ + pause, [this] { link_.mend(); });
  }
}

void World::lose_power(Copy copy, Duration pause) {
  application_->power_lost();
  engine(copy).lose_power();
  restart_in(copy, pause);
}

// Both at once, or the second when the first has just been missed.
void World::lose_all_power(const Fault& fault) {
  lose_power(fault.copy, fault.length);
  const Copy second = other(fault.copy);
  const Duration pause = random_.between(Duration{}, 2 * fault.length);
  if (random_.chance(0.5)) return lose_power(second, pause);
  at(now_ + random_.between(Duration{}, Duration(1s)), [this, second, pause] {
    if (!healed_) lose_power(second, pause);
  });
}

void World::strike(const Fault& fault) {
  if (healed_) return;
  if (fault.kind == FaultKind::disk_replaced) return replace_disk(fault);
  tell(fault.copy, fmt::format("* {}", to_text(fault.kind)));
  switch (fault.kind) {
    case FaultKind::engine_killed:
      engine(fault.copy).kill();
      restart_in(fault.copy, fault.length);
      return;
    case FaultKind::power_lost:
      return lose_power(fault.copy, fault.length);
    case FaultKind::all_power_lost:
      return lose_all_power(fault);
    case FaultKind::frozen:
      if (engine(fault.copy).running()) engine(fault.copy).freeze();
      break;
    case FaultKind::link_cut:
      link_.cut();
      break;
    case FaultKind::arbiter_down:
      arbiter_.set_down(true);
      break;
    case FaultKind::arbiter_flaky:
      arbiter_.set_flaky(true);
      break;
    case FaultKind::disk_stalls:
      engine(fault.copy).stall_until(now_ + fault.length);
      return;
    case FaultKind::disk_fails:
      engine(fault.copy).set_failing(0.2);
      break;
    case FaultKind::moved:
      return cluster_.move();
    case FaultKind::isolated:
      return cluster_.believe_dead();
    case FaultKind::disk_rots:
      last_rot_ = now_;
      return engine(fault.copy).rot();
    case FaultKind::verified:
      // Its answer is nobody's.
      if (cluster_.holder()) engine(*cluster_.holder()).tell(Verify{0, random_.chance(0.5)});
      return;
    case FaultKind::enlarged:
      return enlarge(fault);
    case FaultKind::resized:
      return resize_until(now_ + fault.length);
    case FaultKind::forced:
      return cluster_.force_when_idle(fault.copy, now_ + fault.length);
    case FaultKind::disk_replaced:
      return;
  }
  at(now_ + fault.length, [this, fault] { relieve(fault); });
}

void World::relieve(const Fault& fault) {
  tell(fault.copy, fmt::format("* no more: {}", to_text(fault.kind)));
  switch (fault.kind) {
    case FaultKind::frozen:
      if (!engine(fault.copy).frozen()) return;
      // Its programs wake up with it, before anything it is told.
      application_->haunt(fault.copy);
      return engine(fault.copy).thaw();
    case FaultKind::link_cut:
      return link_.mend();
    case FaultKind::arbiter_down:
      return arbiter_.set_down(false);
    case FaultKind::arbiter_flaky:
      return arbiter_.set_flaky(false);
    case FaultKind::disk_fails:
      return engine(fault.copy).set_failing(0);
    default:
      return;
  }
}

// Somebody sees to it that an engine whose device failed is started again.
void World::supervise() {
  for (const Copy copy : {Copy{0}, Copy{1}}) {
    const State* core = engine(copy).core();
    if (core != nullptr && core->phase == Phase::broken) {
      engine(copy).kill();
      restart_in(copy, 500ms);
    } else if (healed_ && core == nullptr) {
      engine(copy).start();
    }
  }
  at(now_ + 250ms, [this] { supervise(); });
}

void World::heal() {
  tell("* everything is mended");
  healed_ = true;
  link_.mend();
  arbiter_.set_down(false);
  arbiter_.set_flaky(false);
  cluster_.calm();
  for (const Copy copy : {Copy{0}, Copy{1}}) {
    engine(copy).set_failing(0);
    engine(copy).stall_until({});
    if (engine(copy).frozen()) engine(copy).thaw();
    engine(copy).start();
  }
}

bool World::in_order() {
  const auto holder = cluster_.holder();
  if (!holder || !application_->has_read() || engine(*holder).core() == nullptr) return false;
  const State& core = *engine(*holder).core();
  const UpToDate record = arbiter_.record();
  return core.standing == Standing::paired && !core.verify && record.first && record.second &&
         of_one_size();
}

bool World::of_one_size() {
  const State* first = engine(0).core();
  const State* second = engine(1).core();
  return first != nullptr && second != nullptr && !first->growth && !second->growth &&
         first->settings.geometry == second->settings.geometry;
}

void World::tell(const std::string& what) {
  digest_.add(what);
  if (tells_ && story_.size() < story_max)
    story_.push_back(fmt::format("{}     {}", stamp(now_), what));
}

void World::tell(Copy copy, const std::string& what) {
  digest_.add(what);
  if (!tells_ || story_.size() >= story_max) return;
  story_.push_back(fmt::format("{}  {}  {}", stamp(now_), copy == 0 ? "a" : "b", what));
}

void World::count_step(Copy copy, const Event& event) {
  ++steps_;
  digest_.add(event.index() << 1 | copy);
  digest_.add(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
}

void World::on_landing(Copy copy, Term term) {
  for (const Checker& checker : checkers_) {
    if (checker.on_landing) checker.on_landing(*this, copy, term);
  }
}

void World::on_compared(Copy copy, const Verification::Latest& latest) {
  for (const Checker& checker : checkers_) {
    if (checker.on_compared) checker.on_compared(*this, copy, latest);
  }
}

void World::on_verified(const Verification& verification, std::uint64_t regions) {
  if (verification.repairs && verification.unreadable == 0) repaired_since_ = verification.began;
  for (const Checker& checker : checkers_) {
    if (checker.on_verified) checker.on_verified(*this, verification, regions);
  }
}

std::uint64_t World::before_rot(std::uint64_t value) const {
  auto found = before_rot_.find(value);
  while (found != before_rot_.end()) {
    value = found->second;
    found = before_rot_.find(value);
  }
  return value;
}

bool World::differ(std::uint64_t first, std::uint64_t second) const {
  if (first == second) return false;
  return (!has_rotted(first) && !has_rotted(second)) || repaired_since_ > last_rot_;
}

void World::on_record(const UpToDate& record) {
  tell(fmt::format("the arbiter's record: term {}, up to date {}{}", record.term,
                   record.first ? "a" : "", record.second ? "b" : ""));
}

void World::violate(std::string_view law, std::string text) {
  violations_.push_back({std::string(law), now_, std::move(text)});
}

}  // namespace mainstay::mirror_sim
