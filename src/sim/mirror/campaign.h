// Seeds of the mirror's world: each is lived twice, and judged.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/mirror/environment.h"

namespace mainstay::mirror_sim {

struct RunResult {
  std::uint64_t seed = 0;
  std::string law;  // the first that was broken; "" if none was
  std::string text;
  std::uint64_t digest = 0;
  std::uint64_t steps = 0;
  std::vector<std::string> story;
  bool passed() const { return law.empty(); }
};

struct RunOptions {
  bool story = false;
  bool twice = true;
  std::vector<bool> without;      // faults to leave out, by their place in the drawn list
  std::vector<FaultKind> wanted;  // many of these
};

std::size_t faults_of(std::uint64_t seed, const RunOptions& options);
RunResult run_seed(std::uint64_t seed, const RunOptions& options);
// Leaves out faults as long as the same law is broken.
RunOptions shrink(std::uint64_t seed, const RunOptions& options);

struct Campaign {
  std::uint64_t from = 1;
  std::uint64_t to = 0;  // inclusive
  unsigned jobs = 1;
  RunOptions options;
  bool stop_at_failure = false;
};

struct CampaignResult {
  std::uint64_t passed = 0;
  std::vector<RunResult> failed;  // in order of seeds
};

// Told after each seed.
using Progress = std::function<void(const CampaignResult& so_far)>;
CampaignResult run_campaign(const Campaign& campaign, const Progress& progress);

}  // namespace mainstay::mirror_sim
