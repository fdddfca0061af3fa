// Once the faults are over, each group that may run is served by exactly one node, complete, with
// its addresses leading there.
#include <fmt/format.h>
#include <bit>

#include "sim/checkers/checker.h"

namespace mainstay::sim {

std::optional<std::string> unserved(const Scene& scene, const std::vector<bool>& wanted) {
  for (std::size_t group = 0; group < scene.truth.group_count(); ++group) {
    const auto& name = scene.config().groups[group].name;
    const MachineSet runners = scene.truth.runners(group);
    if (!wanted[group]) {
      if (runners != 0) return fmt::format("{} runs although it was stopped by hand", name);
      continue;
    }
    if (scene.truth.server(group) != scene.world.size()) continue;
    if (runners == 0) return fmt::format("{} runs nowhere", name);
    if (std::popcount(runners) > 1) return fmt::format("{} runs on several nodes", name);
    const auto machine = static_cast<std::size_t>(std::countr_zero(runners));
    return fmt::format(
        "{} runs on {}, but {}", name, scene.world.machine(machine).name(),
        scene.truth.complete(group, machine) ? "its address does not lead there" : "not all of it");
  }
  return std::nullopt;
}

}  // namespace mainstay::sim
