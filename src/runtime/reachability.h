// "Am I cut off?" asked of everything the configuration names, side by side. A check says
// "reachable" as soon as one of its targets answers; all checks must.
#pragma once

#include "base/task.h"
#include "cluster/event.h"
#include "config/model.h"
#include "ports/clock.h"
#include "ports/host.h"

namespace mainstay {

struct ReachabilityAnswer {
  Reachability verdict = Reachability::unknown;
  std::string why;  // which check failed, and how
};

Task<ReachabilityAnswer> check_reachability(const ClusterConfig& config, const NodeName& self,
                                            Clock& clock, Host& host, Cancellation cancellation);

}  // namespace mainstay
