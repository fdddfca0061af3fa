// Every question a node asks is answered, exactly once, and no later than a moment after its
// deadline on the node's own clock.
#include <fmt/format.h>

#include "sim/checkers/checker.h"

namespace mainstay::sim {
namespace {

constexpr Duration grace = 100ms;
constexpr std::size_t open_max = 4096;

struct Question {
  Instant deadline;
  const char* what = "";
};

struct Watch {
  std::vector<std::map<Ticket, Question>> open;
  std::vector<Instant> ran_on_at;  // when the machine last went on after a pause

  void fit(std::size_t machines) {
    open.resize(machines);
    ran_on_at.resize(machines);
  }
};

std::optional<std::pair<Ticket, Question>> question_of(const Action& action) {
  if (const auto* read = std::get_if<ReadRecord>(&action)) {
    return {{read->ticket, {read->deadline, "a read at the arbiter"}}};
  }
  if (const auto* swap = std::get_if<SwapRecord>(&action)) {
    return {{swap->ticket, {swap->deadline, "a swap at the arbiter"}}};
  }
  if (const auto* check = std::get_if<CheckReachability>(&action)) {
    return {{check->ticket, {check->deadline, "a reachability check"}}};
  }
  if (const auto* fence = std::get_if<FencePeer>(&action)) {
    return {{fence->ticket, {fence->deadline, "a forced stop"}}};
  }
  if (const auto* check = std::get_if<CheckFence>(&action)) {
    return {{check->ticket, {check->deadline, "a check of the forced stop"}}};
  }
  if (const auto* start = std::get_if<ActivateResource>(&action)) {
    return {{start->ticket, {start->deadline, "an activation"}}};
  }
  if (const auto* stop = std::get_if<DeactivateResource>(&action)) {
    return {{stop->ticket, {stop->deadline, "a deactivation"}}};
  }
  if (const auto* monitor = std::get_if<RunMonitor>(&action)) {
    return {{monitor->ticket, {monitor->deadline, "a monitor's run"}}};
  }
  return std::nullopt;
}

Ticket answered_by(const Event& event) {
  return std::visit(
      [](const auto& each) -> Ticket {
        using Kind = std::decay_t<decltype(each)>;
        // An operator's order carries a ticket, but asks; it does not answer.
        if constexpr (std::is_same_v<Kind, OperatorAsked>) {
          return 0;
        } else if constexpr (requires { each.ticket; }) {
          return each.ticket;
        } else {
          return 0;
        }
      },
      event);
}

void close(Scene& scene, Watch& watch, std::size_t machine, const Event& event, Instant now) {
  const Ticket ticket = answered_by(event);
  if (ticket == 0) return;
  auto& open = watch.open[machine];
  const auto found = open.find(ticket);
  if (found == open.end()) {
    scene.violate("everything_ends",
                  fmt::format("{} gets a second answer, or one without a question",
                              scene.world.machine(machine).name()));
    return;
  }
  // A machine that was not running could not listen; what came late for that reason is not late.
  const Duration late = now - found->second.deadline;
  const bool excused =
      found->second.deadline == never || found->second.deadline <= watch.ran_on_at[machine];
  if (late > grace && !excused) {
    scene.violate("everything_ends", fmt::format("{}: {} ended {} after its deadline",
                                                 scene.world.machine(machine).name(),
                                                 found->second.what, mainstay::to_text(late)));
  }
  open.erase(found);
}

}  // namespace

Checker everything_ends() {
  const auto watch = std::make_shared<Watch>();
  Checker checker{.law = "everything_ends"};
  checker.on_action = [watch](Scene& scene, std::size_t machine, const Action& action, Instant) {
    watch->fit(scene.world.size());
    auto& open = watch->open[machine];
    // What a daemon asks for in the step in which it lost its machine is asked of nobody.
    const bool alive = scene.world.machine(machine).daemon_runs();
    if (const auto question = question_of(action); question && alive) open.insert(*question);
    // A monitor or operation that is called off needs no answer, and may give one.
    if (const auto* cancelled = std::get_if<CancelOperation>(&action)) {
      const auto found = open.find(cancelled->ticket);
      if (found != open.end()) found->second.deadline = never;
    }
    if (open.size() > open_max) {
      scene.violate("everything_ends",
                    fmt::format("{} has {} questions without an answer",
                                scene.world.machine(machine).name(), open.size()));
      open.clear();
    }
  };
  checker.on_event = [watch](Scene& scene, std::size_t machine, const Event& event, Instant now) {
    watch->fit(scene.world.size());
    close(scene, *watch, machine, event, now);
  };
  checker.on_sighting = [watch](Scene& scene, const Sighting& sighting) {
    watch->fit(scene.world.size());
    if (sighting.sight == Sight::daemon_changed) watch->open[sighting.machine].clear();
    if (sighting.sight == Sight::pace_changed) {
      watch->ran_on_at[sighting.machine] = scene.world.machine(sighting.machine).now();
    }
  };
  checker.at_end = [watch](Scene& scene) {
    watch->fit(scene.world.size());
    for (std::size_t machine = 0; machine < scene.world.size(); ++machine) {
      const Instant now = scene.world.machine(machine).now();
      for (const auto& [ticket, question] : watch->open[machine]) {
        const bool runs =
            scene.world.machine(machine).executing() && !scene.world.machine(machine).stalled();
        if (!runs || question.deadline == never || question.deadline + grace >= now) continue;
        scene.violate("everything_ends",
                      fmt::format("{}: {} has not ended by its deadline, {} ago",
                                  scene.world.machine(machine).name(), question.what,
                                  mainstay::to_text(now - question.deadline)));
      }
    }
  };
  return checker;
}

}  // namespace mainstay::sim
