// Who is heard. A guess, and never more: it says when to try something, not that something is safe.
//
// A peer is alive while something arrives from it on any path, suspect once all paths have been
// silent for `suspect_after`, dead after `heartbeat_timeout`. One silent path among others is a
// warning. A node that was itself not running (paused, starved) accuses nobody: everyone's silence
// starts again when it wakes.
//
// A peer whose beats arrive and say that it takes us for dead does not heed us; if that goes on, it
// is deaf: nothing can be agreed with it. Once its session has been revoked it counts as dead,
// whatever it says, until it hears us again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/event.h"
#include "cluster/step.h"

namespace mainstay::membership {

enum class Trust : std::uint8_t { unheard, alive, suspect, dead };

struct PeerPath {
  Instant since;      // the last arrival; before the first one, when we began to listen
  bool ever = false;  // anything at all arrived on it
  bool lost = false;  // silent for the timeout, and said so
  friend bool operator==(const PeerPath&, const PeerPath&) = default;
};

struct Peer {
  Trust trust = Trust::unheard;
  // The last time anything arrived; before that, when we began to listen. After a pause of ours,
  // the end of the pause.
  Instant silent_since;
  std::vector<PeerPath> paths;
  std::optional<Instant> unreadable_at;  // it spoke, in a version that we cannot read
  std::optional<Instant> unheeding_since;  // the first beat that said that it does not hear us
  bool deaf = false;                       // it has said so for the timeout
  bool dismissed = false;                 // deaf, and counted as dead
  std::optional<Beat> beat;              // the newest one, of the newest incarnation
  bool resigned = false;  // stopped cleanly, and nothing heard of a later incarnation
  Incarnation resigned_in = 0;
  std::string why;  // the last change of trust
  friend bool operator==(const Peer&, const Peer&) = default;
};

struct State {
  std::map<NodeName, Peer> peers;  // every configured node but ourselves
  friend bool operator==(const State&, const State&) = default;
};

State begin(const ClusterConfig& config, const NodeName& self,
            const std::map<NodeName, Incarnation>& resignations, Instant now);

// `own`: this run's incarnation. False: the beat is stale (an older incarnation, or overtaken by a
// newer beat), or its sender was dismissed, and must not be looked at further.
bool hear(State& state, const BeatHeard& heard, Incarnation own, Step& step);
// A deaf peer is cleared: from now on it is dead, until it hears us.
void dismiss(State& state, const NodeName& name, const std::string& why, Step& step);
// It does not make the node alive, for nothing can be agreed with it; but it is not silent either.
void hear_unreadable(State& state, const NodeName& from, Instant now);
void judge(State& state, Step& step);
// We were not running for `missed`; nobody may be accused of silence during it.
void forgive(State& state, Step& step);
Instant next_deadline(const State& state, const ClusterConfig& config);

// Heard lately enough to be talked with.
inline bool present(const Peer& peer) {
  return !peer.resigned && (peer.trust == Trust::alive || peer.trust == Trust::suspect);
}
std::string_view to_text(Trust trust);

}  // namespace mainstay::membership
