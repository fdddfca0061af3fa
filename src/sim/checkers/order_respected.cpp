// A resource is activated after everything it depends on is active, and deactivated before any of
// that is.
#include <fmt/format.h>

#include "sim/checkers/checker.h"

namespace mainstay::sim {
namespace {

enum class Phase { inactive, activating, active, deactivating };

struct Operation {
  ResourceName resource;
  bool activation = false;
};

struct Watch {
  // Of each machine, in the present life of its daemon.
  std::vector<std::map<ResourceName, Phase>> phases;
  std::vector<std::map<Ticket, Operation>> operations;

  void fit(std::size_t machines) {
    phases.resize(machines);
    operations.resize(machines);
  }
};

const ResourceConfig* resource_of(const Scene& scene, const GroupName& group,
                                  const ResourceName& name) {
  const GroupConfig* found = find_group(scene.config(), group);
  return found == nullptr ? nullptr : find_resource(*found, name);
}

void on_activate(Scene& scene, Watch& watch, std::size_t machine, const ActivateResource& start) {
  auto& phases = watch.phases[machine];
  if (const ResourceConfig* resource = resource_of(scene, start.group, start.resource)) {
    for (const auto& needed : resource->depends_on) {
      if (phases[needed] == Phase::active) continue;
      scene.violate("order_respected",
                    fmt::format("{} activates {} before {}, which it depends on, is active",
                                scene.world.machine(machine).name(), start.resource, needed));
    }
  }
  phases[start.resource] = Phase::activating;
  watch.operations[machine][start.ticket] = {start.resource, true};
}

void on_deactivate(Scene& scene, Watch& watch, std::size_t machine,
                   const DeactivateResource& stop) {
  auto& phases = watch.phases[machine];
  const GroupConfig* group = find_group(scene.config(), stop.group);
  const bool in_order = stop.reason != StopReason::node_must_end;
  for (const auto& other : group->resources) {
    const bool depends =
        in_order && std::ranges::find(other.depends_on, stop.resource) != other.depends_on.end();
    if (!depends || phases[other.name] == Phase::inactive) continue;
    // Its own failed deactivation is no reason to keep what it depends on for ever.
    if (phases[other.name] == Phase::deactivating) continue;
    scene.violate("order_respected",
                  fmt::format("{} deactivates {} before {}, which depends on it",
                              scene.world.machine(machine).name(), stop.resource, other.name));
  }
  phases[stop.resource] = Phase::deactivating;
  watch.operations[machine][stop.ticket] = {stop.resource, false};
}

void on_settled(Watch& watch, std::size_t machine, const ResourceSettled& settled) {
  const auto found = watch.operations[machine].find(settled.ticket);
  if (found == watch.operations[machine].end()) return;
  const Operation operation = found->second;
  watch.operations[machine].erase(found);
  Phase& phase = watch.phases[machine][operation.resource];
  if (operation.activation) {
    // What failed may be half there: it is to be deactivated, and counts as present until then.
    if (phase == Phase::activating) phase = settled.outcome ? Phase::active : Phase::deactivating;
  } else if (settled.outcome) {
    phase = Phase::inactive;
  }
}

}  // namespace

Checker order_respected() {
  const auto watch = std::make_shared<Watch>();
  Checker checker{.law = "order_respected"};
  checker.on_action = [watch](Scene& scene, std::size_t machine, const Action& action, Instant) {
    watch->fit(scene.world.size());
    if (const auto* start = std::get_if<ActivateResource>(&action)) {
      on_activate(scene, *watch, machine, *start);
    } else if (const auto* stop = std::get_if<DeactivateResource>(&action)) {
      on_deactivate(scene, *watch, machine, *stop);
    }
  };
  checker.on_event = [watch](Scene& scene, std::size_t machine, const Event& event, Instant) {
    watch->fit(scene.world.size());
    if (const auto* settled = std::get_if<ResourceSettled>(&event)) {
      on_settled(*watch, machine, *settled);
    }
  };
  checker.on_sighting = [watch](Scene& scene, const Sighting& sighting) {
    if (sighting.sight != Sight::daemon_changed) return;
    watch->fit(scene.world.size());
    watch->phases[sighting.machine].clear();
    watch->operations[sighting.machine].clear();
  };
  return checker;
}

}  // namespace mainstay::sim
