// What the configuration means, once it has been parsed and validated. Beyond config/ nobody sees
// text, an unset field or an impossible value. Defaults stand here and nowhere else; `profile =
// "fast"` replaces some of them (see fast_timing).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/name.h"
#include "base/time.h"

namespace mainstay {

inline constexpr std::size_t nodes_max = 32;
inline constexpr std::size_t groups_max = 128;
inline constexpr std::size_t resources_max = 512;
inline constexpr std::size_t monitors_max = 512;
inline constexpr std::size_t paths_max = 16;

// ---- What a resource or monitor type is told: its own fields, with defaults filled in and
// per-node values merged.
using Value =
    std::variant<bool, std::int64_t, double, std::string, Duration, std::vector<std::string>>;
using Params = std::map<std::string, Value>;

// ---- Nodes and paths.
struct NodeConfig {
  NodeName name;
  std::string instance;  // EC2 instance id, "" = found by the node's path addresses
  std::string zone;      // "" = asked from the metadata service

  friend bool operator==(const NodeConfig&, const NodeConfig&) = default;
};

// One network way between the nodes. The order in the document is the priority; the first is the
// best.
struct PathConfig {
  PathName name;
  std::map<NodeName, std::string> addresses;  // every node has one

  friend bool operator==(const PathConfig&, const PathConfig&) = default;
};

struct Ports {
  int heartbeat = 29002;  // UDP
  int control = 29001;    // TCP
  friend bool operator==(const Ports&, const Ports&) = default;
};

// ---- Time.
struct Timing {
  Duration heartbeat_interval = 250ms;
  // A peer silent on every path for this long is dead to us. Guide: heartbeat timeout.
  Duration heartbeat_timeout = 1500ms;
  // A peer silent for this long is suspect: checks that will be needed are started.
  Duration suspect_after = 750ms;
  // How long a starting node waits for all the others. Guide: server sync wait time.
  Duration start_wait = 5min;
  // A node that must stop has this long before its last action. Also what others wait for before
  // they trust it did.
  Duration isolation_deadline = 5s;
  // With `presumed` evidence: how much longer than the timeout the survivor waits, so that the
  // isolated side, which notices at the same time, has stopped its programs first.
  Duration presumed_wait = 300ms;
  // Sessions at the arbiter.
  Duration lease = 2400ms;
  Duration lease_alone = 60s;
  Duration stop_margin = 600ms;  // permission ends this much before the lease does
  double drift_bound = 0.01;  // how much faster or slower than true time any node's clock may run

  friend bool operator==(const Timing&, const Timing&) = default;
};

// profile = "fast"
inline Timing fast_timing() {
  Timing timing;
  timing.heartbeat_interval = 100ms;
  timing.heartbeat_timeout = 500ms;
  timing.suspect_after = 250ms;
  timing.presumed_wait = 100ms;
  timing.lease = 900ms;
  timing.stop_margin = 250ms;
  return timing;
}

// ---- Evidence.
enum class ArbiterKind { none, simulated, dynamodb, etcd };

// How AWS is asked: by the daemon itself, or by the AWS CLI.
enum class AwsBackend { native, cli };

struct DynamoDbConfig {
  std::string table = "mainstay";
  std::string region;    // "" = the node's own
  std::string endpoint;  // "" = the region's own
  AwsBackend backend = AwsBackend::native;
  friend bool operator==(const DynamoDbConfig&, const DynamoDbConfig&) = default;
};

struct EtcdConfig {
  std::vector<std::string> endpoints;  // client URLs, one or more where etcd is the arbiter
  std::string ca_file;                 // "" = the system's certificates
  std::string cert_file;               // of this client; "" = none
  std::string key_file;
  std::string user;  // "" = etcd's authentication is off
  std::string password_file;
  std::string prefix = "/mainstay";
  friend bool operator==(const EtcdConfig&, const EtcdConfig&) = default;
};

struct ArbiterConfig {
  ArbiterKind kind = ArbiterKind::none;
  DynamoDbConfig dynamodb;
  EtcdConfig etcd;
  friend bool operator==(const ArbiterConfig&, const ArbiterConfig&) = default;
};

enum class ReachabilityKind { ping, tcp, http, script };

// Asks "am I cut off?". One check has one or more targets per node; it says "reachable" if any of
// them answers. A script has no targets: it knows whom to ask.
struct ReachabilityTarget {
  std::string host;
  int port = 0;     // tcp only
  std::string url;  // http only
  friend bool operator==(const ReachabilityTarget&, const ReachabilityTarget&) = default;
};
struct ReachabilityConfig {
  std::string name;
  ReachabilityKind kind = ReachabilityKind::ping;
  std::map<NodeName, std::vector<ReachabilityTarget>> targets;  // every node has at least one
  Duration interval = 1s;
  Duration timeout = 500ms;
  std::string proxy;    // http only, "" = direct
  std::string ca_file;  // http only, "" = the system's certificates
  bool verify = true;   // http only: the server's certificate must be good
  std::string script;   // script only

