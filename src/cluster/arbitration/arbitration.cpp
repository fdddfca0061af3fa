#include "cluster/arbitration/arbitration.h"

#include <algorithm>

#include "base/sabotage.h"

namespace mainstay::arbitration {
namespace {

using membership::Peer;
using membership::Trust;

bool has_arbiter(const ClusterConfig& config) {
  return config.arbitration.arbiter.kind != ArbiterKind::none;
}
bool has_fence(const ClusterConfig& config) {
  return config.arbitration.forced_stop.kind != ForcedStopKind::none;
}
bool has_checks(const ClusterConfig& config) { return !config.arbitration.reachability.empty(); }

// Somebody who could take over is silent: find out now whether we are the ones cut off.
bool uneasy(const State&, const membership::State& membership) {
  return std::ranges::any_of(membership.peers, [](const auto& entry) {
    return !entry.second.resigned && entry.second.trust != Trust::alive;
  });
}

Duration check_interval(const State& state, const membership::State& membership,
                        const ClusterConfig& config) {
  Duration interval = Duration::max();
  for (const auto& check : config.arbitration.reachability)
    interval = std::min(interval, check.interval);
  if (!uneasy(state, membership)) return interval;
  return std::min(interval, std::max<Duration>(config.timing.heartbeat_timeout / 4, 50ms));
}

void check_reachability(State& state, const membership::State& membership, Step& step) {
  if (!has_checks(step.config) || state.checks.checking != 0) return;
  const Duration interval = check_interval(state, membership, step.config);
  // What is due earlier than planned, now that somebody is silent, is asked now.
  if (step.now < std::min(state.checks.next_at, state.checks.asked + interval)) return;
  Duration patience{};
  for (const auto& check : step.config.arbitration.reachability)
    patience = std::max(patience, check.timeout);
  state.checks.checking = step.new_ticket();
  state.checks.next_at = step.now + interval;
  step.act(CheckReachability{state.checks.checking, step.now + patience});
}

// With a single check, the verdict of all says the same.
void on_single(Checks& checks, const ReachabilityOf& judged, Step& step) {
  const auto found = checks.single.find(judged.name);
  if (found == checks.single.end()) return;
  SingleCheck& check = found->second;
  if (check.verdict != judged.verdict) {
    check.since = step.now;
    const bool good = judged.verdict == Reachability::reachable;
    const bool told = good && check.verdict == Reachability::unknown;
    if (checks.single.size() > 1 && !told) {
      step.note(good ? Severity::information : Severity::warning, step.self.value,
                good ? fmt::format("reachability check {}: answered again", judged.name)
                     : fmt::format("reachability check {}: {}", judged.name, judged.why));
    }
  }
  check.verdict = judged.verdict;
  check.why = judged.why;
}

void on_judged(Checks& checks, const ReachabilityJudged& judged, Step& step) {
  checks.checking = 0;
  for (const auto& each : judged.single) on_single(checks, each, step);
  if (judged.verdict != checks.verdict) {
    const bool good = judged.verdict == Reachability::reachable;
    step.note(good ? Severity::information : Severity::warning, step.self.value,
              good
                  ? "reachability check: this node is not cut off"
                  : "reachability check: nothing answers; this node may be cut off. " + judged.why);
  }
  checks.verdict = judged.verdict;
  checks.asked = judged.asked;
  checks.why = judged.why;
  if (judged.verdict == Reachability::reachable) checks.reachable_asked = judged.asked;
}

// EC2 keeps two nodes from stopping each other by itself (runtime/stop_protection.cpp); whatever
// else stops them does not.
Duration fence_turn(const ClusterConfig& config, const NodeName& self) {
  const bool protects = config.arbitration.forced_stop.kind == ForcedStopKind::ec2;
  return protects ? Duration::zero() : forced_stop_turn(config, self);
}

bool cut_off(const State& state, const ClusterConfig& config) {
  return has_checks(config) && state.checks.verdict != Reachability::reachable;
}

// Two nodes that lost each other must not stop each other: with an arbiter, only who revoked the
// peer's session may; else each waits for its turn, and stops the peer if it still lives itself.
// `never`: not before something else happens.
Instant fence_at(const State& state, const NodeName& peer, const Peer& known,
                 const ClusterConfig& config) {
  const Fence& fence = state.fences.at(peer);
  if (known.trust != Trust::dead || known.resigned || fence.done || fence.given_up ||
      fence.fencing != 0 || cut_off(state, config)) {
    return never;
  }
  const bool by_right = has_arbiter(config) && !sabotaged(Sabotage::fence_without_right);
  if (by_right) return state.watches.of.at(peer).revoked_by_us ? fence.next_at : never;
  const Duration patience = config.timing.heartbeat_timeout + state.fence_turn;
  return std::max(fence.next_at, known.silent_since + patience);
}

void fence_silent(State& state, const membership::State& membership, Step& step) {
  if (!has_fence(step.config)) return;
  for (const auto& [name, peer] : membership.peers) {
    if (step.now < fence_at(state, name, peer, step.config)) continue;
    Fence& fence = state.fences.at(name);
    fence.fencing = step.new_ticket();
    step.note(Severity::warning, name.value, "forced stop begins: " + peer.why);
    step.act(FencePeer{fence.fencing, name, step.now + step.config.arbitration.forced_stop.timeout,
                       peer.why});
  }
}

void on_fenced(Fence& fence, const NodeName& peer, const PeerFenced& fenced, Step& step) {
  fence.fencing = 0;
  if (fenced.outcome || sabotaged(Sabotage::unknown_is_fenced)) {
    fence.done = true;
    fence.why = "its forced stop was confirmed";
    step.note(Severity::information, peer.value, fence.why);
    return;
  }
  const bool give_up = step.config.arbitration.forced_stop.on_failure == ForcedStopFailure::give_up;
  fence.given_up = give_up;
  fence.next_at = step.now + 5s;
  step.note(Severity::error, peer.value,
            fmt::format("forced stop failed: {}. {}", fenced.outcome.error().message,
                        give_up ? "The failover is given up." : "It is tried again."));
}

}  // namespace

Basis basis(const ArbitrationConfig& config) {
  if (config.arbiter.kind != ArbiterKind::none) return Basis::arbiter;
  if (config.majority) return Basis::majority;
  if (config.forced_stop.kind != ForcedStopKind::none) return Basis::none_needed;
  return config.reachability.empty() ? Basis::none_needed : Basis::contact;
}

State begin(const ClusterConfig& config, const NodeName& self, const Farewell& farewell,
            Instant now) {
  State state;
  state.began = now;
  state.fence_turn = fence_turn(config, self);
  state.fence_checks = begin_fence_checks(config, self, now);
  for (const auto& check : config.arbitration.reachability)
    state.checks.single[check.name].since = now;
  state.session.next_at = now;
  state.checks.next_at = now;
  state.checks.asked = now;
  state.watches = begin_watches(config, self, farewell, now);
  for (const auto& node : config.nodes) {
    if (node.name == self) continue;
    state.fences[node.name].next_at = now;
    state.contacts[node.name] = {};
  }
  return state;
}

void beat_sent(State& state, BeatNumber number, Instant now) {
  state.sent.push_back({number, now});
  if (state.sent.size() > sent_beats_max) state.sent.pop_front();
}

namespace {

void count_from(Instant& counted, bool& ever, Instant sent) {
  counted = ever ? std::max(counted, sent) : sent;
  ever = true;
}

}  // namespace

void on_heard(State& state, const Heard& heard, Incarnation own, Step& step) {
  const auto me = heard.beat.echoes.find(step.self);
  const bool echoes_us = me != heard.beat.echoes.end() && me->second.incarnation == own;
  if (!heard.unheeding || !heard.was_unheeding)
    on_heard(state.watches, heard.from, {.echoes_us = echoes_us, .relies = !heard.unheeding}, step);
  Fence& fence = state.fences[heard.from];
  fence.done = false;
  fence.given_up = false;
  state.declared.erase(heard.from);
  state.paused_too_long = false;
  Contact& contact = state.contacts[heard.from];
  // Its farewell held until now, and it does nothing against us for a lease time after it hears
  // that we know it is back: as good as a vouch for a question asked now.
  if (heard.had_resigned) count_from(contact.vouched, contact.ever_vouched, step.now);
  if (!echoes_us) return;
  const auto sent = std::ranges::lower_bound(state.sent, me->second.beat, {}, &SentBeat::number);
  if (sent == state.sent.end() || sent->number != me->second.beat) return;
  count_from(contact.echoed, contact.ever, sent->at);
  if (me->second.vouched) count_from(contact.vouched, contact.ever_vouched, sent->at);
}

std::optional<SlowBeat> on_answer(State& state, const Event& event, Step& step) {
  if (const auto* judged = std::get_if<ReachabilityJudged>(&event)) {
    if (judged->ticket == state.checks.checking) on_judged(state.checks, *judged, step);
    return std::nullopt;
  }
  if (const auto* checked = std::get_if<FenceChecked>(&event)) {
    on_fence_checked(state.fence_checks, *checked, step);
    return std::nullopt;
  }
  if (const auto* fenced = std::get_if<PeerFenced>(&event)) {
    for (auto& [peer, fence] : state.fences) {
      if (fence.fencing != 0 && fence.fencing == fenced->ticket)
        on_fenced(fence, peer, *fenced, step);
    }
    return std::nullopt;
  }
  const bool held = state.session.held;
  if (on_answer(state.session, event, step)) {
    // Without a session of ours others could act as they liked; what we knew of them is void.
    if (!held && state.session.held) look_again(state.watches, step.now);
    return std::nullopt;
  }
  return on_answer(state.watches, event, step);
}

void on_pause(State& state, Duration missed, const membership::State& membership, Step& step) {
  if (sabotaged(Sabotage::pause_not_counted)) {
    state.session.counted_from += missed;
    for (auto& [peer, contact] : state.contacts) contact.vouched += missed;
  }
  if (missed < step.config.timing.heartbeat_timeout) return;
  const bool somebody = std::ranges::any_of(membership.peers, [](const auto& entry) {
    return !entry.second.resigned && entry.second.trust != Trust::dead &&
           entry.second.trust != Trust::unheard;
  });
  if (somebody && basis(step.config.arbitration) == Basis::none_needed && !has_fence(step.config)) {
    state.paused_too_long = true;
  }
}

void advance(State& state, const Needs& needs, Step& step) {
  if (has_arbiter(step.config)) {
    const SessionNeeds session{.alone = alone(state, needs.membership),
                               .idle = needs.idle,
                               .closing = needs.closing,
                               .compose = needs.compose};
    // Let another node in only after the long lease of a lonely one has been shortened.
    if (!session.alone && state.session.lease > step.config.timing.lease) {
      state.session.next_at = std::min(state.session.next_at, step.now);
    }
    renew(state.session, session, step);
    if (needs.member) watch(state.watches, needs.membership, step);
  }
  check_reachability(state, needs.membership, step);
  check_fences(state.fence_checks, step);
  if (needs.member) fence_silent(state, needs.membership, step);
}

namespace {

Permission lease(Instant counted_from, Duration length, Duration margin, std::string_view basis) {
  return {.soft = counted_from + length - margin, .hard = counted_from + length, .basis = basis};
}

// Ended before anything: no question of ours was ever answered.
Permission none(const State& state, std::string_view basis) {
  return {.soft = state.began, .hard = state.began, .basis = basis};
}

Permission session_permission(const State& state, const Timing& timing) {
  if (!state.session.held) return none(state, "no session at the arbiter");
  return lease(state.session.counted_from, state.session.lease, timing.stop_margin,
               "session at the arbiter");
}

// The word of every other node. Who resigned has given it for good.
Permission vouched_permission(const State& state, const membership::State& membership,
                              const Timing& timing) {
  Instant oldest = never;
  for (const auto& [name, peer] : membership.peers) {
    if (peer.resigned) continue;
    const Contact& contact = state.contacts.at(name);
    if (!contact.ever_vouched) return none(state, "not everybody vouches");
    oldest = std::min(oldest, contact.vouched);
  }
  if (oldest == never)
    return {.soft = never, .hard = never, .basis = "every other node has stopped"};
  return lease(oldest, timing.lease, timing.stop_margin, "vouches of every other node");
}

Permission majority_permission(const State& state, const ClusterConfig& config) {
  std::vector<Instant> echoed;
  for (const auto& [name, contact] : state.contacts) {
    if (contact.ever_vouched) echoed.push_back(contact.vouched);
  }
  const std::size_t others_needed = config.nodes.size() / 2;  // and ourselves: more than half
  if (echoed.size() < others_needed) return none(state, "no majority hears us");
  std::ranges::sort(echoed, std::greater{});
  const Timing& timing = config.timing;
  return lease(echoed[others_needed - 1], timing.heartbeat_timeout + timing.stop_margin,
               timing.stop_margin, "a majority hears us");
}

Permission contact_permission(const State& state, const membership::State& membership,
                              const ClusterConfig& config) {
  std::optional<Instant> newest;
  const auto use = [&](Instant asked) { newest = newest ? std::max(*newest, asked) : asked; };
  bool somebody = false;
  for (const auto& [name, peer] : membership.peers) {
    somebody = somebody || !peer.resigned;
    if (state.contacts.at(name).ever) use(state.contacts.at(name).echoed);
  }
  if (!somebody) return {.soft = never, .hard = never, .basis = "every other node has stopped"};
  if (state.checks.reachable_asked) use(*state.checks.reachable_asked);
  if (!newest) return none(state, "nobody answers us");
  const Timing& timing = config.timing;
  return lease(*newest, timing.heartbeat_timeout + timing.presumed_wait, timing.presumed_wait,
               "a peer or a reachability check answers us");
}

}  // namespace

Permission permission(const State& state, const membership::State& membership,
                      const ClusterConfig& config) {
  switch (basis(config.arbitration)) {
    case Basis::arbiter: {
      Permission session = session_permission(state, config.timing);
      if (state.session.fenced_out) return none(state, "fenced out");
      Permission vouched = vouched_permission(state, membership, config.timing);
      return vouched.hard > session.hard ? vouched : session;
    }
    case Basis::majority:
      if (sabotaged(Sabotage::minority_goes_on)) return {};
      return majority_permission(state, config);
    case Basis::contact:
      return contact_permission(state, membership, config);
    case Basis::none_needed:
      break;
  }
  if (state.paused_too_long) return none(state, "we were paused for longer than the others wait");
  return {};
}

bool alone(const State& state, const membership::State& membership) {
  return std::ranges::all_of(membership.peers, [&](const auto& entry) {
    const auto& [name, peer] = entry;
    return peer.resigned || (peer.trust == Trust::dead && state.watches.of.at(name).cleared);
  });
}

Instant next_deadline(const State& state, const membership::State& membership,
                      const ClusterConfig& config, bool member) {
  Instant next = never;
  if (has_arbiter(config)) {
    next = next_deadline(state.session);
    if (member) next = std::min(next, next_deadline(state.watches, membership, config));
  }
  if (has_checks(config) && state.checks.checking == 0) {
    next = std::min({next, state.checks.next_at,
                     state.checks.asked + check_interval(state, membership, config)});
  }
  next = std::min(next, next_deadline(state.fence_checks));
  if (!has_fence(config) || !member) return next;
  for (const auto& [name, peer] : membership.peers) {
    next = std::min(next, fence_at(state, name, peer, config));
  }
  return next;
}

}  // namespace mainstay::arbitration
