// Which resource is next: up along the dependencies, side by side where they are independent; down
// in reverse.
#include <algorithm>

#include "base/sabotage.h"

#include "cluster/group/group.h"

namespace mainstay::group {
namespace {

bool at_rest(const ResourceRun& run) {
  return run.phase == ResourcePhase::inactive || run.phase == ResourcePhase::active ||
         run.phase == ResourcePhase::failed;
}

bool dependencies_active(const Group& group, const ResourceConfig& resource) {
  if (sabotaged(Sabotage::start_without_order)) return true;
  return std::ranges::all_of(resource.depends_on, [&](const ResourceName& name) {
    const ResourceRun& run = group.resources.at(name);
    return run.phase == ResourcePhase::active && !run.bounce;
  });
}

bool dependents_inactive(const Group& group, const GroupConfig& config, const ResourceName& name) {
  if (sabotaged(Sabotage::stop_in_start_order)) return true;
  return std::ranges::all_of(config.resources, [&](const ResourceConfig& other) {
    if (std::ranges::find(other.depends_on, name) == other.depends_on.end()) return true;
    return group.resources.at(other.name).phase == ResourcePhase::inactive;
  });
}

std::string title(const GroupConfig& config, const ResourceConfig& resource) {
  return fmt::format("{}/{}", config.name, resource.name);
}

void activate(Group& group, const GroupConfig& config, const ResourceConfig& resource,
              ResourceRun& run, Step& step) {
  run.phase = ResourcePhase::activating;
  run.ticket = step.new_ticket();
  run.retry_at.reset();
  step.note(Severity::information, title(config, resource), "starting");
  step.act(ActivateResource{run.ticket, config.name, resource.name, group.term,
                            step.now + resource.activate_timeout, group.start_reason,
                            group.previous});
}

void deactivate(Group& group, const GroupConfig& config, const ResourceConfig& resource,
                ResourceRun& run, Step& step) {
  run.phase = ResourcePhase::deactivating;
  run.ticket = step.new_ticket();
  run.retry_at.reset();
  const StopReason reason = run.bounce ? StopReason::resource_restart : group.stop_reason;
  if (reason != StopReason::cleanup)
    step.note(Severity::information, title(config, resource), "stopping");
  const Instant deadline =
      std::min(step.now + resource.deactivate_timeout, std::max(group.stop_until, step.now + 1s));
  step.act(
      DeactivateResource{run.ticket, config.name, resource.name, group.term, deadline, reason});
}

void note_change(Group& group, const GroupConfig& config, GroupPhase phase, std::string why,
                 Step& step) {
  const Severity severity = group.failing ? Severity::warning : Severity::information;
  step.note(severity, config.name.value,
            fmt::format("{} → {}: {}", to_text(group.phase), to_text(phase), why));
  group.phase = phase;
}

// A recovery script's or the operator's final word when trying again is over.
void final_action(FinalAction action, Group& group, const GroupConfig& config,
                  const std::string& why, Step& step) {
  switch (action) {
    case FinalAction::none:
    case FinalAction::drain:  // Of monitors only.
      return;
    case FinalAction::stop_group:
      begin_stop(group, config, StopReason::group_failover, step);
      return;
    case FinalAction::stop_service:
      return step.halt(Halt::stop_service, why);
    case FinalAction::shut_down:
      return step.halt(Halt::shut_down, why);
    case FinalAction::reboot:
      return step.halt(Halt::reboot, why);
  }
}

void on_activated(Group& group, const GroupConfig& config, const ResourceConfig& resource,
                  ResourceRun& run, const Status& outcome, Step& step) {
  if (outcome) {
    run = {.phase = ResourcePhase::active};
    step.note(Severity::information, title(config, resource), "active");
    return;
  }
  run.why = outcome.error().message;
  run.phase = ResourcePhase::failed;
  const bool again =
      run.retries < resource.activate_retries && outcome.error().code != Code::cancelled;
  step.note(Severity::error, title(config, resource),
            fmt::format("Failed to start the resource {}. ({} : {}){}", resource.name,
                        outcome.error().number, run.why, again ? " It is tried again." : ""));
  if (again) {
    ++run.retries;
    run.retry_at = step.now + resource.retry_pause;
    return;
  }
  group.failing = true;
  begin_stop(group, config, StopReason::group_failover, step);
}

void on_deactivated(Group& group, const GroupConfig& config, const ResourceConfig& resource,
                    ResourceRun& run, const Status& outcome, Step& step) {
  if (outcome) {
    const bool bounced = run.bounce;
    run = {.phase = ResourcePhase::inactive};
    run.bounce = bounced;
    return;
  }
  run.why = outcome.error().message;
  run.phase = ResourcePhase::failed;
  step.note(Severity::error, title(config, resource),
            fmt::format("Failed to stop the resource {}. ({} : {})", resource.name,
                        outcome.error().number, run.why));
  if (run.retries < resource.deactivate_retries) {
    ++run.retries;
    run.retry_at = step.now + resource.retry_pause;
    return;
  }
  // It is not known to have stopped, so the group stays `stopping` here: nobody else may start it
  // on our word. It is tried again for ever, after the final action has had its chance.
  const bool hurries = group.stop_reason == StopReason::node_must_end;
  run.retry_at = step.now + (hurries ? 1s : std::max<Duration>(resource.retry_pause, 5s));
  final_action(resource.deactivate_final, group, config,
               fmt::format("{} could not be stopped: {}", title(config, resource), run.why), step);
}

bool going_up(const Group& group) {
  return group.phase == GroupPhase::starting || group.phase == GroupPhase::running;
}

void advance_up(Group& group, const GroupConfig& config, Step& step) {
  for (const auto& resource : config.resources) {
    ResourceRun& run = group.resources.at(resource.name);
    if (run.bounce) {
      const bool running = run.phase == ResourcePhase::active || run.phase == ResourcePhase::failed;
      if (running && dependents_inactive(group, config, resource.name))
        deactivate(group, config, resource, run, step);
      continue;
    }
    const bool due =
        run.phase == ResourcePhase::inactive ||
        (run.phase == ResourcePhase::failed && run.retry_at && step.now >= *run.retry_at);
    if (due && dependencies_active(group, resource)) activate(group, config, resource, run, step);
  }
  // All that bounce are down: up again, in order.
  const bool down = std::ranges::all_of(group.resources, [](const auto& entry) {
    return !entry.second.bounce || entry.second.phase == ResourcePhase::inactive;
  });
  const bool bouncing =
      std::ranges::any_of(group.resources, [](const auto& entry) { return entry.second.bounce; });
  if (bouncing && down) {
    for (auto& [name, run] : group.resources) run.bounce = false;
    advance_up(group, config, step);
    return;
  }
  const bool all = std::ranges::all_of(group.resources, [](const auto& entry) {
    return entry.second.phase == ResourcePhase::active;
  });
  if (all && group.phase == GroupPhase::starting) {
    note_change(group, config, GroupPhase::running, "every resource is active", step);
  }
}

void advance_down(Group& group, const GroupConfig& config, Step& step) {
  // A program that cannot be stopped shall not keep its address here.
  const bool hurries = group.stop_reason == StopReason::node_must_end;
  for (auto resource = config.resources.rbegin(); resource != config.resources.rend(); ++resource) {
    ResourceRun& run = group.resources.at(resource->name);
    const bool due =
        run.phase == ResourcePhase::active ||
        (run.phase == ResourcePhase::failed && (!run.retry_at || step.now >= *run.retry_at));
    if (due && (hurries || dependents_inactive(group, config, resource->name)))
      deactivate(group, config, *resource, run, step);
  }
  const bool all = std::ranges::all_of(group.resources, [](const auto& entry) {
    return entry.second.phase == ResourcePhase::inactive;
  });
  if (!all) return;
  const bool silent = group.stop_reason == StopReason::cleanup;
  if (silent) {
    group.phase = GroupPhase::stopped;
  } else {
    note_change(group, config, GroupPhase::stopped, "every resource is inactive", step);
  }
  group.stop_until = never;
  group.released = false;
}

}  // namespace

void begin_start(Group& group, const GroupConfig& config, Step& step) {
  for (auto& [name, run] : group.resources) run = {};
  group.failing = false;
  group.released = false;
  group.met = {};
  group.beaten = {};
  group.rivals.clear();
  note_change(group, config, GroupPhase::starting, group.reason, step);
}

void begin_stop(Group& group, const GroupConfig& config, StopReason reason, Step& step) {
  if (group.phase == GroupPhase::stopped || group.phase == GroupPhase::stopping) return;
  group.stop_reason = reason;
  note_change(group, config, GroupPhase::stopping, std::string(to_text(reason)), step);
  for (auto& [name, run] : group.resources) {
    run.bounce = false;
    run.retries = 0;
    run.retry_at.reset();
    // What is being started is called off, and then stopped, since it may have happened. What was
    // never started needs no stop; what failed to start does.
    if (run.phase == ResourcePhase::activating) {
      step.act(CancelOperation{run.ticket});
      run.ticket = 0;
      run.phase = ResourcePhase::failed;
    }
  }
}

void hurry_stop(Group& group, Step& step) {
  group.stop_reason = StopReason::node_must_end;
  group.stop_until = step.now;
  for (auto& [name, run] : group.resources) {
    if (run.phase == ResourcePhase::deactivating) {
      step.act(CancelOperation{run.ticket});
      run.ticket = 0;
      run.phase = ResourcePhase::failed;
    }
    run.retry_at.reset();
  }
}

void bounce(Group& group, const GroupConfig& config, const ResourceName& resource, Step& step) {
  if (!going_up(group)) return;
  group.resources.at(resource).bounce = true;
  bool grown = true;
  while (grown) {  // Everything that depends on it, however far away.
    grown = false;
    for (const auto& other : config.resources) {
      ResourceRun& run = group.resources.at(other.name);
      const bool touched = std::ranges::any_of(other.depends_on, [&](const ResourceName& name) {
        return group.resources.at(name).bounce;
      });
      if (touched && !run.bounce) grown = run.bounce = true;
    }
  }
  for (auto& [name, run] : group.resources) {
    if (!run.bounce || run.phase != ResourcePhase::activating) continue;
    step.act(CancelOperation{run.ticket});
    run.ticket = 0;
    run.phase = ResourcePhase::failed;
  }
}

bool on_settled(Group& group, const GroupConfig& config, const ResourceSettled& settled,
                Step& step) {
  for (const auto& resource : config.resources) {
    ResourceRun& run = group.resources.at(resource.name);
    if (run.ticket == 0 || run.ticket != settled.ticket || at_rest(run)) continue;
    run.ticket = 0;
    if (run.phase == ResourcePhase::activating) {
      on_activated(group, config, resource, run, settled.outcome, step);
    } else {
      on_deactivated(group, config, resource, run, settled.outcome, step);
    }
    return true;
  }
  return false;
}

void advance(Group& group, const GroupConfig& config, Step& step) {
  if (going_up(group)) advance_up(group, config, step);
  if (group.phase == GroupPhase::stopping) advance_down(group, config, step);
}

Instant next_deadline(const Group& group) {
  Instant next = never;
  for (const auto& [name, run] : group.resources) {
    if (run.retry_at) next = std::min(next, *run.retry_at);
  }
  return next;
}

}  // namespace mainstay::group
