// What we say: the beat, whole each time; at the interval, and at once when something in it has
// changed.
#include <algorithm>

#include "cluster/node_parts.h"

namespace mainstay::node {
namespace {

// We do not vouch for a node that runs what we have promised to somebody else, nor for one whose
// session we are just revoking: whoever holds our promise may be about to start. Nor for one that
// does not hear us: some day we take over from it.
bool vouches_for(const State& state, const NodeName& name, const membership::Peer& peer) {
  if (peer.unheeding_since) return false;
  if (!arbitration::may_vouch(state.arbitration.watches, name)) return false;
  return std::ranges::all_of(peer.beat->reports, [&](const auto& entry) {
    const auto& [group, report] = entry;
    if (report.phase != GroupPhase::starting && report.phase != GroupPhase::running) return true;
    const auto given = state.durable.promises.find(group);
    return given == state.durable.promises.end() || given->second.term <= report.term ||
           given->second.claimant == name;
  });
}

GroupReport report(const State& state, const GroupName& name, const group::Group& group) {
  GroupReport report{.phase = group.phase,
                     .term = group.term,
                     .promise = {},
                     .unfit = group::unfit(group),
                     .weakest = group.weakest,
                     .met = group.met};
  if (const auto spoken = state.spoken.find(name); spoken != state.spoken.end())
    report.promise = spoken->second;
  return report;
}

bool same_but_for_echoes(const Beat& one, const Beat& other) {
  return one.phase == other.phase && one.reports == other.reports && one.intents == other.intents &&
         one.wanted == other.wanted && one.recoveries == other.recoveries &&
         one.quarantined == other.quarantined && one.drained == other.drained;
}

// All but the number and the echoes.
Beat say(const State& state, const Step& step) {
  Beat beat;
  beat.incarnation = state.durable.incarnation;
  // A resignation is announced once it is durable.
  const bool resigns =
      state.phase == NodePhase::stopped && state.stored_number < state.resigned_with;
  beat.phase = resigns ? NodePhase::leaving : state.phase;
  beat.config_digest = step.config.digest;
  for (const auto& [name, group] : state.groups) beat.reports[name] = report(state, name, group);
  beat.intents = state.durable.intents;
  // What stopped with our last run starts again when this one is a member. That the others were
  // told to stop it may not be so; they shall not be told now.
  if (!acts(state) && state.phase != NodePhase::stopped) {
    for (const auto& [name, number] : state.durable.parked) beat.intents.erase(name);
  }
  if (state.coordinator == step.self) beat.wanted = state.wanted;
  beat.recoveries = state.durable.recoveries;
  for (const auto& [name, losses] : state.losses) {
    if (losses.quarantined) beat.quarantined.insert(name);
  }
  beat.drained = recovery::drains(state.recovery);
  return beat;
}

// What a clean stop promised ends with the first echo of the return. We might forget that it did,
// and go on without its vouch, if we died before that is stored.
bool return_is_durable(const State& state, const NodeName& name) {
  const auto returned = state.returned_with.find(name);
  return returned == state.returned_with.end() || state.stored_number >= returned->second;
}

void echo(Beat& beat, const State& state, const Step& step) {
  for (const auto& [name, peer] : state.membership.peers) {
    if (!peer.beat || !return_is_durable(state, name)) continue;
    beat.echoes[name] = {.incarnation = peer.beat->incarnation,
                         .beat = peer.beat->number,
                         .silence = step.now - peer.silent_since,
                         .vouched = vouches_for(state, name, peer)};
  }
}

}  // namespace

// The number is this beat's alone: whoever echoes one that we send says when it has heard us.
Beat compose(State& state, const Step& step) {
  Beat beat = say(state, step);
  beat.number = ++state.beat_number;
  echo(beat, state, step);
  return beat;
}

void speak(State& state, Step& step) {
  Beat beat = say(state, step);
  const bool changed = !same_but_for_echoes(beat, state.said);
  if (!changed && step.now < state.next_beat) return;
  beat.number = ++state.beat_number;
  echo(beat, state, step);
  if (beat.reports != state.said.reports) state.changed_beat = beat.number;
  state.next_beat = step.now + step.config.timing.heartbeat_interval;
  const bool farewell = beat.phase == NodePhase::stopped;
  if (farewell && state.farewells > 0) {
    --state.farewells;
    state.next_beat = step.now + 20ms;
  }
  arbitration::beat_sent(state.arbitration, beat.number, step.now);
  state.said = beat;
  step.act(SendBeat{std::move(beat)});
}

}  // namespace mainstay::node
