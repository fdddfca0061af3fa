#include "cluster/arbitration/fence_check.h"

#include <algorithm>

namespace mainstay::arbitration {

FenceChecks begin_fence_checks(const ClusterConfig& config, const NodeName& self, Instant now) {
  const ForcedStopKind kind = config.arbitration.forced_stop.kind;
  FenceChecks checks;
  if (kind != ForcedStopKind::ec2 && kind != ForcedStopKind::script) return checks;
  for (const auto& node : config.nodes) {
    if (node.name != self) checks[node.name].next_at = checks[node.name].since = now;
  }
  return checks;
}

void check_fences(FenceChecks& checks, Step& step) {
  const ForcedStopConfig& config = step.config.arbitration.forced_stop;
  for (auto& [peer, check] : checks) {
    if (check.checking != 0 || step.now < check.next_at) continue;
    check.checking = step.new_ticket();
    check.next_at = step.now + config.check_interval;
    const Duration patience = std::min(config.timeout, config.check_interval);
    step.act(CheckFence{check.checking, peer, step.now + patience});
  }
}

void on_fence_checked(FenceChecks& checks, const FenceChecked& checked, Step& step) {
  for (auto& [peer, check] : checks) {
    if (check.checking == 0 || check.checking != checked.ticket) continue;
    const Verdict verdict = checked.outcome ? Verdict::healthy : Verdict::unhealthy;
    const bool first = check.verdict == Verdict::unknown;
    if (verdict == Verdict::unhealthy && check.verdict != verdict) {
      step.note(Severity::warning, peer.value,
                "a forced stop of it would fail now: " + checked.outcome.error().message);
    } else if (verdict != check.verdict && !first) {
      step.note(Severity::information, peer.value, "a forced stop of it would be possible again");
    }
    if (verdict != check.verdict) check.since = step.now;
    check.checking = 0;
    check.verdict = verdict;
    check.why = checked.outcome ? "" : checked.outcome.error().message;
  }
}

Instant next_deadline(const FenceChecks& checks) {
  Instant next = never;
  for (const auto& [peer, check] : checks) {
    if (check.checking == 0) next = std::min(next, check.next_at);
  }
  return next;
}

}  // namespace mainstay::arbitration
