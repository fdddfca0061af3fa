#include "sim/mirror/campaign.h"

#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {
namespace {

Environment environment_of(std::uint64_t seed, const RunOptions& options) {
  Random random(seed);
  return draw_environment(random, options.wanted);
}

RunResult run_once(std::uint64_t seed, const RunOptions& options) {
  Environment environment = environment_of(seed, options);
  for (std::size_t i = options.without.size(); i > 0; --i) {
    if (options.without[i - 1]) {
      environment.faults.erase(environment.faults.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
  }
  World world(seed ^ 0x5eedULL << 32, std::move(environment), options.story);
  world.run();
  RunResult result{.seed = seed};
  if (!world.violations().empty()) {
    const Violation& first = world.violations().front();
    result.law = first.law;
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(first.at.time_since_epoch());
    result.text =
        fmt::format("{} (at {:.3f} s)", first.text, static_cast<double>(ms.count()) / 1e3);
  }
  result.digest = world.digest();
  result.steps = world.steps();
  result.story = world.story();
  return result;
}

}  // namespace

std::size_t faults_of(std::uint64_t seed, const RunOptions& options) {
  return environment_of(seed, options).faults.size();
}

RunResult run_seed(std::uint64_t seed, const RunOptions& options) {
  RunResult first = run_once(seed, options);
  if (!options.twice) return first;
  const RunResult second = run_once(seed, options);
  if (first.passed() && first.digest != second.digest) {
    first.law = "same_twice";
    first.text = "two runs of one seed differ";
  }
  return first;
}

RunOptions shrink(std::uint64_t seed, const RunOptions& options) {
  RunOptions best{.twice = false, .without = {}, .wanted = options.wanted};
  best.without.assign(faults_of(seed, options), false);
  const std::string law = run_once(seed, best).law;
  for (std::size_t size = std::max<std::size_t>(best.without.size() / 2, 1); size > 0; size /= 2) {
    for (std::size_t first = 0; first < best.without.size(); first += size) {
      RunOptions tried = best;
      for (std::size_t i = first; i < std::min(first + size, tried.without.size()); ++i) {
        tried.without[i] = true;
      }
      if (tried.without != best.without && run_once(seed, tried).law == law) best = tried;
    }
  }
  best.story = true;
  return best;
}

}  // namespace mainstay::mirror_sim
