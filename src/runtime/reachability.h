// "Am I cut off?" asked of everything the configuration names, side by side. A check says
// "reachable" as soon as one of its targets answers; all checks must.
#pragma once

#include "base/task.h"
#include "cluster/event.h"
#include "config/model.h"
#include "ports/clock.h"
#include "ports/host.h"
#include "ports/process.h"

namespace mainstay {

struct ReachabilityAnswer {
  Reachability verdict = Reachability::unknown;
  std::string why;                     // which check failed, and how
  std::vector<ReachabilityOf> single;  // one for each check, in the order of the configuration
};

// Whom it is asked for, and by what means.
struct ReachabilityAsker {
  const ClusterConfig& config;
  const NodeName& self;
  Clock& clock;
  Host& host;
  Process& process;
  const std::string& log_directory;
};
// The asker lives until the answer is there.
Task<ReachabilityAnswer> check_reachability(const ReachabilityAsker& asker,
                                            Cancellation cancellation);

}  // namespace mainstay
