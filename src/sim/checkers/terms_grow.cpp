// Terms rise with each activation and never repeat; and each activation is on record with a
// clearance for every other node that might run the group.
#include <fmt/format.h>

#include "sim/checkers/checker.h"

namespace mainstay::sim {
namespace {

struct Watch {
  std::map<GroupName, Activation> last;
  // By group and machine: the term whose record was made, to hold against what is started.
  std::map<std::pair<GroupName, std::size_t>, Term> recorded;
};

bool weak(const Activation& activation) {
  return std::ranges::any_of(activation.clearances, [](const Clearance& clearance) {
    return !strong(clearance.evidence);
  });
}

void on_record(Scene& scene, Watch& watch, std::size_t machine, const Activation& activation) {
  watch.recorded[{activation.group, machine}] = activation.term;
  const auto before = watch.last.find(activation.group);
  const bool excused = !strong(scene.environment.evidence) &&
                       (weak(activation) || (before != watch.last.end() && weak(before->second)));
  if (before != watch.last.end() && activation.term <= before->second.term && !excused) {
    scene.violate("terms_grow", fmt::format("{} is activated on {} at term {}, after term {} on {}",
                                            activation.group, activation.node, activation.term,
                                            before->second.term, before->second.node));
  }
  if (before == watch.last.end() || activation.term >= before->second.term) {
    watch.last[activation.group] = activation;
  }
  // A node outside the group's policy cannot be running it; every other one needs a clearance.
  const GroupConfig* group = find_group(scene.config(), activation.group);
  for (const auto& node : group->policy) {
    const bool cleared = std::ranges::any_of(
        activation.clearances, [&](const Clearance& each) { return each.node == node; });
    if (node == activation.node || cleared) continue;
    scene.violate("terms_grow",
                  fmt::format("{} is activated on {} at term {} without a clearance "
                              "for {}",
                              activation.group, activation.node, activation.term, node));
  }
}

void on_start(Scene& scene, const Watch& watch, std::size_t machine,
              const ActivateResource& start) {
  const auto recorded = watch.recorded.find({start.group, machine});
  if (recorded != watch.recorded.end() && recorded->second == start.term) return;
  scene.violate("terms_grow",
                fmt::format("{} starts {} at term {} without a record of it",
                            scene.world.machine(machine).name(), start.resource, start.term));
}

}  // namespace

Checker terms_grow() {
  const auto watch = std::make_shared<Watch>();
  Checker checker{.law = "terms_grow"};
  checker.on_action = [watch](Scene& scene, std::size_t machine, const Action& action, Instant) {
    if (const auto* record = std::get_if<RecordActivation>(&action)) {
      on_record(scene, *watch, machine, record->activation);
    } else if (const auto* start = std::get_if<ActivateResource>(&action)) {
      on_start(scene, *watch, machine, *start);
    }
  };
  return checker;
}

}  // namespace mainstay::sim
