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

// "node-killed", "planned-move", ...
const std::vector<std::string>& case_names();
// What the cluster is that the case concerns.
Pattern pattern_of(std::string_view case_name);
// Whether the case makes sense with this evidence: without an arbiter none can be down, and a
// pattern other than the virtual IP differs from it in nothing that evidence touches.
bool applies(std::string_view case_name, std::string_view evidence);
// Whether it is measured when no case is named: on `presumed` evidence only what that can promise.
bool is_usual(std::string_view case_name, std::string_view evidence);

struct CaseOutcome {
  RunResult result;
  // What the activation rested on that the fault brought about; "none" if there was none.
  std::string evidence;
  // What the survivor said it waits for, where the case makes it wait.
  std::string says = {};
  // What must not be, and was, besides what the numbers tell.
  std::vector<std::string> broken = {};
  // What the node that serves since tells of it, in lines.
  std::string story = {};
};

// One run on a formed cluster, which is formed again afterwards. `delay` is how long the client has
// been served before the fault: drawn by the caller, so that faults meet every phase of a
// heartbeat.
Result<CaseOutcome> run_case(std::string_view name, const Lab& lab, const Cluster& cluster,
                             const Programs& programs, Duration delay);

}  // namespace mainstay::bench