  friend bool operator==(const ReachabilityConfig&, const ReachabilityConfig&) = default;
};

enum class ForcedStopKind { none, simulated, ec2, script };
// What to do with a group whose last owner could not be stopped by force.
enum class ForcedStopFailure { wait, give_up };
// What a stopped instance is left as. `reboot` starts it again once it is known to be stopped: AWS
// says of no reboot that it has happened.
enum class ForcedStopAction { stop, reboot };

struct ForcedStopConfig {
  ForcedStopKind kind = ForcedStopKind::none;
  ForcedStopAction action = ForcedStopAction::stop;  // ec2 only
  std::string script;                                // script only
  Duration timeout = 60s;
  // How much longer than the node before it in the order a node waits before it stops another one,
  // where nothing better keeps two from stopping each other; zero: twice the heartbeat timeout.
  Duration delay = Duration::zero();
  Duration check_interval = 60s;  // how often it is asked whether a stop would be possible
  ForcedStopFailure on_failure = ForcedStopFailure::wait;
  friend bool operator==(const ForcedStopConfig&, const ForcedStopConfig&) = default;
};

// What a node does that finds itself cut off. Guide: action at NP occurrence.
enum class IsolationAction { none, stop_groups, stop_service, shut_down, reboot, reset };

struct ArbitrationConfig {
  ArbiterConfig arbiter;
  std::vector<ReachabilityConfig> reachability;  // all of them must say "reachable"
  bool majority = false;                         // use the `minority` clearance; 3 nodes or more
  ForcedStopConfig forced_stop;
  IsolationAction isolation_action = IsolationAction::stop_groups;
  // Who keeps its groups when a node is found to have been active beside us; empty = the lower term
  // stops.
  NodeName both_active_survivor;
  // Take over on `presumed` evidence at all? False: only strong evidence moves a group after a
  // failure.
  bool allow_presumed = true;

  friend bool operator==(const ArbitrationConfig&, const ArbitrationConfig&) = default;
};

// ---- Nodes that come back, or go.
struct ReturnConfig {
  // A node whose last run did not end in order joins by itself; else an operator lets it in.
  bool automatic = true;
  // Quarantine: a node lost so often, within so long. 0: never.
  int losses_max = 3;
  Duration losses_within = 10min;
  Duration quarantine = 30min;  // how long; zero: until an operator ends it
  friend bool operator==(const ReturnConfig&, const ReturnConfig&) = default;
};

// How often a node may shut itself down or reboot in a row. 0: without a limit.
struct RebootLimitConfig {
  int max = 3;
  Duration reset_after = 60min;  // a run this long begins the count anew
  friend bool operator==(const RebootLimitConfig&, const RebootLimitConfig&) = default;
};

// What becomes of a node's groups when its daemon is told to end: by a shutdown of the operating
// system, say. `stop`: they stay stopped until this node is back.
enum class ShutdownGroups : std::uint8_t { move, stop };
struct ShutdownConfig {
  ShutdownGroups groups = ShutdownGroups::move;
  Duration timeout = 60s;  // what still runs then is killed
  friend bool operator==(const ShutdownConfig&, const ShutdownConfig&) = default;
};

// ---- Groups and resources.
enum class FinalAction {
  none,          // give up and leave things as they are
  stop_group,    // stop the group here
  stop_service,  // stop this node's cluster service, in order
  shut_down,     // and shut the node down
  reboot,
  drain,  // monitors only: this node's groups go to others until the monitor is healthy again
};

struct ResourceConfig {
  ResourceName name;
  std::string type;
  std::vector<ResourceName> depends_on;  // started before, stopped after
  Duration activate_timeout = 180s;
  Duration deactivate_timeout = 180s;
  int activate_retries = 0;
  int deactivate_retries = 0;
  Duration retry_pause = 1s;
  int failover_max = 1;  // how often a failed activation moves the group on
  FinalAction activate_final = FinalAction::none;
  FinalAction deactivate_final = FinalAction::shut_down;
  std::map<NodeName, Params> params;  // one for every node of the group's policy

