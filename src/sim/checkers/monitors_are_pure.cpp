// A monitor's answer that is no answer moves no group: what a node does on hearing an unknown
// verdict is never a restart, a failover or a halt.
#include <fmt/format.h>

#include "sim/checkers/checker.h"

namespace mainstay::sim {
namespace {

struct Watch {
  // The machine whose last event was an unknown verdict of this monitor, with nothing since.
  std::size_t machine = SIZE_MAX;
  MonitorName monitor;
};

const char* forbidden(const Action& action) {
  if (std::holds_alternative<HaltNode>(action)) return "halts";
  const auto* stop = std::get_if<DeactivateResource>(&action);
  if (stop == nullptr) return nullptr;
  if (stop->reason == StopReason::resource_restart) return "restarts a resource";
  return stop->reason == StopReason::group_failover ? "fails a group over" : nullptr;
}

}  // namespace

Checker monitors_are_pure() {
  const auto watch = std::make_shared<Watch>();
  Checker checker{.law = "monitors_are_pure"};
  checker.on_event = [watch](Scene& scene, std::size_t machine, const Event& event, Instant) {
    watch->machine = SIZE_MAX;
    const auto* judged = std::get_if<MonitorJudged>(&event);
    if (judged == nullptr || judged->verdict != Verdict::unknown) return;
    const MonitorConfig* monitor = find_monitor(scene.config(), judged->monitor);
    if (monitor == nullptr || monitor->on_unknown == UnknownAction::recover) return;
    *watch = {machine, judged->monitor};
  };
  checker.on_action = [watch](Scene& scene, std::size_t machine, const Action& action, Instant) {
    const char* deed = watch->machine == machine ? forbidden(action) : nullptr;
    if (deed == nullptr) return;
    scene.violate("monitors_are_pure",
                  fmt::format("{} {} although monitor {} only said that it does not know",
                              scene.world.machine(machine).name(), deed, watch->monitor));
  };
  return checker;
}

}  // namespace mainstay::sim
