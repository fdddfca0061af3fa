// Placement, orders and ill health, as they reach each group.
#include <algorithm>

#include "cluster/node_parts.h"

namespace mainstay::node {
namespace {

using group::runs;

bool elsewhere_fit(const State& state, const GroupConfig& config) {
  const placement::View seen = view(state);
  return std::ranges::any_of(config.policy, [&](const NodeName& node) {
    return node != state.self && placement::fit(seen, node, config.name);
  });
}

void become_unfit(group::Group& group, const GroupConfig& config, Step& step) {
  group.unfit_until = step.now + unfit_for;
  step.note(Severity::warning, config.name.value,
            fmt::format("is not placed on {} again for {}, unless an operator says so", step.self,
                        to_text(Duration(unfit_for))));
}

void heed_wish(State& state, const GroupConfig& config, group::Group& group, Step& step) {
  const Intent wish = intent(state, config.name);
  if (wish.number != group.intent_seen) {
    group.intent_seen = wish.number;
    group.unfit_until.reset();
    group.claim_again_at = step.now;
  }
  if (!wish.run) {
    group::begin_stop(group, config, StopReason::group_stop, step);
  } else if (wish.restart && runs(group) && group.term == wish.after) {
    group::begin_stop(group, config, StopReason::group_stop, step);
  }
}

// A coordinator that has not heard what runs here (it was cut off until now, say) may not take it
// away.
bool coordinator_knows(const State& state) {
  if (state.coordinator == state.self) return true;
  const auto& beat = state.membership.peers.at(state.coordinator).beat;
  const auto echo = beat->echoes.find(state.self);
  return echo != beat->echoes.end() && echo->second.incarnation == state.durable.incarnation &&
         echo->second.beat >= state.changed_beat;
}

void follow_one(State& state, const GroupConfig& config, group::Group& group, Step& step) {
  heed_wish(state, config, group, step);
  const auto wanted = state.wanted.find(config.name);
  if (!runs(group) || wanted == state.wanted.end() || wanted->second == step.self) return;
  if (wanted->second.empty())
    return;  // Nowhere else to go; whether it shall run at all is said by the wish.
  if (!coordinator_knows(state)) return;
  // Only hand it over to somebody who is there to take it.
  const placement::View seen = view(state);
  if (!placement::fit(seen, wanted->second, config.name)) return;
  group::begin_stop(group, config, StopReason::group_move, step);
}

// A start that failed: the group goes elsewhere; if nobody else can take it, the final action of
// the configuration.
void settle_failure(State& state, const GroupConfig& config, group::Group& group, Step& step) {
  if (!group.failing || group.phase != GroupPhase::stopped) return;
  group.failing = false;
  become_unfit(group, config, step);
  if (elsewhere_fit(state, config)) return;
  for (const auto& resource : config.resources) {
    const Halt halt = resource.activate_final == FinalAction::shut_down ? Halt::shut_down
                      : resource.activate_final == FinalAction::reboot  ? Halt::reboot
                                                                        : Halt::stop_service;
    const bool final = resource.activate_final != FinalAction::none &&
                       resource.activate_final != FinalAction::stop_group;
    if (final && !state.groups.at(config.name).resources.at(resource.name).why.empty()) {
      step.halt(halt, fmt::format("{} could not be started on any node", config.name));
      return;
    }
  }
}

bool resource_active(const State& state, const ResourceName& name) {
  const GroupConfig* config = group_of(*state.config, name);
  if (config == nullptr) return false;
  return state.groups.at(config->name).resources.at(name).phase == group::ResourcePhase::active;
}

recovery::TargetFacts facts(const State& state, const MonitorConfig& monitor) {
  const GroupConfig* config = find_group(*state.config, monitor.recovery.group);
  if (config == nullptr) return {};
  return {.running_here = runs(state.groups.at(config->name)),
          .elsewhere_fit = elsewhere_fit(state, *config)};
}

void act_finally(State& state, const recovery::Request& request, Step& step) {
  const auto halt = [&](Halt kind) { step.halt(kind, request.why); };
  switch (request.monitor.recovery.final_action) {
    case FinalAction::none:
      step.note(Severity::error, request.monitor.name.value,
                request.why + ". No final action is configured.");
      return;
    case FinalAction::drain:  // As long as the monitor is not healthy: see recovery.
      return;
    case FinalAction::stop_group:
      if (const GroupConfig* config = find_group(step.config, request.monitor.recovery.group)) {
        Intent stop = intent(state, config->name);
        stop.run = false;
        wish(state, config->name, stop, step);
      }
      return;
    case FinalAction::stop_service:
      return halt(Halt::stop_service);
    case FinalAction::shut_down:
      return halt(Halt::shut_down);
    case FinalAction::reboot:
      return halt(Halt::reboot);
  }
}

void recover(State& state, const recovery::Request& request, Step& step) {
  using Kind = recovery::Request::Kind;
  step.note(Severity::warning, request.monitor.name.value, request.why);
  if (request.kind == Kind::final_action) return act_finally(state, request, step);
  const GroupConfig& config = *find_group(step.config, request.monitor.recovery.group);
  group::Group& group = state.groups.at(config.name);
  if (request.kind == Kind::restart_resource) {
    group::bounce(group, config, request.monitor.recovery.resource, step);
  } else if (request.kind == Kind::restart_group) {
    for (const auto& resource : config.resources) group::bounce(group, config, resource.name, step);
  } else {
    become_unfit(group, config, step);
    group::begin_stop(group, config, StopReason::group_failover, step);
  }
}

}  // namespace

void follow_placement(State& state, Step& step) {
  for (const auto& config : step.config.groups) {
    group::Group& group = state.groups.at(config.name);
    if (group.unfit_until && step.now >= *group.unfit_until) group.unfit_until.reset();
    follow_one(state, config, group, step);
  }
}

void advance_groups(State& state, Step& step) {
  for (const auto& config : step.config.groups) {
    group::Group& group = state.groups.at(config.name);
    group::advance(group, config, step);
    settle_failure(state, config, group, step);
  }
}

void on_monitor(State& state, const MonitorJudged& judged, Step& step) {
  const MonitorConfig* monitor = recovery::on_judged(state.recovery, judged, step);
  if (monitor == nullptr) return;
  if (const auto request =
          recovery::spend(state.recovery, *monitor, facts(state, *monitor), step)) {
    recover(state, *request, step);
  }
}

void schedule_monitors(State& state, Step& step) {
  const bool in = state.phase == NodePhase::member || state.phase == NodePhase::leaving;
  recovery::schedule(state.recovery, step, [&](const MonitorConfig& monitor) {
    return in &&
           (monitor.timing == MonitorTiming::always || resource_active(state, monitor.active_with));
  });
}

}  // namespace mainstay::node
