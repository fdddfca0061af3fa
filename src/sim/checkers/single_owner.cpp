// No group makes progress on two machines at once, unless weak evidence allowed it: then the double
// run is counted, with its length.
#include <fmt/format.h>
#include <bit>

#include "sim/checkers/checker.h"

namespace mainstay::sim {
namespace {

struct Watch {
  // Each group's newest activation on each machine.
  std::vector<std::vector<Activation>> activations;
  std::vector<std::optional<DoubleRun>> open;
};

// Whether the younger of the two activations rests on weak evidence against anybody: then what is
// told about later ones rests on it too.
bool weak_between(const Watch& watch, std::size_t group, MachineSet runners) {
  for (std::size_t machine = 0; machine < watch.activations[group].size(); ++machine) {
    if (!holds(runners, machine)) continue;
    for (const auto& clearance : watch.activations[group][machine].clearances) {
      if (!strong(clearance.evidence)) return true;
    }
  }
  return false;
}

std::string describe(const Scene& scene, const Watch& watch, std::size_t group,
                     MachineSet runners) {
  std::string text = fmt::format("{} runs at once on", scene.config().groups[group].name);
  for (std::size_t machine = 0; machine < scene.world.size(); ++machine) {
    if (!holds(runners, machine)) continue;
    const Activation& activation = watch.activations[group][machine];
    text += fmt::format(" {} (term {}", scene.world.machine(machine).name(), activation.term);
    for (const auto& clearance : activation.clearances) {
      text += fmt::format(", {} by {}", clearance.node, mainstay::to_text(clearance.evidence));
    }
    text += ")";
  }
  return text;
}

void look(Scene& scene, Watch& watch) {
  for (std::size_t group = 0; group < scene.truth.group_count(); ++group) {
    const MachineSet runners = scene.truth.runners(group);
    auto& open = watch.open[group];
    if (std::popcount(runners) < 2) {
      if (!open) continue;
      open->until = scene.world.now();
      if (open->until > open->from) scene.double_runs.push_back(*open);
      open.reset();
      continue;
    }
    if (open) continue;
    std::string text = describe(scene, watch, group, runners);
    if (strong(scene.environment.evidence) || !weak_between(watch, group, runners)) {
      scene.violate("single_owner", text);
    }
    open = DoubleRun{group, scene.world.now(), scene.world.now(), std::move(text)};
  }
}

}  // namespace

Checker single_owner() {
  const auto watch = std::make_shared<Watch>();
  Checker checker{.law = "single_owner"};
  checker.on_action = [watch](Scene& scene, std::size_t machine, const Action& action, Instant) {
    const auto* record = std::get_if<RecordActivation>(&action);
    if (record == nullptr) return;
    watch->activations.resize(scene.truth.group_count());
    const std::size_t group = scene.truth.group_index(record->activation.group);
    if (group == scene.truth.group_count()) return;
    watch->activations[group].resize(scene.world.size());
    watch->activations[group][machine] = record->activation;
  };
  checker.on_runners_changed = [watch](Scene& scene) {
    watch->activations.resize(scene.truth.group_count());
    for (auto& machines : watch->activations) machines.resize(scene.world.size());
    watch->open.resize(scene.truth.group_count());
    look(scene, *watch);
  };
  checker.at_end = [watch](Scene& scene) {
    for (auto& open : watch->open) {
      if (!open) continue;
      open->until = scene.world.now();
      scene.double_runs.push_back(*open);
    }
  };
  return checker;
}

}  // namespace mainstay::sim
