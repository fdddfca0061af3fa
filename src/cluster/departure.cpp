// A node leaves: its groups stop, it resigns, and ends. An operator's `node stop` takes the time it
// takes. When the operating system shuts down there is only so much of it: the policy says where
// the groups go, and what does not stop in time is killed.
#include <algorithm>

#include "cluster/node_parts.h"

namespace mainstay::node {
namespace {

void park(State& state, Step& step) {
  for (const auto& [name, group] : state.groups) {
    if (!group::runs(group)) continue;
    wish(state, name, {.run = false, .after = highest_term(state, name)}, step);
    state.durable.parked[name] = state.durable.intents.at(name).number;
  }
  store(state, step);
}

// Nobody can take it, it shall not run, or it runs elsewhere by now.
bool settled_elsewhere(const State& state, const GroupConfig& config, const Step& step) {
  const placement::View seen = view(state);
  if (!intent(state, config.name).run) return true;
  const NodeName now = placement::owner(seen, config.name);
  if (!now.empty() && now != step.self) {
    return seen.present.at(now).reports.at(config.name).phase == GroupPhase::running;
  }
  return std::ranges::none_of(config.policy, [&](const NodeName& node) {
    return node != step.self && placement::fit(seen, node, config.name);
  });
}

bool waits_for_handover(const State& state, const Step& step) {
  if (!state.departure || step.now >= state.departure->until) return false;
  return std::ranges::any_of(state.departure->handed_over, [&](const GroupName& name) {
    return !settled_elsewhere(state, *find_group(step.config, name), step);
  });
}

void kill_what_runs(State& state, Step& step) {
  for (const auto& config : step.config.groups) {
    group::Group& group = state.groups.at(config.name);
    if (group.phase != GroupPhase::stopping) continue;
    group::hurry_stop(group, step);
    const std::string why(to_text(group.stop_reason));
    step.note(Severity::warning, config.name.value, "killing what still runs: " + why);
    group.released = true;
    step.act(ReleaseGroup{config.name, why});
  }
}

}  // namespace

const ShutdownConfig& shutdown_policy(const State& state) {
  return state.durable.shutdown ? *state.durable.shutdown : state.config->shutdown;
}

void begin_departure(State& state, Step& step) {
  if (state.phase == NodePhase::stopped) return;
  if (state.departure) {
    state.departure->until = std::min(state.departure->until, step.now);
    return;
  }
  const ShutdownConfig& policy = shutdown_policy(state);
  state.departure = {.groups = policy.groups, .until = step.now + policy.timeout};
  const bool moves = policy.groups == ShutdownGroups::move;
  step.note(Severity::information, step.self.value,
            fmt::format("is told to end; its groups {}, within {}",
                        moves ? "move to other nodes" : "stop until it is back",
                        to_text(policy.timeout)));
  for (const auto& [name, group] : state.groups) {
    if (moves && group::runs(group)) state.departure->handed_over.insert(name);
  }
  if (!moves) park(state, step);
  state.phase = NodePhase::leaving;
}

void leave(State& state, Step& step) {
  stop_all(state, StopReason::node_stop, step);
  if (!all_idle(state) || waits_for_handover(state, step)) return;
  state.phase = NodePhase::stopped;
  state.durable.resigned = true;
  state.durable.open = state.isolation.has_value();
  state.farewells = 3;
  state.arbitration.session.next_at = step.now;
  store(state, step);
  state.resigned_with = state.store_number;
  step.note(Severity::information, step.self.value, "has stopped all its groups and resigns");
}

void hurry_departure(State& state, Step& step) {
  if (!state.departure || state.departure->hurried || state.phase != NodePhase::leaving) return;
  if (step.now < state.departure->until) return;
  state.departure->hurried = true;
  kill_what_runs(state, step);
}

Instant next_departure(const State& state) {
  const bool leaving = state.phase == NodePhase::leaving && state.departure;
  return leaving && !state.departure->hurried ? state.departure->until : never;
}

void unpark(State& state, Step& step) {
  for (const auto& [name, number] : std::exchange(state.durable.parked, {})) {
    if (find_group(step.config, name) == nullptr) continue;
    const Intent now = intent(state, name);
    // Whoever has said something since is heeded.
    if (now.run || now.number != number || now.by != step.self) continue;
    wish(state, name, {.run = true}, step);
    step.note(Severity::information, name.value,
              fmt::format("had stopped with {}, which is back: it starts again", step.self));
  }
}

}  // namespace mainstay::node
