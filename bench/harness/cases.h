// The ways in which a service can go away, each with the fault, its end, and how long a client is
// watched meanwhile.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/cluster.h"
#include "harness/measure.h"
#include "harness/report.h"

namespace mainstay::bench {

// "node-killed", "planned-move", "program-killed", "node-frozen", "node-isolated".
const std::vector<std::string>& case_names();
bool is_case(std::string_view name);

struct CaseOutcome {
  RunResult result;
  std::string evidence;
};

// One run on a formed cluster, which is formed again afterwards. `delay` is how long the client has
// been served before the fault: drawn by the caller, so that faults meet every phase of a
// heartbeat.
Result<CaseOutcome> run_case(std::string_view name, const Lab& lab, const Cluster& cluster,
                             const Programs& programs, Duration delay);

}  // namespace mainstay::bench
