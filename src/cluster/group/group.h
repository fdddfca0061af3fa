// One failover group on one node: from claim to running to stopped, one resource after the other.
//
//   stopped → claiming      the coordinator wants it here; a promise is asked of every other node
//   claiming → starting     every node that could run it is cleared, at this term
//   starting → running      every resource is active
//   any → stopping          it is wanted elsewhere, the operator said so, it failed, our permission
//   ends, ... stopping → stopped      every resource is inactive, in the reverse order of the start
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/clearance.h"
#include "cluster/message.h"
#include "cluster/step.h"

namespace mainstay::group {

enum class ResourcePhase : std::uint8_t { inactive, activating, active, deactivating, failed };

struct ResourceRun {
  ResourcePhase phase = ResourcePhase::inactive;
  Ticket ticket = 0;
  int retries = 0;  // spent in the present attempt
  std::optional<Instant> retry_at;
  bool bounce = false;  // to be stopped and started again while the group stays
  std::string why;      // the last error
  friend bool operator==(const ResourceRun&, const ResourceRun&) = default;
};

struct Group {
  GroupPhase phase = GroupPhase::stopping;  // a fresh daemon first cleans up
  Term term = 0;
  std::map<ResourceName, ResourceRun> resources;
  StartReason start_reason = StartReason::start;
  StopReason stop_reason = StopReason::cleanup;
  NodeName previous;           // owner before us
  std::string reason;          // of this activation, in words
  bool failing = false;        // it stops because it could not run here
  bool released = false;       // killed in this stop
  Instant stop_until = never;  // when permission_ended: nothing may run after it
  // Not placed here before this; why is shown.
  std::optional<Instant> unfit_until;
  std::string behind;  // likewise: why its data here is not known to be the latest; "": it may be
  // Claim.
  Instant claim_since;
  Instant claim_again_at;    // back-off after a lost or impossible claim
  Ticket owner_reading = 0;  // the arbiter's record of this group
  Ticket owner_swapping = 0;
  bool owner_read = false;
  bool owner_absent = false;  // there was none, when it was last read
  std::uint64_t owner_version = 0;
  Bytes owner_value;  // what we wrote, to recognise it after a lost reply
  bool owner_won = false;
  Instant owner_next_at;
  std::string waits_for;
  std::uint64_t intent_seen = 0;
  // Active on two nodes at once.
  std::optional<Evidence> weakest;  // of what this activation rests on
  Rival met;                        // whom it gave way to; an empty name: nobody
  Rival beaten;                     // who gave way to it and may not have stopped yet
  std::map<NodeName, Term> rivals;  // all whose activations it met
  std::uint64_t double_runs = 0;    // since the daemon began
  friend bool operator==(const Group&, const Group&) = default;
};

inline bool unfit(const Group& group) {
  return group.unfit_until.has_value() || !group.behind.empty();
}

inline bool idle(const Group& group) {
  return group.phase == GroupPhase::stopped || group.phase == GroupPhase::claiming;
}

inline bool runs(const Group& group) {
  return group.phase == GroupPhase::starting || group.phase == GroupPhase::running;
}

// ---- Sequence: what the resources do next.
void begin_start(Group& group, const GroupConfig& config, Step& step);
void begin_stop(Group& group, const GroupConfig& config, StopReason reason, Step& step);
// No more patience: what is being stopped is stopped anew, all resources at once, each within a
// second.
void hurry_stop(Group& group, Step& step);
// Stops this resource and what depends on it, and starts them again, while the group stays.
void bounce(Group& group, const GroupConfig& config, const ResourceName& resource, Step& step);
// False: not our ticket.
bool on_settled(Group& group, const GroupConfig& config, const ResourceSettled& settled,
                Step& step);
// Starts and stops what may be started and stopped now; moves starting → running and stopping →
// stopped.
void advance(Group& group, const GroupConfig& config, Step& step);
Instant next_deadline(const Group& group);

}  // namespace mainstay::group
