// The join of deciding and doing: one node of a cluster over a set of ports. The same driver runs
// on real machines and, N at a time, in the simulator. Single-threaded: everything happens inside
// calls of its ports' callbacks.
#pragma once

#include <functional>
#include <memory>

#include "base/random.h"
#include "cluster/action.h"
#include "cluster/event.h"
#include "config/model.h"
#include "ports/arbiter.h"
#include "ports/aws.h"
#include "ports/clock.h"
#include "ports/host.h"
#include "ports/mirror.h"
#include "ports/mounts.h"
#include "ports/network.h"
#include "ports/power.h"
#include "ports/process.h"
#include "ports/resolver.h"
#include "ports/store.h"
#include "runtime/status.h"

namespace mainstay {

struct NodePorts {
  Clock& clock;
  Network& network;
  Store& store;
  Process& process;
  Host& host;
  Aws& aws;
  Resolver& resolver;
  Mirror& mirror;
  Mounts& mounts;
  Power& power;
  Arbiter* arbiter = nullptr;  // nullptr: none is configured
  // AWS asked with the rights of a role; where there is none such, all is asked with our own.
  std::function<Aws&(const std::string& role_arn)> aws_as = {};
};

struct NodeSetup {
  std::shared_ptr<const ClusterConfig> config;
  // The document as this node read it, and what to say of a peer's that differs ("" for nothing):
  // the drivers of two nodes whose digests differ show each other theirs, so that each can say
  // where.
  std::string config_text;
  std::function<std::string(std::string_view theirs)> explain_difference;
  NodeName self;
  std::uint64_t seed = 0;  // chance for jitter and back-off
  std::string log_directory = "/var/log/mainstay";
};

// Who wants to see what happens: the event history, the log, the simulator's transcript and
// checkers. All are optional and called from inside the driver; they must not call back into it.
struct NodeObserver {
  // Before the core sees it.
  std::function<void(const Event&, Instant)> on_event;
  // Before it is performed; Notes and RecordActivations too.
  std::function<void(const Action&, Instant)> on_action;
};

class NodeDriver {
 public:
  NodeDriver(NodeSetup setup, NodePorts ports, NodeObserver observer);
  ~NodeDriver();
  NodeDriver(const NodeDriver&) = delete;
  NodeDriver& operator=(const NodeDriver&) = delete;

  // Loads the durable state and begins. Call once. corrupt: the store is damaged; nothing was
  // started.
  Status start();
  // An operator's order; `done` is called once, at the latest after the configuration's
  // operation_timeout.
  void ask(Command command, std::function<void(Status)> done);
  ClusterStatus status() const;
  // Messages between the doors of two nodes (an API request for another node), over the stream.
  void send_message(const NodeName& to, ByteView message);
  void on_message(std::function<void(const NodeName& from, ByteView message)> handler);
  // Called from the driver's own queue when the node has ended itself in order; the owner then
  // destroys the driver. Harder halts go to the Power port.
  void on_stopped(std::function<void()> stopped);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mainstay
