#include "cluster/recovery/recovery.h"

#include <algorithm>
#include <utility>

#include "base/sabotage.h"

namespace mainstay::recovery {
namespace {

// Long enough for EC2 to describe what was just changed.
constexpr Duration hurried_pause = 1s;

// In the forms of the guide's chapter 8, which people search for; a warning's code is 100 more than
// the error's.
std::string error_text(const MonitorConfig& monitor, const MonitorJudged& judged) {
  return fmt::format("Monitor {} detected an error. ({} : {})", monitor.name, judged.number,
                     judged.why);
}
std::string warning_text(const MonitorConfig& monitor, const MonitorJudged& judged) {
  return fmt::format("Monitor {} is in the warning status. ({} : {})", monitor.name,
                     100 + judged.number, judged.why);
}

// True if this bad answer counts.
bool count_bad(MonitorRun& run, const MonitorConfig& monitor, const MonitorJudged& judged,
               Step& step) {
  ++run.bad;
  const bool by_itself = judged.ticket == 0;
  if (!by_itself && run.bad <= monitor.retries) {
    step.note(Severity::warning, monitor.name.value,
              fmt::format("{} {} more in a row before it counts.", warning_text(monitor, judged),
                          monitor.retries + 1 - run.bad));
    if (run.hurried) run.next_at = std::min(run.next_at, step.now + hurried_pause);
    return false;
  }
  step.note(Severity::error, monitor.name.value, error_text(monitor, judged));
  run.hurried = false;
  run.bad = 0;
  return true;
}

// What counts is the world as it is, not how often it has been so: there is nothing to spend.
void begin_drain(MonitorRun& run, const MonitorConfig& monitor, const MonitorJudged& judged,
                 Step& step) {
  if (std::exchange(run.drains, true)) return;
  step.note(Severity::warning, step.self.value,
            fmt::format("is drained: its groups go to other nodes, and it takes none that another "
                        "can: {}: {}",
                        monitor.name, judged.why));
}

void end_drain(MonitorRun& run, const MonitorConfig& monitor, Step& step) {
  if (!std::exchange(run.drains, false)) return;
  step.note(Severity::information, step.self.value,
            fmt::format("takes groups again: {} is healthy", monitor.name));
}

void refill(MonitorRun& run, Step& step) {
  if (!run.last_counted || step.now - *run.last_counted < recovery_reset) return;
  run.restarts_spent = 0;
  run.failovers_spent = 0;
  run.final_spent = false;
}

}  // namespace

State begin(const ClusterConfig& config, const NodeName& self) {
  State state;
  for (const auto& monitor : config.monitors) {
    if (monitor.params.contains(self)) state.monitors[monitor.name] = {};
  }
  return state;
}

void set_scheduled(MonitorRun& run, const MonitorConfig& monitor, bool scheduled, Step& step) {
  if (run.scheduled == scheduled) return;
  run.scheduled = scheduled;
  run.hurried = false;
  run.bad = 0;
  if (scheduled) {
    run.next_at = step.now + monitor.start_wait;
    return;
  }
  if (run.running != 0) step.act(CancelOperation{run.running});
  run.running = 0;
  run.judged = false;
  run.drains = false;
  run.verdict = Verdict::unknown;
}

void begin_run(MonitorRun& run, const MonitorConfig& monitor, Step& step) {
  run.running = step.new_ticket();
  // Jittered, so that the monitors of many nodes do not ask in step.
  const Duration jitter =
      step.random.between(Duration::zero(), std::max<Duration>(monitor.interval / 20, 1ns));
  run.next_at = step.now + monitor.interval - jitter;
  step.act(RunMonitor{run.running, monitor.name, step.now + monitor.timeout});
}

const MonitorConfig* on_judged(State& state, const MonitorJudged& judged, Step& step) {
  const auto found = state.monitors.find(judged.monitor);
  const MonitorConfig* monitor = find_monitor(step.config, judged.monitor);
  if (found == state.monitors.end() || monitor == nullptr || !found->second.scheduled)
    return nullptr;
  MonitorRun& run = found->second;
  if (judged.ticket != 0 && judged.ticket != run.running) return nullptr;
  if (judged.ticket != 0) run.running = 0;
  const Verdict before = run.verdict;
  const bool first = !run.judged;
  run.judged = true;
  run.verdict = judged.verdict;
  run.number = judged.number;
  run.why = judged.why;
  switch (judged.verdict) {
    case Verdict::healthy:
      run.bad = 0;
      end_drain(run, *monitor, step);
      run.hurried = run.hurried && run.next_at <= step.now;  // This one was asked before.
      if (!first && before != Verdict::healthy) {
        step.note(Severity::information, monitor->name.value, "is healthy again");
      }
      return nullptr;
    case Verdict::unknown:
      if (monitor->on_unknown == UnknownAction::recover) break;
      if (sabotaged(Sabotage::unknown_is_unhealthy)) break;
      if (monitor->on_unknown == UnknownAction::warn && (first || before != Verdict::unknown)) {
        step.note(Severity::warning, monitor->name.value, warning_text(*monitor, judged));
      }
      return nullptr;
    case Verdict::unhealthy:
      break;
  }
  if (run.drains || !count_bad(run, *monitor, judged, step)) return nullptr;
  if (monitor->recovery.final_action != FinalAction::drain) return monitor;
  if (!sabotaged(Sabotage::notice_ignored)) begin_drain(run, *monitor, judged, step);
  return nullptr;
}

bool drains(const State& state) {
  return std::ranges::any_of(state.monitors, [](const auto& each) { return each.second.drains; });
}

std::optional<Request> spend(State& state, const MonitorConfig& monitor, const TargetFacts& facts,
                             Step& step) {
  MonitorRun& run = state.monitors.at(monitor.name);
  refill(run, step);
  run.last_counted = step.now;
  const RecoveryConfig& recovery = monitor.recovery;
  const bool local = recovery.target == RecoveryTarget::local;
  if (!local && !facts.running_here) return std::nullopt;
  if (!local && run.restarts_spent < recovery.restart_max) {
    ++run.restarts_spent;
    const auto kind = recovery.target == RecoveryTarget::resource ? Request::Kind::restart_resource
                                                                  : Request::Kind::restart_group;
    return Request{kind, monitor,
                   fmt::format("{} asked for restart {} of {}", monitor.name, run.restarts_spent,
                               recovery.restart_max)};
  }
  if (!local && facts.elsewhere_fit && run.failovers_spent < recovery.failover_max) {
    ++run.failovers_spent;
    return Request{Request::Kind::fail_over, monitor,
                   fmt::format("{} asked for a failover", monitor.name)};
  }
  if (run.final_spent) return std::nullopt;
  run.final_spent = true;
  return Request{Request::Kind::final_action, monitor,
                 fmt::format("{} found no other remedy: {}", monitor.name, run.why)};
}

void look_now(State& state, const GroupName& group, Step& step) {
  for (const auto& monitor : step.config.monitors) {
    const auto found = state.monitors.find(monitor.name);
    if (found == state.monitors.end() || monitor.checks.empty()) continue;
    const GroupConfig* checked = group_of(step.config, monitor.checks);
    if (checked == nullptr || checked->name != group || !found->second.scheduled) continue;
    found->second.hurried = true;
    found->second.next_at = step.now;
  }
}

Instant next_deadline(const State& state) {
  Instant next = never;
  for (const auto& [name, run] : state.monitors) {
    if (run.scheduled && run.running == 0) next = std::min(next, run.next_at);
  }
  return next;
}

}  // namespace mainstay::recovery
