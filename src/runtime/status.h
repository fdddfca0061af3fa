// What a node knows of the cluster at one moment, for people and programs: the command line, the
// API, the simulator's transcripts. A plain value, made from the core's state; nothing in it is
// decided here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/action.h"
#include "cluster/clearance.h"
#include "config/model.h"

namespace mainstay {

enum class Trust : std::uint8_t { unheard, alive, suspect, dead, resigned };

struct PathStatus {
  PathName path;
  std::string own_address;
  std::string peer_address;
  bool heard = false;  // within the heartbeat timeout
  Duration silence{};  // since the last beat on it; meaningless if never heard
  bool ever_heard = false;
};

struct NodeStatus {
  NodeName name;
  bool self = false;
  bool coordinator = false;
  Trust trust = Trust::unheard;  // self: alive
  NodePhase phase = NodePhase::starting;
  Incarnation incarnation = 0;
  bool quarantined = false;       // lost too often of late: takes only what nobody else can
  bool drained = false;           // about to go: likewise, and hands over what it has
  bool warning = false;           // a path to it is silent, or a check of its own fails
  std::vector<PathStatus> paths;  // from this node to it; empty for self
  // Last change of trust, in words; of this node: why it is isolated.
  std::string why;
};

struct ResourceStatus {
  ResourceName name;
  std::string type;
  std::string state;  // inactive, activating, active, deactivating, failed; "" if the group is not
                      // on this node
  std::string why;    // the last error, else ""
};

struct GroupStatus {
  GroupName name;
  NodeName owner;                          // empty: nobody
  GroupPhase phase = GroupPhase::stopped;  // at the owner, else here
  Term term = 0;
  bool wanted_running = true;
  NodeName wanted;              // by the coordinator
  std::vector<NodeName> unfit;  // where it could not run of late
  std::string waits_for;        // what keeps it from starting, in words; "" if nothing does
  // How often this node saw it active on two nodes at once, since its daemon began.
  std::uint64_t double_runs = 0;
  std::vector<ResourceStatus> resources;
};

struct MonitorStatus {
  MonitorName name;
  std::string type;
  bool scheduled = false;  // runs on this node now
  Verdict verdict = Verdict::unknown;
  bool ever_judged = false;
  int number = 0;
  std::string why;
  int bad_in_a_row = 0;
  int restarts_spent = 0;
  int failovers_spent = 0;
};

struct PermissionStatus {
  std::string
      basis;  // "session at the arbiter", "vouches", "majority", "reachability", "none needed"
  std::optional<Duration> left;  // nothing: without end
  bool held = true;
};

// One of the checks that tell this node whether it is cut off.
struct ReachabilityCheckStatus {
  std::string name;
  Reachability verdict = Reachability::unknown;
  Duration lasts{};  // since when the verdict is so
  std::string why;
};

// Whether a node could be stopped by force; nothing is stopped to find out.
struct ForcedStopStatus {
  NodeName node;
  Verdict verdict = Verdict::unknown;
  Duration lasts{};
  std::string why;
};

struct ShutdownStatus {
  ShutdownConfig policy;
  bool own = false;  // by order for this node, not the configuration's
};

// Shutdowns and reboots of this node's own doing, in a row; `max` 0: as often as it comes to that.
struct RebootStatus {
  int counted = 0;
  int max = 0;
};

struct ClusterStatus {
  std::string cluster;
  NodeName self;
  std::uint64_t config_digest = 0;
  NodeName coordinator;
  PermissionStatus permission;
  Reachability reachability = Reachability::unknown;
  std::string reachability_why;
  std::vector<ReachabilityCheckStatus> reachability_checks;
  std::vector<ForcedStopStatus> forced_stops;  // of the other nodes, where one is configured
  std::vector<NodeStatus> nodes;
  std::vector<GroupStatus> groups;
  std::vector<MonitorStatus> monitors;
  ShutdownStatus shutdown;
  RebootStatus reboots;
  std::string start_wait;  // whom a starting node waits for, in words; "" if it does not wait
};

std::string_view to_text(Trust trust);
std::string_view to_text(Verdict verdict);
std::string_view to_text(Reachability reachability);
// "normal", "error", "unknown"
std::string_view forced_stop_word(Verdict verdict);

}  // namespace mainstay
