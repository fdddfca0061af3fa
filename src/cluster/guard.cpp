// Stopping oneself: what runs here while nothing may is stopped, killed in time, and ended by the
// watchdog if even that fails. Called before anything else in a step, since a node that was paused
// may wake long after its permission ended.
#include <algorithm>

#include "base/sabotage.h"

#include "cluster/node_parts.h"

namespace mainstay::node {
namespace {

// Killing comes a little before the end, so that it is done by then.
Instant kill_at(const arbitration::Permission& permission) {
  return permission.hard - (permission.hard - permission.soft) / 3;
}

void stop_in_time(State& state, const arbitration::Permission& permission, Step& step) {
  for (const auto& config : step.config.groups) {
    group::Group& group = state.groups.at(config.name);
    if (group.phase == GroupPhase::claiming) {
      group.phase = GroupPhase::stopped;
      group.waits_for = fmt::format("this node may not run anything: {}", permission.basis);
    }
    if (group.phase == GroupPhase::starting || group.phase == GroupPhase::running) {
      group.stop_until = permission.hard;
      group::begin_stop(group, config, StopReason::permission_ended, step);
      if (!state.cut_off) state.cut_off_since = step.now;
      state.cut_off = true;
    }
    if (group.phase == GroupPhase::stopping && !group.released && step.now >= kill_at(permission)) {
      group.released = true;
      if (group.stop_reason != StopReason::cleanup) {
        step.note(Severity::warning, config.name.value,
                  fmt::format("killing what still runs: {}", permission.basis));
      }
      step.act(ReleaseGroup{config.name, "our permission has ended"});
    }
  }
}

// A node that runs nothing is cut off, too, once it may not run anything any more.
void notice_cut_off(State& state, bool ended, Step& step) {
  const bool member = state.phase == NodePhase::member;
  if (ended && member && state.might_run && !state.cut_off && all_idle(state)) {
    state.cut_off = true;
    state.cut_off_since = step.now;
  }
  state.might_run = member && !ended;
}

// What may not run and is not stopped yet. If the permission came back meanwhile, others may have
// been started since: they are not meant.
bool still_stopping(const State& state) {
  return std::ranges::any_of(
      state.groups, [](const auto& entry) { return entry.second.phase == GroupPhase::stopping; });
}

void act_cut_off(State& state, Step& step) {
  if (!state.cut_off || state.resetting) return;
  if (still_stopping(state)) {
    if (step.now < state.cut_off_since + step.config.timing.isolation_deadline) return;
    state.resetting = true;  // No limit holds it up: safety rests on it.
    step.act(HaltNode{Halt::reset,
                      "something of ours could not be stopped, and nothing of ours may run"});
    return;
  }
  state.cut_off = false;
  if (!all_idle(state)) return;
  const IsolationAction action = step.config.arbitration.isolation_action;
  if (action == IsolationAction::none || action == IsolationAction::stop_groups) return;
  const Halt halt = action == IsolationAction::stop_service ? Halt::stop_service
                    : action == IsolationAction::shut_down  ? Halt::shut_down
                    : action == IsolationAction::reboot     ? Halt::reboot
                                                            : Halt::reset;
  step.halt(halt, "this node is cut off: action at isolation");
}

void arm_watchdog(State& state, const arbitration::Permission& permission, Step& step) {
  const bool runs = std::ranges::any_of(state.groups, [](const auto& entry) {
    const group::Group& group = entry.second;
    return !group::idle(group) && group.stop_reason != StopReason::cleanup;
  });
  const bool running = runs || std::ranges::any_of(state.groups, [](const auto& entry) {
                         return entry.second.phase == GroupPhase::starting ||
                                entry.second.phase == GroupPhase::running;
                       });
  const Instant until = running ? permission.hard : never;
  if (until == state.watchdog || sabotaged(Sabotage::watchdog_not_armed)) return;
  state.watchdog = until;
  step.act(ArmWatchdog{until});
}

}  // namespace

void guard(State& state, Step& step) {
  const arbitration::Permission now = permission(state);
  const bool ended = step.now >= now.soft && !sabotaged(Sabotage::permission_not_watched);
  if (ended) stop_in_time(state, now, step);
  notice_cut_off(state, ended, step);
  act_cut_off(state, step);
  arm_watchdog(state, now, step);
}

void stop_all(State& state, StopReason reason, Step& step) {
  for (const auto& config : step.config.groups) {
    group::Group& group = state.groups.at(config.name);
    if (group.phase == GroupPhase::claiming) group.phase = GroupPhase::stopped;
    group::begin_stop(group, config, reason, step);
  }
}

}  // namespace mainstay::node
