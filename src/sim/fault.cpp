#include "sim/fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mainstay::sim {
namespace {

constexpr std::array<std::string_view, fault_kind_count> names = {
    "node killed",      "node frozen",          "daemon stalled",   "daemon killed",
    "node isolated",    "interconnect cut",     "path cut",         "one-way cut",
    "pair cut",         "network lossy",        "network slow",     "arbiter down",
    "arbiter cut",      "arbiter slow",         "arbiter lossy",    "AWS API down",
    "AWS API cut",      "AWS API flaky",        "fencing flaky",    "outside silent",
    "route changed",    "store slow",           "store fails",      "scripts bad",
    "programs undying", "program killed",       "group stopped",    "group moved",
    "group restarted",  "node stopped by hand", "system shut down", "arbiter refuses",
    "arbiter wiped",    "metadata down",        "store unreadable", "configuration differs",
    "AWS API old",      "node migrated",        "end announced",    "release differs"};

bool sensible(FaultKind kind, const Environment& environment) {
  const ArbitrationConfig& arbitration = environment.config->arbitration;
  switch (kind) {
    case FaultKind::arbiter_down:
    case FaultKind::arbiter_cut:
    case FaultKind::arbiter_slow:
    case FaultKind::arbiter_lossy:
    case FaultKind::arbiter_refuses:
    case FaultKind::arbiter_wiped:
      return arbitration.arbiter.kind != ArbiterKind::none;
    case FaultKind::fence_flaky:
      return arbitration.forced_stop.kind != ForcedStopKind::none;
    case FaultKind::outside_silent:
      return !arbitration.reachability.empty();
    default:
      return true;
  }
}

// How long accidents last: mostly around the time limits that matter, now and then much longer.
Duration draw_length(Random& random) {
  const auto choice = random.below(4);
  if (choice == 0) return random.between(10ms, 1s);
  if (choice == 1) return random.between(1s, 8s);
  return choice == 2 ? random.between(5s, 30s) : random.between(20s, 2min);
}

Fault draw_fault(Random& random, FaultKind kind, const Environment& environment, Duration span) {
  const std::size_t nodes = environment.config->nodes.size();
  Fault fault{.kind = kind, .begin = random.between(0ns, span), .length = draw_length(random)};
  fault.node = random.below(nodes);
  fault.other = (fault.node + 1 + random.below(nodes - 1)) % nodes;
  fault.path = random.below(environment.config->paths.size());
  fault.group =
      environment.config->groups.empty() ? 0 : random.below(environment.config->groups.size());
  fault.rate = 0.05 + 0.6 * random.fraction() * random.fraction();
  // The worst delay is drawn too: bugs hide behind delays that are always short.
  fault.size = random.chance(0.3) ? random.between(500ms, 4s) : random.between(10ms, 500ms);
  return fault;
}

std::string node_name(const ClusterConfig& config, std::size_t node) {
  return node < config.nodes.size() ? config.nodes[node].name.value : "?";
}

void worsen_links(Conditions& conditions, const Fault& fault) {
  const std::size_t nodes = conditions.machine_count;
  for (std::size_t path = 0; path < conditions.path_count(); ++path) {
    for (std::size_t from = 0; from < nodes; ++from) {
      for (std::size_t to = 0; to < nodes; ++to) {
        LinkConditions& link = conditions.link(path, from, to);
        const bool touches = from == fault.node || to == fault.node;
        const bool forth = from == fault.node && to == fault.other;
        const bool back = to == fault.node && from == fault.other;
        switch (fault.kind) {
          case FaultKind::node_isolated:
          case FaultKind::node_migrated:
            link.cut |= touches;
            break;
          case FaultKind::interconnect_cut:
            link.cut = true;
            break;
          case FaultKind::path_cut:
            link.cut |= path == fault.path;
            break;
          case FaultKind::one_way_cut:
            link.cut |= forth;
            break;
          case FaultKind::pair_cut:
            link.cut |= forth || back;
            break;
          case FaultKind::network_lossy:
            link.loss = std::max(link.loss, fault.rate);
            link.duplicate = std::max(link.duplicate, fault.rate / 2);
            break;
          case FaultKind::network_slow:
            link.delay.high = std::max(link.delay.high, fault.size);
            break;
          default:
            break;
        }
      }
    }
  }
}

void worsen_scripts(ScriptConditions& scripts, const Fault& fault) {
  if (fault.kind == FaultKind::scripts_bad) {
    // A start script that lies is noticed by nobody, so no law could ask for its service.
    scripts.fail = scripts.dies = fault.rate / 2;
    scripts.hang = fault.rate / 3;
    scripts.start.high = std::max(scripts.start.high, fault.size * 2);
    scripts.stop.high = std::max(scripts.stop.high, fault.size * 2);
  } else {
    scripts.outlive = fault.rate;
    scripts.undying = fault.rate / 2;
  }
}

void worsen_outside(Conditions& conditions, const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::arbiter_down:
      conditions.arbiter.outage = true;
      break;
    case FaultKind::arbiter_slow:
      conditions.arbiter.delay.high = std::max(conditions.arbiter.delay.high, fault.size);
      break;
    case FaultKind::arbiter_lossy:
      conditions.arbiter.lose_request = conditions.arbiter.lose_reply = fault.rate;
      conditions.arbiter.straggle = fault.rate / 2;
      break;
    case FaultKind::arbiter_refuses:
      conditions.arbiter.throttled = fault.rate;
      conditions.arbiter.denied = fault.rate / 2;
      break;
    case FaultKind::arbiter_wiped:
      conditions.arbiter.table_gone = true;
      break;
    case FaultKind::aws_down:
      conditions.aws.outage = true;
      break;
    case FaultKind::aws_flaky:
      conditions.aws.throttled = conditions.aws.unavailable = fault.rate / 3;
      conditions.aws.lose_request = conditions.aws.lose_reply = fault.rate / 3;
      conditions.aws.denied = fault.rate / 8;
      conditions.aws.stale_max = std::max(conditions.aws.stale_max, fault.size * 4);
      conditions.aws.delay.high = std::max(conditions.aws.delay.high, fault.size);
      break;
    case FaultKind::aws_old:
      conditions.aws.stale_max = std::max(conditions.aws.stale_max, fault.length);
      break;
    case FaultKind::fence_flaky:
      conditions.fence.refused = conditions.fence.unavailable = fault.rate / 2;
      conditions.fence.silent = fault.rate / 2;
      break;
    default:
      break;
  }
}

