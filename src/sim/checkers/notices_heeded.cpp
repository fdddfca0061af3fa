// A member that has learnt of its instance's end says so in every beat until that is called off:
// the others place nothing on it, and what it has goes to them. A node that leaves says that.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <set>

#include "sim/checkers/checker.h"

namespace mainstay::sim {

Checker notices_heeded() {
  // The monitors whose last verdict was bad, by machine.
  const auto bad = std::make_shared<std::map<std::size_t, std::set<MonitorName>>>();
  Checker checker{.law = "notices_heeded"};
  checker.on_event = [bad](Scene& scene, std::size_t machine, const Event& event, Instant) {
    const auto* judged = std::get_if<MonitorJudged>(&event);
    if (judged == nullptr || judged->verdict == Verdict::unknown) return;
    const MonitorConfig* monitor = find_monitor(scene.config(), judged->monitor);
    const bool drains = monitor != nullptr && monitor->recovery.final_action == FinalAction::drain;
    if (!drains || monitor->retries > 0) return;
    if (judged->verdict == Verdict::unhealthy) (*bad)[machine].insert(judged->monitor);
    if (judged->verdict == Verdict::healthy) (*bad)[machine].erase(judged->monitor);
  };
  checker.on_action = [bad](Scene& scene, std::size_t machine, const Action& action, Instant) {
    const auto* send = std::get_if<SendBeat>(&action);
    if (send == nullptr || send->beat.phase != NodePhase::member) return;
    if (send->beat.drained || (*bad)[machine].empty()) return;
    scene.violate("notices_heeded",
                  fmt::format("{} was told by {} that it is about to go, and does not say so",
                              scene.world.machine(machine).name(), *(*bad)[machine].begin()));
  };
  checker.on_sighting = [bad](Scene&, const Sighting& sighting) {
    if (sighting.sight == Sight::daemon_changed) (*bad)[sighting.machine].clear();
  };
  return checker;
}

}  // namespace mainstay::sim
