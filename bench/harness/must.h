// What each case must show, and which of it a run or a series of runs broke.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report.h"
#include "harness/setting.h"

namespace mainstay::bench {

// Nothing: it is measured, and not promised.
struct Must {
  std::optional<double> outage_ms = {};            // the median of the runs, at most
  std::optional<double> outage_of_each_ms = {};    // each run, at most
  std::optional<double> both_active_ms = {};       // each run, at most
  std::optional<int> late_lines_through_vip = {};  // each run, at most
  std::optional<int> activations = {};             // each run, at most
  friend bool operator==(const Must&, const Must&) = default;
};

Must must_of(std::string_view case_name, const Setting& setting);
// In words, one sentence each; none: the run kept all of it.
std::vector<std::string> broken_by(const RunResult& run, const Must& must);
// The same for the median of them.
std::vector<std::string> broken_by_median(const std::vector<RunResult>& runs, const Must& must);

}  // namespace mainstay::bench
