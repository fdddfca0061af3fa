// A failing seed made small: the fewest faults, in the shortest time, that still break the same
// law.
#pragma once

#include <functional>
#include <string>

#include "sim/campaign.h"

namespace mainstay::sim {

struct Shrunk {
  std::uint64_t seed = 0;
  RunOptions options;         // that reproduce it: shorter, and without what does not matter
  std::vector<Fault> faults;  // those that are left
  std::size_t faults_drawn = 0;
  RunResult result;  // with its story
};
inline constexpr int shrink_runs_max = 400;

// Only for seeds that fail with these options. `progress` is told each success.
Shrunk shrink(std::uint64_t seed, const RunOptions& options,
              const std::function<void(const std::string&)>& progress);
// The faults, and what was said around them.
std::string to_text(const Shrunk& shrunk);

}  // namespace mainstay::sim
