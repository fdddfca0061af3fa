// A user's own configuration in the simulated world: how long clients wait after which accident,
// and whether two nodes could ever run one group.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model.h"

namespace mainstay::sim {

struct SimulateOptions {
  std::uint64_t first_seed = 1;
  // Each seed is one accident on one cluster; the kinds take turns.
  std::uint64_t seeds = 1000;
  // Called now and then; false stops the work, and the report tells of what was done.
  std::function<bool(std::uint64_t done, std::uint64_t all)> progress;
};

// One kind of accident.
struct FaultReport {
  std::string fault;  // "node killed"
  std::uint64_t runs = 0;
  // How long at least one group was not served: 0 where nobody noticed. The time with two owners
  // stands apart, below.
  Duration outage_median{};
  Duration outage_p90{};
  Duration outage_p99{};
  Duration outage_max{};
  // Runs after which a group was still not served when the run ended.
  std::uint64_t not_served = 0;
  std::uint64_t two_owners = 0;  // runs in which two nodes ran one group at once
  Duration two_owners_max{};
};

struct SimulateReport {
  std::string evidence;  // what failovers rest on: "presumed", "arbiter" ...
  std::uint64_t seeds = 0;
  Duration simulated{};
  std::vector<FaultReport> faults;
  bool two_owners_possible = false;
  // The shortest run that shows it, line by line; empty if none does.
  std::vector<std::string> two_owners_story;
  std::uint64_t two_owners_seed = 0;
  // Laws that were broken, which is a defect of Mainstay: each with its seed.
  std::vector<std::string> broken;
};
inline constexpr std::size_t broken_max = 20;

SimulateReport simulate(std::shared_ptr<const ClusterConfig> config,
                        const SimulateOptions& options);
// For the command line.
std::string to_text(const SimulateReport& report);

}  // namespace mainstay::sim
