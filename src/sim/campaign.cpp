#include "sim/campaign.h"

#include <fmt/format.h>

namespace mainstay::sim {

std::string describe(const Environment& environment) {
  const ClusterConfig& config = *environment.config;
  return fmt::format(
      "{} nodes, {} paths, {} groups, evidence {}, timeout {}, drift {:.1f} %", config.nodes.size(),
      config.paths.size(), config.groups.size(), to_text(environment.evidence),
      mainstay::to_text(config.timing.heartbeat_timeout), config.timing.drift_bound * 100);
}

Ingredients ingredients_of(std::uint64_t seed, const RunOptions& options) {
  Random random(seed);
  Random environment_random = random.fork();
  Random fault_random = random.fork();
  Ingredients ingredients;
  ingredients.seed = random.next();
  ingredients.environment = draw_environment(environment_random, options.wish);
  ingredients.story = options.story;
  ingredients.person = true;
  // The first half minute belongs to the cluster, so that there is something to break.
  const std::vector<Fault> drawn =
      draw_faults(fault_random, ingredients.environment, options.faults_for - 30s);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    if (i < options.without.size() && options.without[i]) continue;
    ingredients.faults.push_back(drawn[i]);
    ingredients.faults.back().begin += 30s;
  }
  return ingredients;
}

RunResult run_once(std::uint64_t seed, const RunOptions& options) {
  RunResult result{.seed = seed};
  Ingredients ingredients = ingredients_of(seed, options);
  result.faults = ingredients.faults.size();
  result.environment = describe(ingredients.environment);
  Simulation simulation(std::move(ingredients));
  simulation.begin();
  if (simulation.run_until(WorldTime(options.faults_for))) {
    simulation.heal();
    simulation.run_until_served(simulation.liveness_bound(), options.settled);
  }
  simulation.finish();
  result.digest = simulation.world().digest();
  result.violations = simulation.scene().violations;
  result.double_runs = simulation.scene().double_runs;
  result.simulated = simulation.world().now().time_since_epoch();
  result.entries = simulation.world().entries_run();
  result.story = simulation.story();
  return result;
}

RunResult run_seed(std::uint64_t seed, const RunOptions& options) {
  RunResult first = run_once(seed, options);
  if (!options.twice) return first;
  const RunResult second = run_once(seed, options);
  if (first.digest != second.digest) {
    first.violations.push_back(
        {"same_twice", WorldTime(first.simulated), "two runs of one seed differ"});
  }
  return first;
}

}  // namespace mainstay::sim
