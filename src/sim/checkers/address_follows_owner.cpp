// An address that a node calls active leads to that node: every route table that knows it, or the
// Elastic or secondary address itself, was changed by this activation, or led there already, unless
// somebody changed it since.
#include <fmt/format.h>

#include "sim/checkers/checker.h"
#include "sim/furnish.h"

namespace mainstay::sim {
namespace {

struct Activation {
  ResourceName resource;
  std::string address;
  std::string target;
  WorldTime begun;
};

struct Watch {
  std::vector<std::map<Ticket, Activation>> under_way;
};

const ResourceConfig* resource_of(const Scene& scene, const ActivateResource& start) {
  const GroupConfig* group = find_group(scene.config(), start.group);
  return group ? find_resource(*group, start.resource) : nullptr;
}

void judge(Scene& scene, std::size_t machine, const Activation& activation) {
  const Region& region = scene.world.region();
  const std::string& route = activation.address;
  const auto changed = region.changed_at(route);
  for (const auto& [table, eni] : region.leads_to(route)) {
    if (eni == activation.target || changed.at(table) >= activation.begun) continue;
    scene.violate("address_follows_owner",
                  fmt::format("{} calls {} active, but {} still sends {} to {}",
                              scene.world.machine(machine).name(), activation.resource, table,
                              activation.address, eni.empty() ? "nowhere" : eni));
  }
}

}  // namespace

Checker address_follows_owner() {
  const auto watch = std::make_shared<Watch>();
  Checker checker{.law = "address_follows_owner"};
  checker.on_action = [watch](Scene& scene, std::size_t machine, const Action& action, Instant) {
    const auto* start = std::get_if<ActivateResource>(&action);
    if (start == nullptr) return;
    const ResourceConfig* resource = resource_of(scene, *start);
    const std::string address = resource == nullptr ? "" : taken_along(*resource);
    if (address.empty()) return;
    watch->under_way.resize(scene.world.size());
    watch->under_way[machine][start->ticket] = {
        start->resource, address, leads_there(scene.world, *resource, machine), scene.world.now()};
  };
  checker.on_event = [watch](Scene& scene, std::size_t machine, const Event& event, Instant) {
    const auto* settled = std::get_if<ResourceSettled>(&event);
    if (settled == nullptr) return;
    watch->under_way.resize(scene.world.size());
    const auto found = watch->under_way[machine].find(settled->ticket);
    if (found == watch->under_way[machine].end()) return;
    if (settled->outcome) judge(scene, machine, found->second);
    watch->under_way[machine].erase(found);
  };
  checker.on_sighting = [watch](Scene& scene, const Sighting& sighting) {
    if (sighting.sight != Sight::daemon_changed) return;
    watch->under_way.resize(scene.world.size());
    watch->under_way[sighting.machine].clear();
  };
  return checker;
}

}  // namespace mainstay::sim
