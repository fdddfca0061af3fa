#include "cluster/node.h"

#include <algorithm>

#include "base/check.h"
#include "base/sabotage.h"
#include "cluster/invariants.h"
#include "cluster/node_parts.h"

namespace mainstay {
namespace node {
namespace {

void notice_pause(State& state, Step& step) {
  if (state.planned == never || step.now <= state.planned + pause_limit(step.config.timing)) return;
  const Duration missed = step.now - state.planned;
  step.note(Severity::warning, step.self.value,
            fmt::format("did not run for {}; nobody is accused of silence during it",
                        to_text(std::chrono::floor<std::chrono::milliseconds>(missed))));
  arbitration::on_pause(state.arbitration, missed, state.membership, step);
  state.might_run = false;  // Who stood still was not cut off; what it ran is stopped all the same.
  guard(state, step);       // Before anything else: may we still run what we run?
  membership::forgive(state.membership, step);
}

void adopt_intents(State& state, const Beat& beat, Step& step) {
  bool changed = false;
  for (const auto& [group, theirs] : beat.intents) {
    Intent& ours = state.durable.intents[group];
    if (std::tie(theirs.number, theirs.by) <= std::tie(ours.number, ours.by)) continue;
    ours = theirs;
    changed = true;
  }
  if (changed) store(state, step);
}

void remember_owners(State& state, const NodeName& from, const Beat& beat) {
  for (const auto& [group, report] : beat.reports) {
    auto& last = state.last_owners[group];
    const bool owns = report.phase == GroupPhase::starting || report.phase == GroupPhase::running;
    if (owns && report.term >= last.term) last = {from, report.term};
  }
}

// What a beat says, whichever way it came.
void learn(State& state, const NodeName& from, const Beat& beat, Step& step) {
  adopt_intents(state, beat, step);
  heed_recovery(state, from, beat, step);
  remember_owners(state, from, beat);
  notice_both_active(state, from, beat, step);
  consider_claims(state, from, beat, step);
}

// False: nothing new.
bool on_beat(State& state, const BeatHeard& heard, Step& step) {
  const auto peer = state.membership.peers.find(heard.from);
  if (peer == state.membership.peers.end()) return false;
  const bool was_resigned = peer->second.resigned;
  const bool was_unheeding = peer->second.unheeding_since.has_value();
  if (!membership::hear(state.membership, heard, state.durable.incarnation, step)) return false;
  const bool resigned = peer->second.resigned;
  auto& known = state.durable.resignations;
  // Who resigns after us may know that we have, and go on without us when it comes back.
  if (resigned && !was_resigned && state.said.phase != NodePhase::stopped) {
    known[heard.from] = heard.beat.incarnation;
    store(state, step);
  } else if (!resigned && was_resigned) {
    known.erase(heard.from);
    store(state, step);
    state.returned_with[heard.from] = state.store_number;
  }
  arbitration::on_heard(state.arbitration,
                        {.from = heard.from,
                         .beat = heard.beat,
                         .had_resigned = was_resigned && !peer->second.resigned,
                         .unheeding = peer->second.unheeding_since.has_value(),
                         .was_unheeding = was_unheeding},
                        state.durable.incarnation, step);
  const bool running = state.phase != NodePhase::stopped;
  if (state.durable.resigned && running && farewells_over(state.arbitration.watches)) {
    state.durable.resigned = false;
    store(state, step);
  }
  learn(state, heard.from, heard.beat, step);
  return true;
}

// Who does not hear us cannot be talked with; and once nobody else depends on its word either, it
// need not be.
void dismiss_the_deaf(State& state, Step& step) {
  for (const auto& [name, peer] : state.membership.peers) {
    if (!peer.deaf || peer.dismissed) continue;
    const arbitration::Watch& watch = state.arbitration.watches.of.at(name);
    if (watch.cleared) membership::dismiss(state.membership, name, watch.why, step);
  }
}

// A silent peer's last words, read at the arbiter. They do not make it alive.
void on_slow_beat(State& state, const arbitration::SlowBeat& slow, Step& step) {
  membership::Peer& peer = state.membership.peers.at(slow.from);
  const auto age = [](const Beat& beat) { return std::pair(beat.incarnation, beat.number); };
  if (peer.beat && age(slow.beat) <= age(*peer.beat)) return;
  peer.beat = slow.beat;
  learn(state, slow.from, slow.beat, step);
}

// A disk that said no may say yes later; until then what was promised stays unspoken. The next
// document holds everything, so its success answers for all before it.
void on_not_stored(State& state, const Error& error, Step& step) {
  if (state.store_again_at == never) {
    step.note(
        Severity::error, step.self.value,
        "the node's state could not be stored, so no promise can be given; it is tried again: " +
            error.message);
  }
  state.store_again_at = step.now + store_pause;
}

void on_stored(State& state, const StateStored& stored, Step& step) {
  if (stored.number <= state.stored_number) return;
  if (!stored.outcome) return on_not_stored(state, stored.outcome.error(), step);
  state.store_again_at = never;
  state.stored_number = stored.number;
  while (!state.storing.empty() && state.storing.begin()->first <= stored.number) {
    for (const auto& [group, promise] : state.storing.begin()->second)
      state.spoken[group] = promise;
    state.storing.erase(state.storing.begin());
  }
}

void store_again(State& state, Step& step) {
  if (step.now < state.store_again_at) return;
  state.store_again_at = step.now + store_pause;
  store(state, step);
}

void on_settled(State& state, const ResourceSettled& settled, Step& step) {
  for (const auto& config : step.config.groups) {
    if (group::on_settled(state.groups.at(config.name), config, settled, step)) return;
  }
}

void on_copy(State& state, const CopyJudged& judged, Step& step) {
  const auto group = state.groups.find(judged.group);
  if (group == state.groups.end() || group->second.behind == judged.behind) return;
  group->second.behind = judged.behind;
  if (judged.behind.empty()) {
    step.note(Severity::information, judged.group.value,
              fmt::format("its data on {} may be used again", step.self));
  } else {
    step.note(Severity::warning, judged.group.value,
              fmt::format("is not placed on {} as long as {}", step.self, judged.behind));
  }
}

void take_in_answer(State& state, const Event& event, Step& step) {
  if (const auto* stored = std::get_if<StateStored>(&event)) return on_stored(state, *stored, step);
  if (const auto* settled = std::get_if<ResourceSettled>(&event))
    return on_settled(state, *settled, step);
  if (const auto* judged = std::get_if<MonitorJudged>(&event))
    return on_monitor(state, *judged, step);
  if (const auto* judged = std::get_if<CopyJudged>(&event)) return on_copy(state, *judged, step);
  if (const auto* asked = std::get_if<OperatorAsked>(&event)) return on_order(state, *asked, step);
  if (on_owner_answer(state, event, step)) return;
  if (const auto slow = arbitration::on_answer(state.arbitration, event, step))
    on_slow_beat(state, *slow, step);
}

// False: the event says nothing new.
bool take_in(State& state, const Event& event, Step& step) {
  if (const auto* heard = std::get_if<BeatHeard>(&event)) return on_beat(state, *heard, step);
  if (const auto* spoken = std::get_if<BeatUnreadable>(&event)) {
    membership::hear_unreadable(state.membership, spoken->from, step.now);
    return false;
  }
  take_in_answer(state, event, step);
  return true;
}

bool cleaned_up(const State& state) {
  return std::ranges::none_of(state.groups, [](const auto& entry) {
    return entry.second.phase == GroupPhase::stopping &&
           entry.second.stop_reason == StopReason::cleanup;
  });
}

// "" once a starting node need not wait any longer.
std::string start_waits_for(const State& state, const Step& step) {
  bool member = false;
  std::string missing;
  for (const auto& [name, peer] : state.membership.peers) {
    const bool heard = membership::present(peer) && peer.beat;
    if (heard && peer.beat->config_digest != step.config.digest) {
      return fmt::format("{}, whose configuration differs from ours", name);
    }
    member = member || (heard && peer.beat->phase == NodePhase::member);
    if (!heard) missing += (missing.empty() ? "" : ", ") + name.value;
  }
  if (!cleaned_up(state)) return "what an earlier run left behind to be stopped";
  if (member || missing.empty() || state.start_wait_cancelled) return "";
  if (step.now >= state.began + step.config.timing.start_wait) return "";
  return missing;
}

// One that is not a member yet.
void become(State& state, NodePhase phase, Step& step) {
  const NodePhase before = std::exchange(state.phase, phase);
  if (before == phase) return;
  if (phase == NodePhase::refused) {
    step.note(Severity::error, step.self.value,
              "does not join: its configuration differs from the members'. Make the files equal "
              "and restart it.");
  } else if (phase == NodePhase::isolated) {
    step.note(Severity::error, step.self.value,
              fmt::format("does not join, and runs nothing: {}. When it may: mainstay node recover "
                          "{}{}",
                          state.isolation->why, step.self,
                          state.isolation->until == never
                              ? ""
                              : "; it does so itself after " +
                                    to_text(step.config.return_policy.quarantine)));
  } else if (before == NodePhase::refused) {
    step.note(Severity::information, step.self.value, "the configurations are equal now");
  }
}

void refuse_or_join(State& state, Step& step) {
  const bool differs = std::ranges::any_of(state.membership.peers, [&](const auto& entry) {
    const auto& peer = entry.second;
    return membership::present(peer) && peer.beat && peer.beat->phase == NodePhase::member &&
           peer.beat->config_digest != step.config.digest;
  });
  end_isolation(state, step);
  become(state,
         differs           ? NodePhase::refused
         : state.isolation ? NodePhase::isolated
                           : NodePhase::starting,
         step);
  if (state.phase != NodePhase::starting) return;
  const std::string waits = start_waits_for(state, step);
  if (waits != state.start_wait && !waits.empty()) {
    step.note(Severity::information, step.self.value, "waits for " + waits);
  }
  state.start_wait = waits;
  if (!waits.empty()) return;
  state.phase = NodePhase::member;
  step.note(Severity::information, step.self.value, "is a member of the cluster");
  unpark(state, step);
}

void advance_phase(State& state, Step& step) {
  switch (state.phase) {
    case NodePhase::starting:
    case NodePhase::refused:
    case NodePhase::isolated:
      return refuse_or_join(state, step);
    case NodePhase::leaving:
      return leave(state, step);
    case NodePhase::member:
    case NodePhase::stopped:
      return;
  }
}

void end_when_stopped(State& state, Step& step) {
  // The farewell is spoken only once the resignation is durable.
  if (state.phase != NodePhase::stopped || state.farewells > 0 || state.ended) return;
  state.ended = true;
  step.act(HaltNode{Halt::stop_service, "the node was stopped in order"});
}

NodeName coordinator(const State& state, const Step& step) {
  for (const auto& node : step.config.nodes) {
    if (node.name == step.self) {
      if (state.phase == NodePhase::member) return node.name;
      continue;
    }
    const auto& peer = state.membership.peers.at(node.name);
    const bool member =
        membership::present(peer) && peer.beat && peer.beat->phase == NodePhase::member;
    if (member && peer.beat->config_digest == step.config.digest) return node.name;
  }
  return {};
}

void place(State& state, Step& step) {
  state.coordinator = coordinator(state, step);
  if (state.coordinator == step.self) {
    state.wanted = placement::decide(view(state), step.config);
  } else if (state.coordinator.empty()) {
    state.wanted.clear();
  } else {
    state.wanted = state.membership.peers.at(state.coordinator).beat->wanted;
  }
}

}  // namespace

arbitration::Permission permission(const State& state) {
  return arbitration::permission(state.arbitration, state.membership, *state.config);
}

bool acts(const State& state) {
  return state.phase == NodePhase::member || state.phase == NodePhase::leaving;
}

std::size_t rank(const ClusterConfig& config, const NodeName& node) {
  const auto found = std::ranges::find(config.nodes, node, &NodeConfig::name);
  return static_cast<std::size_t>(found - config.nodes.begin());
}

bool all_idle(const State& state) {
  return std::ranges::all_of(state.groups,
                             [](const auto& entry) { return group::idle(entry.second); });
}

Intent intent(const State& state, const GroupName& name) {
  const auto found = state.durable.intents.find(name);
  if (found != state.durable.intents.end()) return found->second;
  return {.run = find_group(*state.config, name)->start == Switch::automatic};
}

void store(State& state, Step& step) { step.act(StoreState{++state.store_number, state.durable}); }

void promise(State& state, const GroupName& group, Promise promise, Step& step) {
  MAINSTAY_CHECK(promise.term >= state.durable.promises[group].term);
  state.durable.promises[group] = promise;
  store(state, step);
  state.storing[state.store_number][group] = promise;
  if (sabotaged(Sabotage::promise_not_stored)) state.spoken[group] = promise;
}

void wish(State& state, const GroupName& group, Intent wanted, Step& step) {
  std::uint64_t highest = state.durable.intents[group].number;
  for (const auto& [name, peer] : state.membership.peers) {
    if (!peer.beat) continue;
    const auto theirs = peer.beat->intents.find(group);
    if (theirs != peer.beat->intents.end()) highest = std::max(highest, theirs->second.number);
  }
  wanted.number = highest + 1;
  wanted.by = step.self;
  state.durable.intents[group] = wanted;
  store(state, step);
}

Term highest_term(const State& state, const GroupName& name) {
  Term term = state.groups.at(name).term;
  const auto consider = [&](Term other) { term = std::max(term, other); };
  if (const auto own = state.durable.promises.find(name); own != state.durable.promises.end()) {
    consider(own->second.term);
  }
  for (const auto& [node, peer] : state.membership.peers) {
    if (!peer.beat) continue;
    const auto report = peer.beat->reports.find(name);
    if (report == peer.beat->reports.end()) continue;
    consider(report->second.term);
    consider(report->second.promise.term);
  }
  return term;
}

placement::View view(const State& state) {
  placement::View view;
  view.intents = state.durable.intents;
  auto& own = view.present[state.self];
  own.usable = state.phase == NodePhase::member;
  own.quarantined = quarantined(state, state.self);
  own.drained = recovery::drains(state.recovery);
  for (const auto& [name, group] : state.groups) {
    own.reports[name] = {.phase = group.phase,
                         .term = group.term,
                         .promise = {},
                         .unfit = group::unfit(group),
                         .weakest = {},
                         .met = {}};
  }
  for (const auto& [name, peer] : state.membership.peers) {
    if (!membership::present(peer) || !peer.beat) continue;
    auto& candidate = view.present[name];
    candidate.usable =
        peer.beat->phase == NodePhase::member && peer.beat->config_digest == state.config->digest;
    candidate.quarantined = quarantined(state, name);
    candidate.drained = peer.beat->drained;
    candidate.reports = peer.beat->reports;
  }
  for (const auto& [group, last] : state.last_owners) {
    view.owner_lost[group] = !last.node.empty() && last.node != state.self &&
                             !view.present.contains(last.node) &&
                             !state.membership.peers.at(last.node).resigned;
  }
  return view;
}

}  // namespace node

Duration pause_limit(const Timing& timing) {
  return std::max<Duration>(timing.heartbeat_interval, 100ms);
}

State begin(const Start& start) {
  State state;
  state.config = start.config;
  state.self = start.self;
  state.random = Random(start.seed);
  state.began = start.now;
  state.last_step = start.now;
  state.durable = start.stored;
  state.durable.incarnation = start.incarnation;
  state.spoken = start.stored.promises;
  // A node that stopped cleanly may have started again, alone, while we were down. Only with an
  // arbiter does it then start nothing before it has heard somebody; else its word is too old.
  if (arbitration::basis(start.config->arbitration) != arbitration::Basis::arbiter) {
    state.durable.resignations.clear();
  }
  state.membership =
      membership::begin(*start.config, start.self, state.durable.resignations, start.now);
  state.arbitration = arbitration::begin(
      *start.config, start.self,
      {.resigned = start.stored.resigned, .before_us = start.stored.resignations}, start.now);
  state.recovery = recovery::begin(*start.config, start.self);
  state.next_beat = start.now;
  for (const auto& [name, peer] : state.membership.peers) state.losses[name] = {};
  node::judge_last_run(state, !start.stored.open);
  for (const auto& config : start.config->groups) {
    group::Group& group = state.groups[config.name];
    const bool ours = std::ranges::find(config.policy, start.self) != config.policy.end();
    if (!ours) group.phase = GroupPhase::stopped;
    // Nobody knows what an earlier run of the daemon left behind: everything is stopped once.
    for (const auto& resource : config.resources) {
      group.resources[resource.name].phase =
          ours ? group::ResourcePhase::failed : group::ResourcePhase::inactive;
    }
    group.claim_again_at = start.now;
  }
  return state;
}

Actions step(State& state, const Event& event, Instant now) {
  MAINSTAY_CHECK(now >= state.last_step);
  Actions out;
  const auto config = state.config;
  const NodeName self = state.self;
  Step step{*config, self, now, state.last_ticket, state.random, out};
  if (state.store_number == 0) node::store(state, step);  // The new incarnation.
  node::notice_pause(state, step);
  const bool news = node::take_in(state, event, step);
  if (!news && now < state.planned) {  // A copy by another path, and nothing is due.
    state.last_step = now;
    return out;
  }
  node::store_again(state, step);
  node::guard(state, step);
  membership::judge(state.membership, step);
  node::dismiss_the_deaf(state, step);
  node::count_losses(state, step);
  node::hurry_departure(state, step);
  node::advance_phase(state, step);
  node::place(state, step);
  node::follow_placement(state, step);
  node::advance_claims(state, step);
  node::advance_groups(state, step);
  node::reconsider_claims(state, step);
  node::look_after_double_runs(state, step);
  node::schedule_monitors(state, step);
  arbitration::advance(state.arbitration,
                       {.membership = state.membership,
                        .member = node::acts(state),
                        .idle = node::all_idle(state),
                        .closing = state.phase == NodePhase::stopped,
                        .compose = [&] { return node::compose(state, step); }},
                       step);
  node::settle_orders(state, step);
  node::guard(state, step);
  node::forget_reboots(state, step);
  node::perform_halts(state, step);
  node::speak(state, step);
  node::end_when_stopped(state, step);
  state.last_step = now;
  state.planned = next_deadline(state);
  check_invariants(state, out, now);
  return out;
}

Instant next_deadline(const State& state) {
  Instant next =
      std::min({state.next_beat, membership::next_deadline(state.membership, *state.config),
                arbitration::next_deadline(state.arbitration, state.membership, *state.config,
                                           node::acts(state)),
                recovery::next_deadline(state.recovery), state.store_again_at,
                node::next_return(state), node::next_halt(state), node::next_departure(state)});
  const arbitration::Permission permission = node::permission(state);
  for (const auto& [name, group] : state.groups) {
    next = std::min(next, group::next_deadline(group));
    if (group.unfit_until) next = std::min(next, *group.unfit_until);
    // What was due by the last step was looked at then; what kept it waiting comes as an event.
    const bool ask_later =
        group.phase == GroupPhase::claiming && group.owner_next_at > state.last_step;
    if (ask_later) next = std::min(next, group.owner_next_at);
    if (!group::idle(group) && !group.released) {
      next = std::min(next, state.last_step < permission.soft ? permission.soft : permission.hard);
    }
  }
  return std::max(next, state.last_step + 1ms);
}

}  // namespace mainstay
