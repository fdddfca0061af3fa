// Other nodes' sessions at the arbiter: watched while their holders are silent, and revoked once
// they have stood still for the lease time that is written in them.
//
// A revocation is refused by our own conscience while the holder may still rely on a vouch of ours:
// for a lease time after the last new beat we heard from it and vouched for, and for a lease time
// after our own start, since we may have vouched just before we died.
//
// A record that is missing is watched as if it were a session of the longest lease there is, and
// then revoked like one.
#pragma once

#include <map>
#include <optional>

#include "cluster/arbitration/session_record.h"
#include "cluster/membership/membership.h"
#include "cluster/step.h"

namespace mainstay::arbitration {

struct Watch {
  // We stopped cleanly while this peer ran, and so vouched for it until it knows that we are back:
  // whatever its session says, it may go on by our word. Until one of its beats echoes this run of
  // ours nothing at the arbiter is evidence against it; a person may declare it stopped.
  bool farewell = false;
  bool seen = false;  // something was read in this silence
  std::uint64_t version = 0;
  SessionRecord record;
  Instant stands_since;      // the answer that first showed this version
  Instant no_revoke_before;  // until then the holder may rely on our vouch
  bool cleared = false;      // its session has ended, and it has not been heard since
  bool revoked_by_us = false;
  std::string why;
  Ticket reading = 0;
  Ticket revoking = 0;
  bool heard_while_revoking =
      false;  // then the revocation is no evidence: it may be running by our vouch
  Instant next_at;
  friend bool operator==(const Watch&, const Watch&) = default;
};

struct Watches {
  std::map<NodeName, Watch> of;
  friend bool operator==(const Watches&, const Watches&) = default;
};

// `resigned`: our last run ended in a clean stop; `before_us` had stopped cleanly before that.
struct Farewell {
  bool resigned = false;
  std::map<NodeName, Incarnation> before_us;
};
Watches begin_watches(const ClusterConfig& config, const NodeName& self, const Farewell& farewell,
                      Instant now);
// What was known of other sessions is void: all of it is read again.
void look_again(Watches& watches, Instant now);
// Nobody goes on by our last farewell.
bool farewells_over(const Watches& watches);
// A new beat of the peer arrived, and not one of several by which it does not hear us: what its
// session said is void.
struct NewBeat {
  bool echoes_us = false;
  bool relies = false;  // it is vouched for from now on
};
void on_heard(Watches& watches, const NodeName& peer, NewBeat beat, Step& step);
// Gives the beat that a silent peer left at the arbiter, if the event brought one.
struct SlowBeat {
  NodeName from;
  Beat beat;
};
std::optional<SlowBeat> on_answer(Watches& watches, const Event& event, Step& step);
void watch(Watches& watches, const membership::State& membership, Step& step);
// False while a revocation of this peer is under way: a vouch now could contradict it.
bool may_vouch(const Watches& watches, const NodeName& peer);
Instant next_deadline(const Watches& watches, const membership::State& membership,
                      const ClusterConfig& config);

}  // namespace mainstay::arbitration
