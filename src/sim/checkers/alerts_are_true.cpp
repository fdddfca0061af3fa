// What is said is so: strong evidence that a node is not running a group is never given while the
// node runs it.
#include <fmt/format.h>

#include "sim/checkers/checker.h"

namespace mainstay::sim {

Checker alerts_are_true() {
  Checker checker{.law = "alerts_are_true"};
  checker.on_action = [](Scene& scene, std::size_t, const Action& action, Instant) {
    const auto* record = std::get_if<RecordActivation>(&action);
    if (record == nullptr || !strong(scene.environment.evidence)) return;
    const Activation& activation = record->activation;
    const std::size_t group = scene.truth.group_index(activation.group);
    if (group == scene.truth.group_count()) return;
    for (const auto& clearance : activation.clearances) {
      const std::size_t machine = scene.world.index_of(clearance.node);
      if (!strong(clearance.evidence) || machine == scene.world.size()) continue;
      if (!holds(scene.truth.runners(group), machine)) continue;
      scene.violate(
          "alerts_are_true",
          fmt::format("{} is activated on {} because {} is cleared by {} ({}), but {} "
                      "runs it at this moment",
                      activation.group, activation.node, clearance.node,
                      mainstay::to_text(clearance.evidence), clearance.why, clearance.node));
    }
  };
  return checker;
}

}  // namespace mainstay::sim
