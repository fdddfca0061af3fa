#include "cluster/arbitration/watch.h"

#include <algorithm>

#include "base/sabotage.h"

namespace mainstay::arbitration {
namespace {

// Lost for us, or about to be. Resigned is not silent: it said goodbye.
bool watched(const membership::Peer& peer) {
  return (peer.trust != membership::Trust::alive || peer.unheeding_since) && !peer.resigned;
}

bool lost(const membership::Peer& peer) {
  return peer.trust != membership::Trust::alive || peer.deaf;
}

Duration pause(const Step& step) { return step.config.timing.lease / 8; }

// The session has ended for certain, whoever ended it. A record that is not there is no end: the
// arbiter's table may have been deleted under a holder that goes on until its lease is over.
bool ended(const SessionRecord& record) {
  if (record.standing == SessionStanding::none) return sabotaged(Sabotage::absence_is_an_end);
  return record.standing != SessionStanding::active;
}

void clear(Watch& watch, const NodeName& peer, std::string why, Step& step) {
  if (!watch.cleared)
    step.note(Severity::information, step.self.value, fmt::format("{} is cleared: {}", peer, why));
  watch.cleared = true;
  watch.why = std::move(why);
}

std::optional<SlowBeat> on_read(Watch& watch, const NodeName& peer, const RecordRead& read,
                                Step& step) {
  watch.reading = 0;
  watch.next_at = step.now + (watch.cleared ? step.config.timing.lease : pause(step));
  if (!read.outcome) return std::nullopt;  // Unknown clears nobody.
  auto record = decode_session(read.value);
  if (!record) {
    step.note(Severity::error, peer.value, "its record at the arbiter: " + record.error().message);
    return std::nullopt;
  }
  // Nobody can say which lease it was that is not there any more.
  if (record->standing == SessionStanding::none) {
    record->lease = std::max(step.config.timing.lease, step.config.timing.lease_alone);
  }
  if (!watch.seen || watch.version != read.version) {
    watch.stands_since = step.now;
    const bool returned = !ended(*record) && !sabotaged(Sabotage::clearance_outlives_return);
    if (returned) watch.cleared = false;  // It took a new session.
  }
  watch.seen = true;
  watch.version = read.version;
  watch.record = std::move(*record);
  if (ended(watch.record) || watch.record.beat.empty()) return std::nullopt;
  auto beat = decode_beat(watch.record.beat);
  if (!beat) return std::nullopt;  // A later release's; its liveness shows all the same.
  return SlowBeat{peer, std::move(*beat)};
}

void on_revoked(Watch& watch, const NodeName& peer, const RecordSwapped& swapped, Step& step) {
  watch.revoking = 0;
  watch.next_at = step.now;  // Whatever it says: look at what stands there now.
  const bool swapped_it = swapped.outcome || sabotaged(Sabotage::revoked_by_anybody);
  if (!swapped_it || watch.heard_while_revoking) return;
  watch.version = swapped.version;
  watch.revoked_by_us = true;
  clear(watch, peer,
        fmt::format(
            "{} for {} and was revoked",
            watch.record.standing == SessionStanding::none ? "its session was missing"
                                                           : "its session stood still",
            to_text(std::chrono::floor<std::chrono::milliseconds>(step.now - watch.stands_since))),
        step);
  watch.record.standing = SessionStanding::revoked;
  watch.record.revoked_by = step.self;
  watch.record.beat.clear();
}

void read_it(Watch& watch, const NodeName& peer, Step& step) {
  watch.reading = step.new_ticket();
  step.act(
      ReadRecord{watch.reading, "node/" + peer.value, step.now + step.config.timing.lease / 2});
}

void revoke(Watch& watch, const NodeName& peer, Step& step) {
  watch.revoking = step.new_ticket();
  watch.heard_while_revoking = false;
  const SessionRecord record{.standing = SessionStanding::revoked,
                             .incarnation = watch.record.incarnation,
                             .lease = watch.record.lease,
                             .revoked_by = step.self,
                             .beat = {}};
  step.act(SwapRecord{watch.revoking, "node/" + peer.value, watch.version, encode(record),
                      step.now + step.config.timing.lease / 2});
}

Instant revocable_at(const Watch& watch, const Timing& timing) {
  if (sabotaged(Sabotage::stillness_cut_short)) return watch.stands_since + watch.record.lease / 2;
  return std::max(watch.stands_since + with_drift(watch.record.lease, timing.drift_bound),
                  watch.no_revoke_before);
}

void watch_one(Watch& watch, const NodeName& peer, bool lost, Step& step) {
  if (watch.reading != 0 || watch.revoking != 0) return;
  if (lost && watch.seen && !watch.cleared && !watch.farewell && ended(watch.record) &&
      step.now >= watch.no_revoke_before) {
    clear(watch, peer, "its session at the arbiter has ended", step);
  }
  const bool stands = watch.seen && !ended(watch.record);
  if (lost && stands && !watch.farewell && step.now >= revocable_at(watch, step.config.timing)) {
    revoke(watch, peer, step);
  } else if (step.now >= watch.next_at) {
    read_it(watch, peer, step);
  }
}

}  // namespace

Watches begin_watches(const ClusterConfig& config, const NodeName& self, const Farewell& farewell,
                      Instant now) {
  Watches watches;
  for (const auto& node : config.nodes) {
    if (node.name == self) continue;
    Watch& watch = watches.of[node.name];
    watch.next_at = now;
    watch.farewell = farewell.resigned && !farewell.before_us.contains(node.name);
    watch.no_revoke_before = now + with_drift(config.timing.lease, config.timing.drift_bound);
  }
  return watches;
}

void look_again(Watches& watches, Instant now) {
  for (auto& [peer, watch] : watches.of) {
    watch.cleared = false;
    watch.seen = false;
    watch.reading = 0;
    watch.next_at = now;
  }
}

bool farewells_over(const Watches& watches) {
  return std::ranges::none_of(watches.of, [](const auto& entry) { return entry.second.farewell; });
}

void on_heard(Watches& watches, const NodeName& peer, NewBeat beat, Step& step) {
  Watch& watch = watches.of[peer];
  if (beat.echoes_us) watch.farewell = false;
  const Instant relied_on_until =
      step.now + with_drift(step.config.timing.lease, step.config.timing.drift_bound);
  if (beat.relies) watch.no_revoke_before = std::max(watch.no_revoke_before, relied_on_until);
  if (sabotaged(Sabotage::clearance_outlives_return)) return;
  watch.cleared = false;
  watch.seen = false;
  watch.revoked_by_us = false;
  watch.heard_while_revoking = watch.revoking != 0;
  // An answer that is still under way is about the time before.
  watch.reading = 0;
  watch.next_at = step.now;
}

std::optional<SlowBeat> on_answer(Watches& watches, const Event& event, Step& step) {
  const auto* read = std::get_if<RecordRead>(&event);
  const auto* swapped = std::get_if<RecordSwapped>(&event);
  for (auto& [peer, watch] : watches.of) {
    if (read && read->ticket != 0 && read->ticket == watch.reading)
      return on_read(watch, peer, *read, step);
    if (swapped && swapped->ticket != 0 && swapped->ticket == watch.revoking) {
      on_revoked(watch, peer, *swapped, step);
      return std::nullopt;
    }
  }
  return std::nullopt;
}

void watch(Watches& watches, const membership::State& membership, Step& step) {
  for (auto& [peer, watch] : watches.of) {
    const auto& known = membership.peers.at(peer);
    if (!watched(known)) continue;
    watch_one(watch, peer, lost(known), step);
  }
}

bool may_vouch(const Watches& watches, const NodeName& peer) {
  return watches.of.at(peer).revoking == 0;
}

Instant next_deadline(const Watches& watches, const membership::State& membership,
                      const ClusterConfig& config) {
  Instant next = never;
  for (const auto& [peer, watch] : watches.of) {
    const auto& known = membership.peers.at(peer);
    if (!watched(known) || watch.reading != 0 || watch.revoking != 0) continue;
    next = std::min(next, watch.next_at);
    if (!lost(known)) continue;
    if (watch.seen && !ended(watch.record) && !watch.farewell)
      next = std::min(next, revocable_at(watch, config.timing));
    if (watch.seen && !watch.cleared && !watch.farewell && ended(watch.record))
      next = std::min(next, watch.no_revoke_before);
  }
  return next;
}

}  // namespace mainstay::arbitration
