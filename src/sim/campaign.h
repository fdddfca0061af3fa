// Seeds: one run each, made twice, judged, and counted.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/simulation.h"

namespace mainstay::sim {

struct RunOptions {
  EnvironmentWish wish;
  Duration faults_for = 10min;
  // How long everything must have been served at the end.
  Duration settled = 15s;
  bool story = false;
  bool twice = true;  // a second time, for equal digests
  // For shrinking: the faults to leave out, by their place in the drawn list.
  std::vector<bool> without;
};

struct RunResult {
  std::uint64_t seed = 0;
  std::uint64_t digest = 0;
  std::vector<Violation> violations;
  std::vector<DoubleRun> double_runs;
  std::size_t faults = 0;
  Duration simulated{};
  std::uint64_t entries = 0;
  std::vector<StoryLine> story;
  std::string environment;  // in one line
  bool passed() const { return violations.empty(); }
};

// What the seed draws.
Ingredients ingredients_of(std::uint64_t seed, const RunOptions& options);
std::string describe(const Environment& environment);

RunResult run_once(std::uint64_t seed, const RunOptions& options);
// Made twice; unequal digests are a violation of their own.
RunResult run_seed(std::uint64_t seed, const RunOptions& options);

struct Campaign {
  std::uint64_t from = 0;
  std::uint64_t to = 0;  // inclusive
  unsigned jobs = 1;
  RunOptions options;
  bool stop_at_failure = false;
};

struct CampaignResult {
  std::uint64_t passed = 0;
  std::vector<RunResult> failed;  // in order of seeds, without stories
  Duration simulated{};           // of clusters, each run counted once per time it was made
  std::uint64_t double_runs = 0;
  Duration double_run_longest{};
};

// Told after each seed, and after each failure.
using Progress = std::function<void(const CampaignResult& so_far)>;

// Seeds are shared out among processes of their own: nothing is shared, and a crash is a failure of
// its seed alone.
CampaignResult run_campaign(const Campaign& campaign, const Progress& progress);

// CPU time of the worker processes so far.
double children_cpu_seconds();

}  // namespace mainstay::sim