  friend bool operator==(const ResourceConfig&, const ResourceConfig&) = default;
};

enum class Switch { automatic, manual };

struct GroupConfig {
  GroupName name;
  std::vector<NodeName> policy;  // failover policy: where it may run, best first; never empty
  Switch start = Switch::automatic;
  Switch failover = Switch::automatic;
  Switch failback = Switch::manual;
  std::vector<ResourceConfig> resources;

  friend bool operator==(const GroupConfig&, const GroupConfig&) = default;
};

// ---- Monitors.
enum class MonitorTiming { always, active };  // active: while its target resource runs here
enum class RecoveryTarget { resource, group, local };  // local: this node (guide: LocalServer)
// What an answer that is no answer counts as. Guide: "action when AWS CLI command failed to receive
// response".
enum class UnknownAction { none, warn, recover };

struct RecoveryConfig {
  RecoveryTarget target = RecoveryTarget::resource;
  ResourceName resource;  // target == resource
  GroupName group;        // target == resource or group
  int restart_max = 3;
  int failover_max = 1;
  FinalAction final_action = FinalAction::none;

  friend bool operator==(const RecoveryConfig&, const RecoveryConfig&) = default;
};

struct MonitorConfig {
  MonitorName name;
  std::string type;
  // For the check of a resource (awsvipw and the like): the resource. Else empty.
  ResourceName checks;
  MonitorTiming timing = MonitorTiming::always;
  ResourceName active_with;  // timing == active
  Duration interval = 60s;
  Duration timeout = 60s;
  int retries = 1;  // further bad answers in a row before it counts
  Duration start_wait = Duration::zero();
  UnknownAction on_unknown = UnknownAction::warn;
  RecoveryConfig recovery;
  std::map<NodeName, Params> params;  // the nodes that run it

  friend bool operator==(const MonitorConfig&, const MonitorConfig&) = default;
};

// ---- How AWS is asked.
struct AwsConfig {
  AwsBackend backend = AwsBackend::native;
  // Environment variables for AWS, the CLI's program among them; a file that is not there is empty.
  std::string settings = "/etc/mainstay/clpaws_setting.conf";
  // With whose rights resources and monitors ask; "" = the daemon's own.
  std::string role_arn;
  // The daemon asks from time to time whether what a failover needs is there.
  bool doctor = true;
  Duration doctor_interval = 15min;
  friend bool operator==(const AwsConfig&, const AwsConfig&) = default;
};

// ---- The whole.
struct ClusterConfig {
  std::string name;
  std::string key_file = "/etc/mainstay/cluster.key";
  std::vector<NodeConfig> nodes;  // the order is the node priority
  std::vector<PathConfig> paths;
  Ports ports;
  Timing timing;
  ArbitrationConfig arbitration;
  ReturnConfig return_policy;
  RebootLimitConfig reboot_limit;
  ShutdownConfig shutdown;
  AwsConfig aws;
  // How long an operator's order, a remote command or the stop of a node may take at most.
  Duration operation_timeout = 10min;
  std::vector<GroupConfig> groups;
  std::vector<MonitorConfig> monitors;
  // Of the document's text without comments and layout: nodes whose digests differ do not form a
  // cluster.
  std::uint64_t digest = 0;

  friend bool operator==(const ClusterConfig&, const ClusterConfig&) = default;
};

std::string_view to_text(ShutdownGroups groups);
// How long a node waits before it stops another one by force, where nothing better keeps two from
// stopping each other: the first in the order not at all.
Duration forced_stop_turn(const ClusterConfig& config, const NodeName& self);
// With whose rights something with these parameters asks AWS; "" = the daemon's own.
std::string role_of(const ClusterConfig& config, const Params& params);
const NodeConfig* find_node(const ClusterConfig& config, const NodeName& name);
const GroupConfig* find_group(const ClusterConfig& config, const GroupName& name);
const ResourceConfig* find_resource(const GroupConfig& group, const ResourceName& name);
const MonitorConfig* find_monitor(const ClusterConfig& config, const MonitorName& name);
// The group a resource belongs to; nullptr if there is no such resource.
const GroupConfig* group_of(const ClusterConfig& config, const ResourceName& name);

}  // namespace mainstay
