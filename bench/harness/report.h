// What `./run bench failover` prints and writes: one line per case and profile.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "harness/statistics.h"

namespace mainstay::bench {

struct RunResult {
  double outage_ms = 0;       // of the client
  double both_active_ms = 0;  // how long the program ran on two nodes at once
  friend bool operator==(const RunResult&, const RunResult&) = default;
};

struct CaseResult {
  std::string name;      // "node-killed"
  std::string evidence;  // the weakest clearance a run rested on: "presumed", "reported", "none"
  std::string profile;   // "default", "fast"
  std::vector<RunResult> runs;
};

// A list of objects {"case", "evidence", "profile", "runs", "outage_ms": {"median", "min", "max"},
// "both_active_ms": {...}}; milliseconds with one decimal.
std::string to_json(const std::vector<CaseResult>& results);
std::string to_table(const std::vector<CaseResult>& results);

}  // namespace mainstay::bench
