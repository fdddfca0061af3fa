#include "sim/mirror/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "base/mirror_sabotage.h"
#include "sim/mirror/campaign.h"

namespace mainstay::mirror_sim {
namespace {

constexpr std::string_view usage =
    R"(mainstay-mirror-sim: runs a mirror in a simulated world, seed by seed.

  mainstay-mirror-sim --seeds FROM..TO [--jobs N]   run these seeds, each twice
  mainstay-mirror-sim --seed N [--verbose]          run one, and tell its story
  mainstay-mirror-sim --seed N --shrink             with the fewest faults that still make it fail

  --sabotage NAME   switch a deliberate bug on (sabotaged build only)
  --sabotages       each of them in turn, until it is caught (sabotaged build only)
  --stop            stop at the first failure
)";

struct Options {
  std::uint64_t from = 1;
  std::uint64_t to = 0;
  bool one = false;
  bool verbose = false;
  bool shrinks = false;
  bool stop = false;
  bool sabotages = false;
  unsigned jobs = 2;
};

template <class Number>
bool parse(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

bool parse_range(std::string_view text, Options& options) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) return parse(text, options.to) && options.to > 0;
  return parse(text.substr(0, dots), options.from) && parse(text.substr(dots + 2), options.to) &&
         options.from <= options.to;
}

bool switch_on(std::string_view name) {
#ifdef MAINSTAY_SABOTAGE
  for (const auto& [bug, its_name] : mirror::sabotage_names) {
    if (its_name != name) continue;
    mirror::active_sabotage() = bug;
    return true;
  }
  return false;
#else
  (void)name;
  fmt::print(stderr, "This build knows no sabotage; use mainstay-mirror-sim-sabotaged.\n");
  return false;
#endif
}

bool parse_value(std::string_view key, std::string_view value, Options& options) {
  if (key == "--seeds") return parse_range(value, options);
  if (key == "--seed") return options.one = parse(value, options.from);
  if (key == "--jobs") return parse(value, options.jobs) && options.jobs > 0 && options.jobs <= 64;
  return key == "--sabotage" && switch_on(value);
}

bool parse_flag(std::string_view key, Options& options) {
  if (key == "--verbose") return options.verbose = true;
  if (key == "--shrink") return options.shrinks = true;
  if (key == "--stop") return options.stop = true;
  if (key == "--sabotages") return options.sabotages = true;
  return false;
}

bool parse_all(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view key = argv[i];
    if (parse_flag(key, options)) continue;
    if (i + 1 < argc && parse_value(key, argv[i + 1], options)) {
      ++i;
      continue;
    }
    fmt::print(stderr, "\"{}\" is not understood here.\n\n{}", key, usage);
    return false;
  }
  return true;
}

// Where the bug that is switched on can only show after certain faults, the seeds are spent on
// worlds that have many of them.
std::vector<FaultKind> wanted_faults() {
#ifdef MAINSTAY_SABOTAGE
  using mirror::Sabotage;
  switch (mirror::active_sabotage().value_or(Sabotage::log_not_awaited)) {
    case Sabotage::old_term_accepted:
      return {FaultKind::isolated, FaultKind::link_cut, FaultKind::frozen};
    case Sabotage::record_only_read:
      return {FaultKind::arbiter_flaky, FaultKind::isolated};
    case Sabotage::old_writes_not_drained:
      return {FaultKind::link_cut, FaultKind::disk_stalls};
    case Sabotage::earlier_writes_not_flushed:
      return {FaultKind::all_power_lost, FaultKind::engine_killed};
    case Sabotage::forced_not_flushed:
      return {FaultKind::forced, FaultKind::power_lost};
    default:
      break;
  }
#endif
  return {};
}

int tell_one(const Options& options) {
  RunOptions run{.story = options.verbose, .without = {}, .wanted = wanted_faults()};
  if (options.shrinks) run = shrink(options.from, run);
  const RunResult result = run_seed(options.from, run);
  for (const std::string& line : result.story) fmt::print("{}\n", line);
  const auto left_out = std::ranges::count(run.without, true);
  fmt::print("seed {}: {} faults, {} left out, {} steps, digest {:016x}\n", result.seed,
             faults_of(options.from, run), left_out, result.steps, result.digest);
  if (!result.passed()) fmt::print("BROKEN {}: {}\n", result.law, result.text);
  return result.passed() ? 0 : 1;
}

int run_seeds(const Options& options) {
  const Campaign campaign{.from = options.from,
                          .to = options.to,
                          .jobs = options.jobs,
                          .options = {.without = {}, .wanted = wanted_faults()},
                          .stop_at_failure = options.stop};
  const std::uint64_t count = options.to - options.from + 1;
  auto told = std::chrono::steady_clock::now();
  std::size_t failures = 0;
  const CampaignResult result = run_campaign(campaign, [&](const CampaignResult& so_far) {
    for (; failures < so_far.failed.size(); ++failures) {
      const RunResult& failed = so_far.failed[failures];
      fmt::print("seed {}: BROKEN {}: {}\n", failed.seed, failed.law, failed.text);
      std::fflush(stdout);
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - told < 5s) return;
    told = now;
    fmt::print(stderr, "{} of {} seeds\n", so_far.passed + so_far.failed.size(), count);
  });
  fmt::print("{} passed, {} failed\n", result.passed, result.failed.size());
  return result.failed.empty() ? 0 : 1;
}

#ifdef MAINSTAY_SABOTAGE
// A build that fails without any bug of these would seem to catch them all.
bool fails_by_itself(const Options& options) {
  constexpr std::uint64_t control_seeds = 100;
  const Campaign campaign{.from = options.from,
                          .to = std::min(options.to, options.from + control_seeds - 1),
                          .jobs = options.jobs,
                          .options = {.twice = false, .without = {}, .wanted = {}},
                          .stop_at_failure = true};
  const CampaignResult result = run_campaign(campaign, nullptr);
  if (result.failed.empty()) return false;
  const RunResult& failed = result.failed.front();
  fmt::print("this build fails without a sabotage: seed {}: {}: {}\n", failed.seed, failed.law,
             failed.text);
  return true;
}

// Each deliberate bug must be caught within the given seeds, and is said with the seed that did.
int catch_all(const Options& options) {
  if (fails_by_itself(options)) return 1;
  std::size_t survived = 0;
  for (const auto& [bug, name] : mirror::sabotage_names) {
    mirror::active_sabotage() = bug;
    const Campaign campaign{.from = options.from,
                            .to = options.to,
                            .jobs = options.jobs,
                            .options = {.twice = false, .without = {}, .wanted = wanted_faults()},
                            .stop_at_failure = true};
    const CampaignResult result = run_campaign(campaign, nullptr);
    if (result.failed.empty()) {
      ++survived;
      fmt::print("{:<26} SURVIVED {} seeds\n", name, result.passed);
    } else {
      fmt::print("{:<26} caught by {} after {} seeds (seed {})\n", name, result.failed.front().law,
                 result.passed + 1, result.failed.front().seed);
    }
    std::fflush(stdout);
  }
  fmt::print("{} caught, {} survived\n", mirror::sabotage_names.size() - survived, survived);
  return survived == 0 ? 0 : 1;
}
#endif

}  // namespace

int run_command(int argc, char** argv) {
  Options options;
  if (!parse_all(argc, argv, options)) return 2;
  if (options.one) return tell_one(options);
  if (options.to == 0) {
    fmt::print("{}", usage);
    return 2;
  }
#ifdef MAINSTAY_SABOTAGE
  if (options.sabotages) return catch_all(options);
#endif
  return run_seeds(options);
}

}  // namespace mainstay::mirror_sim
