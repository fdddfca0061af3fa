// What nodes say to each other. One message, the beat, carries everything a node says of itself,
// whole each time: who misses one loses nothing once the next arrives. It is sent on every path at
// the heartbeat interval, and at once when something in it has changed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/name.h"
#include "base/result.h"
#include "base/time.h"

namespace mainstay {

// Number of a group's activation: rises with each one, never repeats. 0: never active.
using Term = std::uint64_t;
// One run of the daemon on a node; grows with each start.
using Incarnation = std::uint64_t;
// Counts a node's beats within its incarnation. An echo of it proves that the peer heard us after
// we sent it.
using BeatNumber = std::uint64_t;

enum class NodePhase : std::uint8_t {
  starting,  // waits for the others, runs nothing
  member,    // may own groups
  leaving,   // hands its groups over
  stopped,   // stopped cleanly: runs nothing until it is heard again with a new incarnation (it has
             // resigned)
  refused,   // its configuration differs from the members'
  isolated,  // kept out until an operator, or time, lets it in: runs nothing, claims nothing, and
             // still speaks and promises
};

// What a clearance rests on: the words of the safety model.
enum class Evidence : std::uint8_t {
  reported,  // it said so itself, and promised
  fenced,    // its forced stop was confirmed
  lease,     // its session at the arbiter was revoked after it had stood still for the lease time
  minority,  // we are the majority, and it had to stop itself before now
  presumed,  // it is silent, and we are not the ones cut off. Weak: both sides can believe this.
  operator_said,  // a person said so. Weak, recorded with the person.
};

enum class GroupPhase : std::uint8_t {
  stopped,
  claiming,  // asks every other node to let it start at `term`; still runs nothing
  starting,
  running,
  stopping,
};

// `claimant` may start the group at `term`; the promiser will not start it at `term` or below,
// ever.
struct Promise {
  Term term = 0;
  NodeName claimant;
  friend bool operator==(const Promise&, const Promise&) = default;
};

// Another node's activation, beside which ours ran at the same time.
struct Rival {
  NodeName node;
  Term term = 0;
  friend bool operator==(const Rival&, const Rival&) = default;
};

struct GroupReport {
  GroupPhase phase = GroupPhase::stopped;
  Term term = 0;                    // of the activation or claim; of the last one when stopped
  Promise promise;                  // durable
  bool unfit = false;               // could not run here of late; place it elsewhere
  std::optional<Evidence> weakest;  // of what this activation, or the last one, rests on
  Rival met;                        // whom that activation gave way to; an empty name: nobody
  friend bool operator==(const GroupReport&, const GroupReport&) = default;
};

// What the operator, or the configuration, wants of a group. The one with the higher (number, by)
// wins everywhere.
struct Intent {
  std::uint64_t number = 0;
  NodeName by;
  bool run = true;
  // Move there; spent as soon as the group is active at a term above `after`.
  NodeName to;
  Term after = 0;
  // Restart it where it is active at the term `after`.
  bool restart = false;
  friend bool operator==(const Intent&, const Intent&) = default;
};

// What the sender hears of a peer.
struct Echo {
  Incarnation incarnation = 0;
  BeatNumber beat = 0;   // the last one heard
  Duration silence{};    // for how long it has heard nothing from it, at sending
  bool vouched = false;  // the sender will not act against the peer for a lease time from now
                         // (SAFETY.md, vouch)
  friend bool operator==(const Echo&, const Echo&) = default;
};

struct Beat {
  Incarnation incarnation = 0;
  BeatNumber number = 0;
  NodePhase phase = NodePhase::starting;
  std::uint64_t config_digest = 0;
  std::map<GroupName, GroupReport> reports;
  std::map<GroupName, Intent> intents;
  std::map<NodeName, Echo> echoes;
  // If the sender takes itself for the coordinator: the owner it wants for each group; empty name =
  // nobody.
  std::map<GroupName, NodeName> wanted;
  // How often an operator has called the sender back: who hears it rise forgets its losses.
  std::uint64_t recoveries = 0;
  // Whom the sender has lost too often of late to place anything there.
  std::set<NodeName> quarantined;
  // The sender runs nothing that another node can: its instance is about to go, say.
  bool drained = false;
  friend bool operator==(const Beat&, const Beat&) = default;
};

// Version 1 knew neither isolated nodes nor quarantines, version 2 no drained nodes.
inline constexpr std::uint16_t beat_version = 3;
Bytes encode(const Beat& beat);
// corrupt: truncated, impossible values, lists beyond their limits. Fuzzed.
Result<Beat> decode_beat(ByteView bytes);

std::string_view to_text(NodePhase phase);
std::string_view to_text(GroupPhase phase);

}  // namespace mainstay