void worsen_machine(MachineConditions& machine, const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::node_isolated:
    case FaultKind::node_migrated:
      machine.outside_cut = machine.arbiter_cut = machine.aws_cut = true;
      break;
    case FaultKind::arbiter_cut:
      machine.arbiter_cut = true;
      break;
    case FaultKind::aws_cut:
      machine.aws_cut = true;
      break;
    case FaultKind::metadata_down:
      machine.metadata_cut = true;
      break;
    case FaultKind::end_announced:
      machine.announced = true;
      break;
    case FaultKind::release_differs:
      machine.other_release = true;
      break;
    case FaultKind::store_unreadable:
      machine.store.unreadable = true;
      break;
    case FaultKind::store_slow:
      machine.store.delay.high = std::max(machine.store.delay.high, fault.size * 2);
      break;
    case FaultKind::store_fails:
      machine.store.fail = std::max(machine.store.fail, fault.rate);
      break;
    case FaultKind::scripts_bad:
    case FaultKind::programs_undying:
      worsen_scripts(machine.scripts, fault);
      break;
    default:
      break;
  }
}

}  // namespace

std::string_view to_text(FaultKind kind) { return names[static_cast<std::size_t>(kind)]; }

std::string describe(const Fault& fault, const ClusterConfig& config) {
  const std::string node = node_name(config, fault.node);
  const std::string group =
      fault.group < config.groups.size() ? config.groups[fault.group].name.value : "?";
  switch (fault.kind) {
    case FaultKind::one_way_cut:
    case FaultKind::pair_cut:
      return fmt::format("{}: {} to {}", to_text(fault.kind), node, node_name(config, fault.other));
    case FaultKind::path_cut:
      return fmt::format("{}: {}", to_text(fault.kind), config.paths[fault.path].name);
    case FaultKind::network_lossy:
    case FaultKind::arbiter_lossy:
    case FaultKind::aws_flaky:
    case FaultKind::fence_flaky:
    case FaultKind::arbiter_refuses:
      return fmt::format("{}: {:.0f} %", to_text(fault.kind), fault.rate * 100);
    case FaultKind::network_slow:
    case FaultKind::arbiter_slow:
      return fmt::format("{}: up to {}", to_text(fault.kind), mainstay::to_text(fault.size));
    case FaultKind::interconnect_cut:
    case FaultKind::arbiter_down:
    case FaultKind::arbiter_wiped:
    case FaultKind::aws_down:
    case FaultKind::outside_silent:
      return std::string(to_text(fault.kind));
    case FaultKind::route_changed:
    case FaultKind::program_killed:
    case FaultKind::order_stop_group:
    case FaultKind::order_restart_group:
      return fmt::format("{}: {}", to_text(fault.kind), group);
    case FaultKind::order_move_group:
      return fmt::format("{}: {} to {}", to_text(fault.kind), group, node);
    default:
      return fmt::format("{}: {}", to_text(fault.kind), node);
  }
}

std::vector<Fault> draw_faults(Random& random, const Environment& environment, Duration span) {
  std::vector<Fault> faults;
  // Some worlds are calm and some are hell; most know only a few kinds of trouble, which then meet.
  const double share = 0.1 + 0.6 * random.fraction();
  const std::int64_t most = random.between(1, 5);
  for (std::size_t i = 0; i < fault_kind_count; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    const bool chosen = random.chance(share);
    const std::int64_t count = random.between(1, most);
    if (!chosen || !sensible(kind, environment)) continue;
    for (std::int64_t n = 0; n < count; ++n) {
      faults.push_back(draw_fault(random, kind, environment, span));
    }
  }
  std::ranges::stable_sort(faults, {}, &Fault::begin);
  return faults;
}

void worsen(Conditions& conditions, const Fault& fault) {
  const bool links =
      (fault.kind >= FaultKind::node_isolated && fault.kind <= FaultKind::network_slow) ||
      fault.kind == FaultKind::node_migrated;
  if (links) worsen_links(conditions, fault);
  worsen_outside(conditions, fault);
  if (fault.kind == FaultKind::outside_silent) {
    for (auto& machine : conditions.machines) machine.outside_cut = true;
  } else {
    worsen_machine(conditions.machines[fault.node], fault);
  }
}

}  // namespace mainstay::sim
