// Once the faults are over, groups settle: no group is activated more than a few times more.
#include <fmt/format.h>

#include "sim/checkers/checker.h"

namespace mainstay::sim {
namespace {

// One to come back, one to go where the operator or the policy wants it, and one for whatever was
// already under way; beyond that it flaps.
constexpr int activations_max = 5;

}  // namespace

Checker no_flapping() {
  const auto counts = std::make_shared<std::map<GroupName, int>>();
  Checker checker{.law = "no_flapping"};
  checker.on_action = [counts](Scene& scene, std::size_t, const Action& action, Instant) {
    const auto* record = std::get_if<RecordActivation>(&action);
    if (record == nullptr || !scene.healed) return;
    if (++(*counts)[record->activation.group] != activations_max + 1) return;
    scene.violate("no_flapping", fmt::format("{} was activated {} times since the faults ended",
                                             record->activation.group, activations_max + 1));
  };
  return checker;
}

}  // namespace mainstay::sim
