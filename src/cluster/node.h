// The decision core of one node: (state, event, now) → (state, actions). It never waits, never
// fails, never asks.
//
// The contract:
//  1. The driver calls step from one thread with non-decreasing `now`, for every event and, at
//  next_deadline, with Tick.
//  2. Actions are performed in list order. None is waited for.
//  3. Every action with a ticket gets exactly one event with it: success, failure or unknown. A
//  late one is ignored.
//  4. Spurious ticks are harmless. Missing ones are not: the watchdog is armed to the permission,
//  not to our mood.
//  5. Given the same start, events and times, the actions are byte for byte the same.
//  6. What must survive a crash is stored before it is spoken: a promise shows in beats only after
//  its StateStored.
#pragma once

#include <deque>
#include <memory>
#include <set>

#include "cluster/action.h"
#include "cluster/arbitration/arbitration.h"
#include "cluster/group/group.h"
#include "cluster/membership/membership.h"
#include "cluster/recovery/recovery.h"

namespace mainstay {

// An operator's order that is being carried out.
struct Order {
  Ticket ticket = 0;
  Command command;
  GroupName group;
  NodeName to;     // where it shall run; empty: anywhere
  Term after = 0;  // done once it runs at a later term
  Instant deadline;
};
inline constexpr std::size_t orders_max = 64;

struct State {
  std::shared_ptr<const ClusterConfig> config;
  NodeName self;
  Random random{0};
  Ticket last_ticket = 0;
  Instant began;
  Instant last_step;
  Instant planned = never;  // what next_deadline said after the last step

  Durable durable;                      // as it is once the last StoreState is done
  std::map<GroupName, Promise> spoken;  // the promises that are durable
  std::uint64_t store_number = 0;
  std::uint64_t stored_number = 0;
  std::uint64_t resigned_with = 0;      // the store that makes our resignation durable
  // The store that makes it durable that a peer has come back from its resignation.
  std::map<NodeName, std::uint64_t> returned_with;
  Instant store_again_at = never;  // the disk said no
  std::map<std::uint64_t, std::map<GroupName, Promise>>
      storing;  // by the number that makes them durable

  NodePhase phase = NodePhase::starting;
  struct Isolation {
    std::string why;
    Instant until = never;  // then it ends by itself
  };
  std::optional<Isolation> isolation;
  // How often we lost a peer of late.
  struct Losses {
    std::deque<Instant> at;
    bool dead = false;  // the last one has not ended
    bool quarantined = false;
    Instant until = never;  // quarantined
    std::uint64_t recoveries = 0;
  };
  std::map<NodeName, Losses> losses;
  // How this node leaves when its daemon is told to end.
  struct Departure {
    ShutdownGroups groups = ShutdownGroups::move;
    Instant until;  // then what still runs is killed
    bool hurried = false;
    std::set<GroupName> handed_over;  // it waits until they run elsewhere
  };
  std::optional<Departure> departure;
  bool start_wait_cancelled = false;
  std::string start_wait;  // whom we wait for, in words
  NodeName coordinator;
  std::map<GroupName, NodeName> wanted;  // by the coordinator

  membership::State membership;
  arbitration::State arbitration;
  std::map<GroupName, group::Group> groups;
  // The last node known to have run the group, at which term, and whether it was lost while running
  // it.
  struct LastOwner {
    NodeName node;
    Term term = 0;
  };
  std::map<GroupName, LastOwner> last_owners;
  recovery::State recovery;
  std::vector<Order> orders;

  BeatNumber beat_number = 0;
  Instant next_beat;
  BeatNumber changed_beat = 0;  // the first beat that says of our groups what is so now
  Beat said;                    // the last beat, without number and echoes
  int farewells = 0;            // beats still to send before a stopped node ends
  Instant watchdog = never;
  bool resetting = false;  // something could not be stopped in time
  bool might_run = false;  // a member with permission, when we looked last
  bool cut_off = false;    // the permission ended, and what follows from it has not been done yet
  Instant cut_off_since;
  bool ended = false;  // in order, and said so
  // A shutdown or reboot of our own: it happens once its count is durable.
  struct CountedHalt {
    HaltNode halt;
    std::uint64_t stored_by = 0;
    bool done = false;
  };
  std::optional<CountedHalt> counted_halt;
  std::string refused_halt;  // what the limit last kept from happening
};

struct Start {
  std::shared_ptr<const ClusterConfig> config;
  NodeName self;
  Durable stored;           // of the last run; default on a new node
  Incarnation incarnation;  // greater than any before
  std::uint64_t seed = 0;
  Instant now;
};

State begin(const Start& start);
Actions step(State& state, const Event& event, Instant now);
Instant next_deadline(const State& state);

// Longer than this between two steps than was planned: we were not running.
Duration pause_limit(const Timing& timing);
inline constexpr Duration unfit_for = 60s;
// How long after the disk said no the node's state is stored again.
inline constexpr Duration store_pause = 500ms;

}  // namespace mainstay
