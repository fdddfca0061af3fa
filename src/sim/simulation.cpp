#include "sim/simulation.h"

#include <fmt/format.h>

#include "sim/furnish.h"

namespace mainstay::sim {
namespace {

constexpr Duration person_looks_in = 2min;
constexpr Duration shutdown_grace = 10s;

}  // namespace

std::string to_text(const StoryLine& line) {
  return fmt::format("{}  {:<3} {}", to_text(line.at), line.node.empty() ? "*" : line.node,
                     line.text);
}

Simulation::Simulation(Ingredients ingredients) : ingredients_(std::move(ingredients)) {
  const Environment& environment = ingredients_.environment;
  world_ = std::make_unique<World>(setup_of(environment, ingredients_.seed));
  furnish(*world_, environment);
  truth_ = std::make_unique<Truth>(*world_, config());
  scene_ = std::unique_ptr<Scene>(new Scene{*world_, environment, *truth_, false, {}, {}});
  checkers_ = checkers_for(environment);
  drivers_.resize(world_->size());
  wanted_.assign(config().groups.size(), true);
  for (std::size_t i = 0; i < config().groups.size(); ++i) {
    wanted_[i] = config().groups[i].start == Switch::automatic;
  }
  world_->watch([this](const Sighting& sighting) { on_sighting(sighting); });
  world_->watch_rest([this] { at_rest(); });
  world_->arbiter().watch([this](const ArbiterWrite& write) {
    for (const auto& checker : checkers_) {
      if (checker.on_write) checker.on_write(*scene_, write);
    }
  });
  for (std::size_t i = 0; i < world_->size(); ++i) install_daemon(i);
}

Simulation::~Simulation() {
  // What the drivers still hold refers to the world's ports.
  for (auto& driver : drivers_) driver.reset();
}

void Simulation::install_daemon(std::size_t machine) {
  world_->machine(machine).install({.begin = [this, machine] { begin_daemon(machine); },
                                    .end = [this, machine] { drivers_[machine].reset(); }});
}

void Simulation::begin_daemon(std::size_t machine) {
  Machine& place = world_->machine(machine);
  const bool arbiter = config().arbitration.arbiter.kind != ArbiterKind::none;
  NodePorts ports{place.clock(),
                  place.network(),
                  place.store(),
                  place.process(),
                  place.host(),
                  place.aws(),
                  place.resolver(),
                  place.mirror(),
                  place.mounts(),
                  place.power(),
                  arbiter ? &place.arbiter() : nullptr};
  NodeSetup setup{.config = config_of(machine),
                  .config_text = "",
                  .self = place.name(),
                  .seed = place.random().next()};
  drivers_[machine].reset();
  drivers_[machine] = std::make_unique<NodeDriver>(std::move(setup), ports, observer(machine));
  drivers_[machine]->on_stopped([this, machine] {
    tell(world_->machine(machine).name().value, "the cluster service has stopped");
    world_->machine(machine).kill_daemon();
  });
  const Status started = drivers_[machine]->start();
  if (started) return;
  tell(place.name().value, "does not start: " + started.error().message);
  place.kill_daemon();
  if (!place.conditions().store.unreadable) {
    scene_->violate("everything_ends",
                    fmt::format("{} does not start: {}", place.name(), started.error().message));
  }
}

// While its document differs, another one than the others have.
std::shared_ptr<const ClusterConfig> Simulation::config_of(std::size_t machine) const {
  const auto& common = ingredients_.environment.config;
  const bool differs = std::ranges::any_of(running_, [&](const Running& running) {
    return running.fault.kind == FaultKind::config_differs && running.fault.node == machine;
  });
  if (!differs) return common;
  auto other = std::make_shared<ClusterConfig>(*common);
  other->digest = ~common->digest;
  return other;
}

NodeObserver Simulation::observer(std::size_t machine) {
  return {.on_event = [this, machine](const Event& event,
                                      Instant now) { on_event(machine, event, now); },
          .on_action = [this, machine](const Action& action,
                                       Instant now) { on_action(machine, action, now); }};
}

void Simulation::on_event(std::size_t machine, const Event& event, Instant now) {
  for (const auto& checker : checkers_) {
    if (checker.on_event) checker.on_event(*scene_, machine, event, now);
  }
}

void Simulation::on_action(std::size_t machine, const Action& action, Instant now) {
  if (const auto* note = std::get_if<Note>(&action)) {
    world_->add_to_digest(as_bytes(note->text));
    tell(world_->machine(machine).name().value, note->subject + ": " + note->text);
  }
  for (const auto& checker : checkers_) {
    if (checker.on_action) checker.on_action(*scene_, machine, action, now);
  }
}

void Simulation::on_sighting(const Sighting& sighting) {
  truth_->follow(sighting);
  for (const auto& checker : checkers_) {
    if (checker.on_sighting) checker.on_sighting(*scene_, sighting);
  }
}

void Simulation::at_rest() {
  const bool changed = truth_->changes() != changes_seen_;
  changes_seen_ = truth_->changes();
  if (changed && runners_listener_) runners_listener_();
  for (const auto& checker : checkers_) {
    if (changed && checker.on_runners_changed) checker.on_runners_changed(*scene_);
    if (checker.at_rest) checker.at_rest(*scene_);
  }
  if (!scene_->violations.empty()) world_->stop();
}

void Simulation::tell(std::string node, std::string text) {
  if (!ingredients_.story && !listener_) return;
  StoryLine line{world_->now(), std::move(node), std::move(text)};
  if (listener_) listener_(line);
  if (ingredients_.story && story_.size() < story_max) story_.push_back(std::move(line));
}

void Simulation::begin() {
  for (std::size_t i = 0; i < world_->size(); ++i) world_->machine(i).power_on();
  schedule_faults();
  if (ingredients_.person) world_->after(person_looks_in, [this] { look_in(); });
}

void Simulation::schedule_faults() {
  for (const auto& fault : ingredients_.faults) {
    world_->at(WorldTime(fault.begin), [this, fault] {
      if (scene_->healed) return;
      begin_fault(fault);
      const std::uint64_t id = running_.back().id;
      world_->after(fault.length, [this, id] {
        const auto found = std::ranges::find(running_, id, &Running::id);
        if (found == running_.end()) return;
        const Fault ended = found->fault;
        running_.erase(found);
        relieve(ended);
      });
    });
  }
}

bool Simulation::run_until(WorldTime until) {
  world_->run_until(until);
  return scene_->violations.empty();
}

void Simulation::begin_fault(const Fault& fault) {
  tell("", describe(fault, config()));
  running_.push_back({fault, ++last_fault_});
  strike(fault);
  recompute_conditions();
}

bool Simulation::end_fault(const std::function<bool(const Fault&)>& matches) {
  for (auto it = running_.begin(); it != running_.end(); ++it) {
    if (!matches(it->fault)) continue;
    const Fault ended = it->fault;
    running_.erase(it);
    relieve(ended);
    return true;
  }
  return false;
}

void Simulation::recompute_conditions() {
  Conditions conditions = ingredients_.environment.calm;
  for (const auto& running : running_) worsen(conditions, running.fault);
  world_->conditions() = std::move(conditions);
}

void Simulation::strike(const Fault& fault) {
  Machine& machine = world_->machine(fault.node);
  switch (fault.kind) {
    case FaultKind::node_killed:
      machine.power_off();
      break;
    case FaultKind::node_frozen:
      machine.freeze();
      break;
    case FaultKind::node_migrated:
      machine.freeze();
      world_->after(fault.size, [&machine] { machine.thaw(); });
      break;
    case FaultKind::daemon_stalled:
      machine.stall();
      break;
    case FaultKind::daemon_killed:
      machine.kill_daemon();
      break;
    case FaultKind::store_unreadable:
      machine.kill_daemon();
      break;
    case FaultKind::config_differs:
    case FaultKind::release_differs:
      machine.kill_daemon();
      machine.start_daemon();
      break;
    case FaultKind::arbiter_wiped:
      world_->arbiter().wipe();
      break;
    case FaultKind::program_killed:
      kill_program(fault);
      break;
    case FaultKind::route_changed:
      change_route(fault);
      break;
    default:
      give_order(fault);
      break;
  }
}

// The service manager asks in order, and cuts the power when the time is over.
void Simulation::shut_system_down(std::size_t machine) {
  ask(machine, EndNode{}, [](const Status&) {});
  world_->after(config().shutdown.timeout + shutdown_grace, [this, machine] {
    if (!scene_->healed) world_->machine(machine).power_off();
  });
}

void Simulation::give_order(const Fault& fault) {
  if (fault.kind == FaultKind::system_shut_down) return shut_system_down(fault.node);
  if (fault.kind == FaultKind::order_stop_node) {
    ask(fault.node, StopNode{}, [](const Status&) {});
    return;
  }
  if (fault.kind < FaultKind::order_stop_group || fault.group >= config().groups.size()) return;
  const GroupName group = config().groups[fault.group].name;
  if (fault.kind == FaultKind::order_stop_group) {
    wanted_[fault.group] = false;
    order(StopGroup{group});
  } else if (fault.kind == FaultKind::order_move_group) {
    order(MoveGroup{group, world_->machine(fault.node).name()});
  } else if (fault.kind == FaultKind::order_restart_group) {
    order(RestartGroup{group});
  }
}

void Simulation::relieve(const Fault& fault) {
  tell("", "over: " + describe(fault, config()));
  recompute_conditions();
  Machine& machine = world_->machine(fault.node);
  switch (fault.kind) {
    case FaultKind::node_killed:
      machine.power_on();
      break;
    case FaultKind::system_shut_down:
      if (machine.powered()) machine.start_daemon();
      machine.power_on();
      break;
    case FaultKind::node_frozen:
    case FaultKind::node_migrated:
      machine.thaw();
      break;
    case FaultKind::daemon_stalled:
      machine.unstall();
      break;
    case FaultKind::config_differs:
    case FaultKind::release_differs:
      machine.kill_daemon();
      machine.start_daemon();
      break;
    case FaultKind::daemon_killed:
    case FaultKind::order_stop_node:
    case FaultKind::store_unreadable:
      machine.start_daemon();
      break;
    case FaultKind::order_stop_group:
      wanted_[fault.group] = true;
      order(StartGroup{config().groups[fault.group].name, {}});
      break;
    default:
      break;
  }
}

// People ask any node they reach.
void Simulation::order(Command command) {
  for (std::size_t i = 0; i < world_->size(); ++i) {
    const Machine& machine = world_->machine(i);
    if (!machine.daemon_runs() || machine.stalled() || machine.frozen()) continue;
    ask(i, std::move(command), [](const Status&) {});
    return;
  }
}

void Simulation::ask(std::size_t machine, Command command, std::function<void(Status)> done) {
  const Machine& place = world_->machine(machine);
  if (!drivers_[machine] || !place.daemon_runs() || place.stalled() || place.frozen()) return;
  drivers_[machine]->ask(std::move(command), std::move(done));
}

namespace {

// Its end is noticed: it is a resident program.
bool watched(const ResourceConfig& resource) {
  if (resource.params.empty()) return false;
  const Params& params = resource.params.begin()->second;
  const auto mode = params.find("mode");
  return mode != params.end() && mode->second == Value(std::string("resident"));
}

}  // namespace

void Simulation::kill_program(const Fault& fault) {
  if (fault.group >= config().groups.size()) return;
  for (std::size_t i = 0; i < world_->size(); ++i) {
    if (!world_->machine(i).executing()) continue;
    for (const auto& resource : config().groups[fault.group].resources) {
      if (!watched(resource) && !ingredients_.unwatched_die) continue;
      if (world_->machine(i).process().fell(resource.name.value, 1)) return;
    }
  }
}

void Simulation::change_route(const Fault& fault) {
  if (fault.group >= config().groups.size()) return;
  for (const auto& resource : config().groups[fault.group].resources) {
    const std::string key = taken_along(resource);
    if (key.empty()) continue;
    Region& region = world_->region();
    if (resource.type == "awsvip") {
      region.point("rtb-2", key, region.eni_of(fault.node));
    } else {
      region.give(key, leads_there(*world_, resource, fault.node));
    }
  }
}

void Simulation::heal() {
  scene_->healed = true;
  tell("", "everything that was broken is mended");
  while (!running_.empty()) {
    const Fault ended = running_.back().fault;
    running_.pop_back();
    relieve(ended);
  }
  recompute_conditions();
  for (std::size_t i = 0; i < world_->size(); ++i) {
    Machine& machine = world_->machine(i);
    machine.thaw();
    machine.unstall();
    machine.power_on();
    machine.start_daemon();
  }
  for (const auto& checker : checkers_) {
    if (checker.at_heal) checker.at_heal(*scene_);
  }
}

// Isolated nodes wait for a person, who looks in now and then.
void Simulation::recover_isolated() {
  for (std::size_t i = 0; i < world_->size(); ++i) {
    const Machine& machine = world_->machine(i);
    if (!drivers_[i] || !machine.daemon_runs() || machine.stalled() || machine.frozen()) continue;
    const auto nodes = drivers_[i]->status().nodes;
    const auto own = std::ranges::find(nodes, true, &NodeStatus::self);
    if (own->phase != NodePhase::isolated) continue;
    tell("", fmt::format("a person calls {} back", machine.name()));
    ask(i, RecoverNode{}, [](const Status&) {});
  }
}

void Simulation::look_in() {
  recover_isolated();
  world_->after(person_looks_in, [this] { look_in(); });
}

// What gave up for good waits for a person, who comes once half of the time is over and starts
// daemons and groups.
void Simulation::help() {
  for (std::size_t i = 0; i < world_->size(); ++i) world_->machine(i).start_daemon();
  recover_isolated();
  for (std::size_t group = 0; group < wanted_.size(); ++group) {
    if (!wanted_[group] || truth_->server(group) != world_->size()) continue;
    tell("", fmt::format("a person starts {}", config().groups[group].name));
    order(StartGroup{config().groups[group].name, {}});
  }
}

bool Simulation::run_until_served(Duration bound, Duration settled) {
  const WorldTime begun = world_->now();
  WorldTime served_since = world_never;
  bool helped = false;
  while (world_->now() < begun + bound) {
    if (!run_for(1s)) return false;
    if (const auto reason = unserved(*scene_, wanted_)) {
      served_since = world_never;
      if (helped || world_->now() < begun + bound / 2) continue;
      helped = true;
      help();
      continue;
    }
    if (served_since == world_never) served_since = world_->now();
    if (world_->now() - served_since >= settled) return true;
  }
  const auto reason = unserved(*scene_, wanted_);
  scene_->violate("everything_served",
                  fmt::format("{} after the last fault: {}", mainstay::to_text(bound),
                              reason.value_or("groups come and go")));
  return false;
}

void Simulation::finish() {
  for (const auto& checker : checkers_) {
    if (checker.at_end) checker.at_end(*scene_);
  }
}

Duration Simulation::liveness_bound() const {
  const Timing& timing = config().timing;
  // Whatever was under way when the faults ended may take its own time first: a boot after a reset,
  // the longest lease, a forced stop, and one start and stop of everything with all retries.
  Duration bound = ingredients_.environment.return_time.high +
                   ingredients_.environment.boot_time.high + timing.start_wait +
                   timing.lease_alone + config().arbitration.forced_stop.timeout + 2min +
                   config().return_policy.quarantine + config().shutdown.timeout;
  for (const auto& group : config().groups) {
    for (const auto& resource : group.resources) {
      bound += (resource.activate_timeout + resource.retry_pause) * (resource.activate_retries + 1);
      bound +=
          (resource.deactivate_timeout + resource.retry_pause) * (resource.deactivate_retries + 1);
    }
  }
  // Half of it is for the cluster alone, half for it and a person.
  return 2 * bound;
}

}  // namespace mainstay::sim
