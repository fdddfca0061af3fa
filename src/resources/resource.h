// A type of resource: what it is called and configured by, how it is made true on a node, made
// false, and looked at. A type is a value; write one as Resource<Config> (docs/add-a-resource.md).
//
// All verbs are idempotent. They run on the driver's thread; what waits, waits on a port, under the
// deadline and the cancellation of context.call. What a verb takes by reference is owned by its
// caller until the Task is done.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/health.h"
#include "base/name.h"
#include "base/random.h"
#include "base/result.h"
#include "base/task.h"
#include "config/model.h"
#include "config/schema.h"
#include "config/typed.h"
#include "ports/aws.h"
#include "ports/call.h"
#include "ports/clock.h"
#include "ports/host.h"
#include "ports/mirror.h"
#include "ports/mounts.h"
#include "ports/process.h"
#include "ports/resolver.h"

namespace mainstay {

// Why a group is started here. A type does not decide by it; scripts are told.
enum class StartCause {
  start,     // the cluster or an operator started it
  failover,  // its former node failed
  move,      // an operator moved it here
  restart,   // in place, after a failure or by order
};

// Why it is stopped here.
enum class StopCause {
  cleanup,  // at the daemon's start: whatever an earlier run left behind
  group_stop,
  group_move,
  group_failover,
  resource_restart,
  node_stop,
  permission_ended,
  both_active,
};

struct ActivationFacts {
  StartCause cause = StartCause::start;
  StopCause stop_cause = StopCause::group_stop;  // for deactivate
  NodeName previous_node;                        // empty: none known
  int policy_position = 1;                       // 1: the best node of the failover policy
};

struct Kept {
  std::shared_ptr<RunningProgram> program;
  std::string change;              // the last change of a record set
  std::optional<Instant> changed;  // when it was accepted
  std::optional<AwsHostedZone> zone;  // of a record set
};

struct Context {
  NodeName node;
  GroupName group;
  ResourceName resource;
  std::uint64_t term = 0;
  Call call;
  Clock& clock;
  Host& host;
  Process& process;
  Aws& aws;
  Resolver& resolver;
  Mirror& mirror;
  Mounts& mounts;
  Random& random;
  ActivationFacts facts;
  // A warning becomes an event of the cluster; progress is a step of the activation, for its
  // record.
  std::function<void(std::string)> warn;
  std::function<void(std::string)> progress;
  std::string log_directory;  // for what programs print
  // What a resource keeps from its activation to its deactivation on this node, in memory only. The
  // executor owns it, one for each resource.
  Kept& kept;
};

// Type-erased: what the executor calls.
struct ResourceType {
  TypeSchema schema;
  std::function<Task<Status>(const Params&, Context&)> activate;    // make it true on this node
  std::function<Task<Status>(const Params&, Context&)> deactivate;  // make it false on this node
  // Is it true on this node, right now? Optional.
  std::function<Task<Health>(const Params&, Context&)> check;
  // Runs while the resource is active and ends, with the reason, when it is lost by itself; or with
  // Code::cancelled when it was called off. Optional.
  std::function<Task<Error>(const Params&, Context&)> watch;
  // While it is not active here: why the data that it brings is not known to be the latest, "" if
  // it may be. An error: that cannot be told now. Optional.
  std::function<Task<Result<std::string>>(const Params&, Context&)> behind;
  // The node has lost its permission: end now what can be ended without waiting. Optional.
  std::function<void(const Params&, Context&)> release;
};

template <class Config>
struct Resource {
  TypeSchema schema;
  Task<Status> (*activate)(const Config&, Context&) = nullptr;
  Task<Status> (*deactivate)(const Config&, Context&) = nullptr;
  Task<Health> (*check)(const Config&, Context&) = nullptr;
  Task<Error> (*watch)(const Config&, Context&) = nullptr;
  Task<Result<std::string>> (*behind)(const Config&, Context&) = nullptr;
  void (*release)(const Config&, Context&) = nullptr;

  operator ResourceType() const {
    ResourceType type{schema, {}, {}, {}, {}, {}, {}};
    type.activate = erased(activate);
    type.deactivate = erased(deactivate);
    if (check != nullptr) type.check = erased(check);
    if (watch != nullptr) type.watch = erased(watch);
    if (behind != nullptr) type.behind = erased(behind);
    if (release != nullptr) {
      type.release = [verb = release, fields = schema.fields](const Params& params,
                                                              Context& context) {
        verb(typed<Config>(fields, params), context);
      };
    }
    return type;
  }

 private:
  template <class T>
  std::function<Task<T>(const Params&, Context&)> erased(Task<T> (*verb)(const Config&,
                                                                         Context&)) const {
    return [verb, fields = schema.fields](const Params& params, Context& context) {
      return with_config<Config, T, Context>(verb, typed<Config>(fields, params), context);
    };
  }
};

// Waits until then, or until the operation is called off.
Task<void> pause_until(Context& context, Instant until);
Task<void> wait_for_cancellation(const Cancellation& cancellation);

// "Failed to start the resource awsvip1. (7 : The VIP address belongs to a VPC subnet.)"
std::string start_failure_text(const ResourceName& resource, const Error& error);
std::string stop_failure_text(const ResourceName& resource, const Error& error);
// "Monitor awsvipw1 detected an error. (8 : ...)"
std::string monitor_error_text(const MonitorName& monitor, const Health& health);
// "Monitor awsvipw1 is in the warning status. (108 : ...)"
std::string monitor_warning_text(const MonitorName& monitor, const Health& health);

}  // namespace mainstay
