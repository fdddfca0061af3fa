// Whether a forced stop of each peer would be possible, asked now and then, so that a missing
// permission is known before it is needed. Nothing is decided by it: a stop is tried all the same.
#pragma once

#include <map>
#include <string>

#include "base/health.h"
#include "cluster/step.h"

namespace mainstay::arbitration {

struct FenceCheck {
  Ticket checking = 0;
  Instant next_at;
  Verdict verdict = Verdict::unknown;  // unknown: not answered yet
  Instant since;
  std::string why;  // "" unless it is unhealthy
  friend bool operator==(const FenceCheck&, const FenceCheck&) = default;
};
using FenceChecks = std::map<NodeName, FenceCheck>;

// None where nothing is to be asked: no forced stop is configured, or the simulator's own.
FenceChecks begin_fence_checks(const ClusterConfig& config, const NodeName& self, Instant now);
void check_fences(FenceChecks& checks, Step& step);
void on_fence_checked(FenceChecks& checks, const FenceChecked& checked, Step& step);
Instant next_deadline(const FenceChecks& checks);

}  // namespace mainstay::arbitration
