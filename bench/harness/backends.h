// The two ways in which AWS can be asked, side by side: the same planned moves, by the daemon
// itself and by the AWS CLI.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "harness/programs.h"

namespace mainstay::bench {

struct BackendRun {
  double switch_ms = 0;  // from the activation's record to the last route that was switched
  double cpu_ms = 0;     // of the daemon that takes over and of what it starts, until then
  double peak_mib = 0;   // of all of them together
};

struct BackendResult {
  std::string backend;  // "native", "cli"
  std::vector<BackendRun> runs;
};

// How many times less processor time the native one takes, at least.
inline constexpr double cpu_ratio_min = 30;

Result<BackendResult> measure_backend(const Programs& programs, const std::string& folder,
                                      const std::string& backend, int runs);
// Of the medians; the first is the native one's.
double cpu_ratio(const std::vector<BackendResult>& results);
std::string to_table(const std::vector<BackendResult>& results);
// A list of objects {"backend", "runs", "switch_ms", "cpu_ms", "peak_mib"}, each number with
// "median", "min", "max".
std::string to_json(const std::vector<BackendResult>& results);

}  // namespace mainstay::bench
