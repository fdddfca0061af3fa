#include "sim/truth.h"

#include <bit>

#include "sim/furnish.h"

namespace mainstay::sim {

Truth::Truth(World& world, const ClusterConfig& config) : world_(world), config_(config) {
  const std::size_t groups = config.groups.size();
  families_.resize(groups);
  addresses_.resize(groups);
  taken_.resize(groups);
  runners_.resize(groups);
  for (std::size_t group = 0; group < groups; ++group) {
    for (const auto& resource : config.groups[group].resources) {
      if (resource.type == "script") {
        families_[group].push_back(resource.name.value);
        group_of_family_[resource.name.value] = group;
      }
      if (const auto ip = held_address(resource); !ip.empty()) addresses_[group].push_back(ip);
      if (!taken_along(resource).empty()) taken_[group].push_back(&resource);
    }
  }
}

void Truth::follow(const Sighting& sighting) {
  if (sighting.sight == Sight::programs_changed) {
    const auto group = group_of_family_.find(sighting.detail);
    if (group != group_of_family_.end()) look(group->second, sighting.machine);
  } else if (sighting.sight == Sight::power_changed || sighting.sight == Sight::pace_changed) {
    for (std::size_t group = 0; group < runners_.size(); ++group) look(group, sighting.machine);
  }
}

void Truth::look(std::size_t group, std::size_t machine) {
  Machine& place = world_.machine(machine);
  bool runs = false;
  if (place.executing()) {
    for (const auto& family : families_[group]) runs = runs || place.process().serves(family);
  }
  const MachineSet before = runners_[group];
  runners_[group] = runs ? before | only(machine) : before & ~only(machine);
  if (runners_[group] != before) ++changes_;
}

bool Truth::complete(std::size_t group, std::size_t machine) const {
  Machine& place = world_.machine(machine);
  if (!place.executing()) return false;
  for (const auto& family : families_[group]) {
    if (!place.process().serves(family)) return false;
  }
  return true;
}

bool Truth::led_to(std::size_t group, std::size_t machine) const {
  for (const auto& address : addresses_[group]) {
    if (!world_.machine(machine).host().addresses().contains(address)) return false;
  }
  for (const ResourceConfig* resource : taken_[group]) {
    const std::string wanted = leads_there(world_, *resource, machine);
    for (const auto& [table, target] : world_.region().leads_to(taken_along(*resource))) {
      if (target != wanted) return false;
    }
  }
  return true;
}

std::size_t Truth::server(std::size_t group) const {
  const MachineSet set = runners_[group];
  if (std::popcount(set) != 1) return world_.size();
  const auto machine = static_cast<std::size_t>(std::countr_zero(set));
  return complete(group, machine) && led_to(group, machine) ? machine : world_.size();
}

std::size_t Truth::group_index(const GroupName& name) const {
  std::size_t index = 0;
  while (index < config_.groups.size() && config_.groups[index].name != name) ++index;
  return index;
}

}  // namespace mainstay::sim
