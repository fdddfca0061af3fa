// Monitors: when they run, when their answers count, and what repeated ill health costs.
//
// Unknown is not unhealthy. A monitor's bad answer counts after `retries` further ones in a row;
// then the budgets are spent in order: restarts, failovers, final action. A budget that has not
// been touched for recovery_reset is whole again.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cluster/event.h"
#include "cluster/step.h"

namespace mainstay::recovery {

inline constexpr Duration recovery_reset = 5min;

struct MonitorRun {
  bool scheduled = false;  // its conditions hold on this node
  Ticket running = 0;
  Instant next_at;
  Verdict verdict = Verdict::unknown;
  bool judged = false;
  int number = 0;
  std::string why;
  int bad = 0;  // in a row
  int restarts_spent = 0;
  int failovers_spent = 0;
  bool final_spent = false;
  bool drains = false;   // a bad answer has counted, and the node is to hand its groups over
  bool hurried = false;  // looks again soon until it is healthy or has counted
  std::optional<Instant> last_counted;
  friend bool operator==(const MonitorRun&, const MonitorRun&) = default;
};

struct State {
  std::map<MonitorName, MonitorRun> monitors;  // those that this node runs
  friend bool operator==(const State&, const State&) = default;
};

State begin(const ClusterConfig& config, const NodeName& self);

// What a monitor asks of the node, once its answer counts.
struct Request {
  enum class Kind { restart_resource, restart_group, fail_over, final_action };
  Kind kind;
  const MonitorConfig& monitor;
  std::string why;
};

// What the policy needs to know of the recovery target.
struct TargetFacts {
  bool running_here = false;
  bool elsewhere_fit = false;  // another node could take the group
};

// Gives the monitor whose answer counts now; nullptr if none does.
const MonitorConfig* on_judged(State& state, const MonitorJudged& judged, Step& step);
// Whether a monitor wants this node to run nothing that another one can.
bool drains(const State& state);
std::optional<Request> spend(State& state, const MonitorConfig& monitor, const TargetFacts& facts,
                             Step& step);
// `may_run` says whether the conditions of a monitor hold here and now.
template <class MayRun>
void schedule(State& state, Step& step, MayRun may_run);
// What this group's resources are watched by looks at once, and again soon after a bad answer.
void look_now(State& state, const GroupName& group, Step& step);
Instant next_deadline(const State& state);

void begin_run(MonitorRun& run, const MonitorConfig& monitor, Step& step);
void set_scheduled(MonitorRun& run, const MonitorConfig& monitor, bool scheduled, Step& step);

template <class MayRun>
void schedule(State& state, Step& step, MayRun may_run) {
  for (const auto& monitor : step.config.monitors) {
    const auto found = state.monitors.find(monitor.name);
    if (found == state.monitors.end()) continue;
    set_scheduled(found->second, monitor, may_run(monitor), step);
    MonitorRun& run = found->second;
    if (run.scheduled && run.running == 0 && step.now >= run.next_at) begin_run(run, monitor, step);
  }
}

}  // namespace mainstay::recovery
