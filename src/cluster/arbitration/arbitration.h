// Who may go on, and who cannot be running any more: permission for ourselves, clearances for the
// others.
//
// Permission is always a lease counted from a question of ours: a renewal that the arbiter
// accepted, a beat that the peers echoed, a reachability check that was answered. What may be used
// is what the configuration names:
//
//   arbiter             our session there; or, while it does not answer, the vouch of every other
//   node majority            beats echoed by a strict majority presumed            a beat echoed by
//   any peer, or a reachability check that says we are not cut off forced stop alone   none needed:
//   whoever takes over has stopped us first
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/arbitration/fence_check.h"
#include "cluster/arbitration/session.h"
#include "cluster/arbitration/watch.h"
#include "cluster/clearance.h"
#include "cluster/membership/membership.h"

namespace mainstay::arbitration {

// Which kind of permission this configuration gives.
enum class Basis : std::uint8_t { none_needed, arbiter, majority, contact };
Basis basis(const ArbitrationConfig& config);

struct Permission {
  // Orderly stopping begins at `soft`; at `hard` nothing may run any more and what still does is
  // killed.
  Instant soft = never;
  Instant hard = never;
  std::string_view basis = "none needed";  // a literal
  friend bool operator==(const Permission&, const Permission&) = default;
};

// One reachability check, for people: what decides is all of them together.
struct SingleCheck {
  Reachability verdict = Reachability::unknown;
  Instant since;
  std::string why;
  friend bool operator==(const SingleCheck&, const SingleCheck&) = default;
};

struct Checks {  // of reachability
  Ticket checking = 0;
  Instant next_at;
  Reachability verdict = Reachability::unknown;
  Instant asked;                           // the question that gave the verdict
  std::optional<Instant> reachable_asked;  // the last one that was answered with "reachable"
  std::string why;
  std::map<std::string, SingleCheck> single;  // by its name
  friend bool operator==(const Checks&, const Checks&) = default;
};

struct Fence {
  Ticket fencing = 0;
  Instant next_at;
  bool done = false;  // stopped for certain, and not heard since
  bool given_up = false;
  std::string why;
  friend bool operator==(const Fence&, const Fence&) = default;
};

struct Contact {
  Instant echoed;   // when we sent the newest beat that this peer has echoed
  Instant vouched;  // likewise, with its vouch
  bool ever = false;
  bool ever_vouched = false;
  friend bool operator==(const Contact&, const Contact&) = default;
};

struct SentBeat {
  BeatNumber number = 0;
  Instant at;
  friend bool operator==(const SentBeat&, const SentBeat&) = default;
};
inline constexpr std::size_t sent_beats_max = 512;

struct OperatorWord {
  std::string who;
  std::string reason;
  friend bool operator==(const OperatorWord&, const OperatorWord&) = default;
};

struct State {
  Instant began;
  Duration fence_turn{};  // without an arbiter: how long after a peer's death we may stop it
  Session session;
  Watches watches;
  Checks checks;
  std::map<NodeName, Fence> fences;
  FenceChecks fence_checks;
  std::map<NodeName, Contact> contacts;
  std::map<NodeName, OperatorWord> declared;  // a person says it is stopped; void once it is heard
  std::deque<SentBeat> sent;
  // Without anything to measure our isolation by, a pause longer than the others' patience ends the
  // permission once.
  bool paused_too_long = false;
  bool session_answered = false;  // one of our own questions was answered since we began
  friend bool operator==(const State&, const State&) = default;
};

State begin(const ClusterConfig& config, const NodeName& self, const Farewell& farewell,
            Instant now);

void beat_sent(State& state, BeatNumber number, Instant now);
// A new beat of a peer arrived (not by way of the arbiter).
struct Heard {
  const NodeName& from;
  const Beat& beat;
  bool had_resigned = false;  // until now it counted as stopped cleanly
  bool unheeding = false;     // it does not hear us, so it gets no vouch
  bool was_unheeding = false;
};
void on_heard(State& state, const Heard& heard, Incarnation own, Step& step);
std::optional<SlowBeat> on_answer(State& state, const Event& event, Step& step);
// We were not running for `missed`.
void on_pause(State& state, Duration missed, const membership::State& membership, Step& step);

struct Needs {
  const membership::State& membership;
  bool member = false;  // past the start-up wait: may act against others
  bool idle = false;
  bool closing = false;
  const std::function<Beat()>& compose;
};
// Renews, watches, checks, fences: whatever is due.
void advance(State& state, const Needs& needs, Step& step);

Permission permission(const State& state, const membership::State& membership,
                      const ClusterConfig& config);
// Evidence against a silent node that does not depend on the group: everything but `reported`.
std::optional<Clearance> clearance(const State& state, const membership::State& membership,
                                   const NodeName& node, const Step& step);
// For `minority`: how long a peer must have been silent to everybody in our majority.
Duration minority_silence(const Timing& timing);
// What is missing, in words, for a node that is not cleared.
std::string waits_for(const State& state, const membership::State& membership, const NodeName& node,
                      const Step& step);
bool alone(const State& state, const membership::State& membership);
// `member`: past the start-up wait; before it nobody is watched or fenced.
Instant next_deadline(const State& state, const membership::State& membership,
                      const ClusterConfig& config, bool member);

}  // namespace mainstay::arbitration
