// Nobody lets go what leads to somebody else: an Elastic IP address is disassociated, and a record
// set removed, only by the node that it stands for.
#include <fmt/format.h>

#include "sim/checkers/checker.h"
#include "sim/furnish.h"

namespace mainstay::sim {
namespace {

const ResourceConfig* resource_that_takes(const ClusterConfig& config, std::string_view key) {
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      if (taken_along(resource) == key) return &resource;
    }
  }
  return nullptr;
}

}  // namespace

Checker lets_go_of_its_own() {
  Checker checker{.law = "lets_go_of_its_own"};
  checker.on_sighting = [](Scene& scene, const Sighting& sighting) {
    if (sighting.sight != Sight::lets_go) return;
    const std::string key(sighting.detail);
    const ResourceConfig* resource = resource_that_takes(scene.config(), key);
    if (resource == nullptr) return;
    const std::string own = leads_there(scene.world, *resource, sighting.machine);
    for (const auto& [holding, target] : scene.world.region().leads_to(key)) {
      if (target == own) continue;
      scene.violate("lets_go_of_its_own",
                    fmt::format("{} lets go {}, which leads to {}",
                                scene.world.machine(sighting.machine).name(), holding, target));
    }
  };
  return checker;
}

}  // namespace mainstay::sim
