// A group with a mirror starts what uses it only where the copy is the one in use and has every
// write that was ever acknowledged.
#include <fmt/format.h>

#include "sim/checkers/checker.h"

namespace mainstay::sim {

Checker latest_copy() {
  Checker checker{.law = "latest_copy"};
  checker.on_action = [](Scene& scene, std::size_t machine, const Action& action, Instant) {
    const auto* start = std::get_if<ActivateResource>(&action);
    if (start == nullptr) return;
    const GroupConfig* group = find_group(scene.config(), start->group);
    const ResourceConfig* resource = find_resource(*group, start->resource);
    for (const auto& needed : resource->depends_on) {
      if (find_resource(*group, needed)->type != "md") continue;
      const auto why = scene.world.copies().unfit(needed.value, machine);
      if (!why) continue;
      scene.violate("latest_copy",
                    fmt::format("{} starts {} on {}, but {}", scene.world.machine(machine).name(),
                                start->resource, needed, *why));
    }
  };
  return checker;
}

}  // namespace mainstay::sim
