// Who runs what, as seen from outside: by the programs that are alive on machines that make
// progress, never by what a node says of itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/model.h"
#include "sim/world.h"

namespace mainstay::sim {

// One bit for each machine.
using MachineSet = std::uint32_t;
constexpr bool holds(MachineSet set, std::size_t machine) { return ((set >> machine) & 1U) != 0; }
constexpr MachineSet only(std::size_t machine) { return MachineSet{1} << machine; }

class Truth {
 public:
  Truth(World& world, const ClusterConfig& config);

  // Keeps up with what has changed. Cheap for what does not concern it.
  void follow(const Sighting& sighting);

  const ClusterConfig& config() const { return config_; }
  std::size_t group_count() const { return config_.groups.size(); }
  // The machines on which a program of the group makes progress.
  MachineSet runners(std::size_t group) const { return runners_[group]; }
  // Every script resource of the group has a living program there.
  bool complete(std::size_t group, std::size_t machine) const;
  // Every table with the group's addresses leads to this machine, which has them.
  bool led_to(std::size_t group, std::size_t machine) const;
  // complete and led_to on exactly one machine, and nothing of it anywhere else; else size().
  std::size_t server(std::size_t group) const;
  // Rises whenever a group's runners change.
  std::uint64_t changes() const { return changes_; }

  std::size_t group_index(const GroupName& name) const;

 private:
  void look(std::size_t group, std::size_t machine);

  World& world_;
  const ClusterConfig& config_;
  std::map<std::string, std::size_t, std::less<>> group_of_family_;
  std::vector<std::vector<std::string>> families_;         // of each group
  std::vector<std::vector<std::string>> addresses_;        // of each group
  std::vector<std::vector<const ResourceConfig*>> taken_;  // what leads to the owner
  std::vector<MachineSet> runners_;
  std::uint64_t changes_ = 0;
};

}  // namespace mainstay::sim
