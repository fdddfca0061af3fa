// What the doors ask of the daemon. The daemon implements it by posting to its event loop; the
// tests by a fake. Every member may be called from any thread, waits for at most the duration it is
// given, and then says timed_out (nothing happened) or outcome_unknown (the order stands).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/record.h"
#include "base/result.h"
#include "ports/mirror.h"
#include "runtime/status.h"

namespace mainstay::api {

// A request and its answer, without the transport: it came over the Unix socket, or over the
// node-to-node channel from another node.
struct Request {
  std::string method;  // GET, POST
  std::string path;    // "/v1/status"
  std::map<std::string, std::string> query;
  std::string body;
  friend bool operator==(const Request&, const Request&) = default;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  friend bool operator==(const Reply&, const Reply&) = default;
};

// A number that only rises while the daemon runs, by the value of one label.
struct Counter {
  std::string name;  // "mainstay_packets_dropped_total"
  std::string help;
  std::string label;  // "" if there is one value only, under ""
  std::map<std::string, std::uint64_t> values;
  friend bool operator==(const Counter&, const Counter&) = default;
};

// A mirror disk with a copy on this node.
struct MirrorReport {
  ResourceName mirror;
  GroupName group;
  std::optional<MirrorStatus> status;  // nothing: its engine did not answer
  std::string why;                     // then: why
};

// Something that a failover will need and that is not there, or of which that is not known.
struct DoctorFinding {
  Severity severity = Severity::warning;  // information: it could not be asked
  std::string check;                      // "vip-route"
  std::string fact;
  std::string why;
  std::string remedy;
  friend bool operator==(const DoctorFinding&, const DoctorFinding&) = default;
};

struct DoctorStatus {
  std::optional<WallTime> looked;  // nothing: not yet, or never
  std::vector<DoctorFinding> findings;
};

// What the daemon itself knows, beside the cluster's status.
struct DaemonStatus {
  std::string version;
  int pid = 0;
  WallTime started;
  WallTime now;
  std::int64_t monotonic_ns = 0;
  std::uint64_t last_event = 0;
  // Sentences about what is wrong with the daemon's own keeping: the history was moved aside,
  // events were dropped, an address of a path is not on this node ...
  std::vector<std::string> troubles;
  std::vector<Counter> counters;
  std::vector<MirrorReport> mirrors;
  DoctorStatus doctor;
};

struct StatusReport {
  ClusterStatus cluster;
  DaemonStatus daemon;
};

struct EventQuery {
  std::uint64_t since = 0;  // only those with a higher number
  std::size_t limit = 100;
  // Take the last `limit` ones rather than the first ones after `since`.
  bool newest = false;
  // If there are none, wait this long for one.
  Duration wait{};
};

inline constexpr std::size_t events_per_reply_max = 1000;
inline constexpr std::size_t activations_per_reply_max = 100;

// How a daemon hands such an order on; `done` is called once, on the loop's thread.
using OrderMirror = std::function<void(const ResourceName& mirror, MirrorOrder order, Duration wait,
                                       std::function<void(Status)> done)>;

class Control {
 public:
  virtual ~Control() = default;

  virtual NodeName self() const = 0;
  virtual std::string version() const = 0;
  virtual Result<StatusReport> status(Duration wait) = 0;
  // An operator's order. outcome_unknown: it was given, and no answer came in time.
  virtual Status ask(Command command, Duration wait) = 0;
  // To the engine of a mirror disk of this node. not_found: it has no copy here.
  virtual Status order_mirror(const ResourceName& mirror, MirrorOrder order, Duration wait) = 0;
  // Oldest first.
  virtual Result<std::vector<EventRecord>> events(const EventQuery& query) = 0;
  // Of this node; newest first.
  virtual Result<std::vector<ActivationRecord>> activations(std::string_view group,
                                                            std::size_t limit) = 0;
  // Asks the same of another node. not_found: no such node. unavailable, timed_out (a read),
  // outcome_unknown (an order): it did not answer.
  virtual Result<Reply> forward(const NodeName& node, const Request& request, Duration wait) = 0;
};

}  // namespace mainstay::api
