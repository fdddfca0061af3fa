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
  int activations = 0;        // activations that the fault brought about
  // In the shared ledger: what the old owner wrote after the new one's first line, of its own and
  // for clients of the virtual IP.
  int late_lines = 0;
  int late_lines_through_vip = 0;
  friend bool operator==(const RunResult&, const RunResult&) = default;
};

struct CaseResult {
  std::string name;  // "node-killed"
  // As configured: "dynamodb"; with nothing but reachability checks, what the runs rested on.
  std::string evidence;
  std::string profile;  // "default", "fast"
  std::vector<RunResult> runs;
  std::string rests_on = {};  // the weakest clearances of the runs: "lease", "none/reported"
  std::vector<std::string> says = {};    // what nodes said they wait for
  std::vector<std::string> broken = {};  // what must be, and was not
};

// A list of objects {"case", "evidence", "profile", "runs", "outage_ms": {"median", "min", "max"},
// "both_active_ms": {...}}; milliseconds with one decimal. Besides: "rests_on", "activations",
// "late_lines", "late_lines_through_vip" (each a spread), "says", "broken". A case of which no run
// came to its end has no numbers, and is left out of both.
std::string to_json(const std::vector<CaseResult>& results);
std::string to_table(const std::vector<CaseResult>& results);

}  // namespace mainstay::bench
