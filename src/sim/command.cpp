#include "sim/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/sabotage.h"
#include "sim/campaign.h"
#include "sim/scenario.h"
#include "sim/shrink.h"

namespace mainstay::sim {
namespace {

constexpr std::string_view usage =
    R"(mainstay-sim: runs a cluster in a simulated world, seed by seed.

  mainstay-sim --seeds FROM..TO [--jobs N]   run these seeds, each twice; "default" is 1..2000,
                                             or as many as MAINSTAY_SEEDS says
  mainstay-sim --seed N [--verbose]          run one, and tell its story
  mainstay-sim --seed N --shrink             find the fewest faults that still make it fail
  mainstay-sim --replay FILE                 run every seed of a list (src/sim/seeds.txt)
  mainstay-sim --scenario FILE [--rewrite]   play a scenario and compare, or rewrite, its story

  --minutes N       minutes of faults in each run (10)
  --nodes N         fix the number of nodes
  --evidence KIND   arbiter, forced-stop, majority or presumed only
  --sabotage NAME   switch a deliberate bug on (sabotaged build only)
  --sabotages       each of them in turn, until it is caught (sabotaged build only)
  --once            run each seed once: half the time, and no proof that a run repeats
  --stop            stop at the first failure
)";

struct Options {
  std::uint64_t from = 1;
  std::uint64_t to = 0;
  bool one = false;
  bool verbose = false;
  bool shrink = false;
  bool stop = false;
  bool rewrite = false;
  bool sabotages = false;
  unsigned jobs = 2;
  std::string scenario;
  std::string replay;
  RunOptions run;
};

template <class Number>
bool parse(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

constexpr std::uint64_t default_seeds = 2000;

// "default": as many as the environment says, for the test that runs them.
bool parse_default(Options& options) {
  const char* wanted = std::getenv("MAINSTAY_SEEDS");
  options.to = default_seeds;
  return wanted == nullptr || *wanted == '\0' || (parse(wanted, options.to) && options.to > 0);
}

bool parse_range(std::string_view text, Options& options) {
  if (text == "default") return parse_default(options);
  const auto dots = text.find("..");
  if (dots == std::string_view::npos) {
    options.from = 1;
    return parse(text, options.to) && options.to > 0;
  }
  return parse(text.substr(0, dots), options.from) && parse(text.substr(dots + 2), options.to) &&
         options.from <= options.to;
}

bool parse_evidence(std::string_view text, RunOptions& run) {
  if (text == "arbiter") {
    run.wish.evidence = {EvidenceKind::arbiter, EvidenceKind::arbiter_and_forced_stop};
  } else if (text == "forced-stop") {
    run.wish.evidence = {EvidenceKind::forced_stop};
  } else if (text == "majority") {
    run.wish.evidence = {EvidenceKind::majority};
  } else if (text == "presumed") {
    run.wish.evidence = {EvidenceKind::presumed};
  } else {
    return false;
  }
  return true;
}

bool switch_on(std::string_view name) {
#ifdef MAINSTAY_SABOTAGE
  for (const auto& [bug, its_name] : sabotage_names) {
    if (its_name != name) continue;
    active_sabotage() = bug;
    return true;
  }
  return false;
#else
  (void)name;
  fmt::print(stderr, "This build knows no sabotage; use mainstay-sim-sabotaged.\n");
  return false;
#endif
}

bool parse_value(std::string_view key, std::string_view value, Options& options) {
  if (key == "--seeds") return parse_range(value, options);
  if (key == "--seed") {
    options.one = true;
    return parse(value, options.from);
  }
  if (key == "--jobs") return parse(value, options.jobs) && options.jobs > 0 && options.jobs <= 64;
  if (key == "--nodes") return parse(value, options.run.wish.nodes) && options.run.wish.nodes >= 2;
  if (key == "--evidence") return parse_evidence(value, options.run);
  if (key == "--sabotage") return switch_on(value);
  if (key == "--replay") {
    options.replay = value;
    return true;
  }
  if (key == "--scenario") {
    options.scenario = value;
    return true;
  }
  std::int64_t minutes = 0;
  if (key != "--minutes" || !parse(value, minutes) || minutes < 1) return false;
  options.run.faults_for = std::chrono::minutes(minutes);
  return true;
}

bool parse_flag(std::string_view key, Options& options) {
  if (key == "--verbose") return options.verbose = true;
  if (key == "--shrink") return options.shrink = true;
  if (key == "--stop") return options.stop = true;
  if (key == "--once") return !(options.run.twice = false);
  if (key == "--rewrite") return options.rewrite = true;
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

double cpu_seconds() {
  // Children count once they have been waited for.
  timespec own{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  return static_cast<double>(own.tv_sec) + static_cast<double>(own.tv_nsec) * 1e-9 +
         children_cpu_seconds();
}

int tell_one(const Options& options) {
  RunOptions run = options.run;
  run.story = options.verbose || options.shrink;
  RunResult result = run_seed(options.from, run);
  if (options.shrink && !result.passed()) {
    const Shrunk shrunk = shrink(options.from, run,
                                 [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
    fmt::print("{}", to_text(shrunk));
    return 1;
  }
  for (const auto& line : result.story) fmt::print("{}\n", to_text(line));
  fmt::print("seed {}: {}; {} faults, {} simulated, {} entries, digest {:016x}\n", result.seed,
             result.environment, result.faults, mainstay::to_text(result.simulated), result.entries,
             result.digest);
  for (const auto& violation : result.violations) {
    fmt::print("BROKEN {} at {}: {}\n", violation.law, to_text(violation.at), violation.text);
  }
  for (const auto& run_twice : result.double_runs) {
    fmt::print("two owners from {} for {}: {}\n", to_text(run_twice.from),
               mainstay::to_text(run_twice.until - run_twice.from), run_twice.text);
  }
  return result.passed() ? 0 : 1;
}

int run_seeds(const Options& options) {
  Campaign campaign{.from = options.from,
                    .to = options.to,
                    .jobs = options.jobs,
                    .options = options.run,
                    .stop_at_failure = options.stop};
  const std::uint64_t count = options.to - options.from + 1;
  auto told = std::chrono::steady_clock::now();
  std::size_t failures = 0;
  const CampaignResult result = run_campaign(campaign, [&](const CampaignResult& so_far) {
    for (; failures < so_far.failed.size(); ++failures) {
      const RunResult& failed = so_far.failed[failures];
      fmt::print("seed {}: BROKEN {}: {}\n", failed.seed, failed.violations.front().law,
                 failed.violations.front().text);
      std::fflush(stdout);
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - told < 5s) return;
    told = now;
    fmt::print(stderr, "{} of {} seeds\n", so_far.passed + so_far.failed.size(), count);
  });
  const double hours = std::chrono::duration<double, std::ratio<3600>>(result.simulated).count();
  const double cpu_minutes = cpu_seconds() / 60;
  fmt::print("{:.1f} simulated cluster-hours in {:.2f} CPU-minutes: {:.0f} per CPU-minute\n", hours,
             cpu_minutes, hours / cpu_minutes);
  fmt::print("two owners on weak evidence: {} times, at most {}\n", result.double_runs,
             mainstay::to_text(result.double_run_longest));
  fmt::print("{} passed, {} failed\n", result.passed, result.failed.size());
  return result.failed.empty() ? 0 : 1;
}

int replay_list(const Options& options) {
  std::ifstream file(options.replay);
  if (!file) {
    fmt::print(stderr, "{} cannot be read.\n", options.replay);
    return 2;
  }
  int failed = 0;
  int passed = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::uint64_t seed = 0;
    std::int64_t minutes = 0;
    if (line.starts_with('#') || !(words >> seed >> minutes)) continue;
    RunOptions run = options.run;
    run.faults_for = std::chrono::minutes(minutes);
    const RunResult result = run_seed(seed, run);
    for (const auto& violation : result.violations) {
      fmt::print("seed {}: BROKEN {}: {}\n", seed, violation.law, violation.text);
    }
    ++(result.passed() ? passed : failed);
  }
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

#ifdef MAINSTAY_SABOTAGE
// Where a bug can only show with one kind of evidence, the seeds are spent on worlds that have it.
std::vector<EvidenceKind> evidence_for(Sabotage bug) {
  switch (bug) {
    case Sabotage::unknown_is_fenced:
    case Sabotage::accepted_is_stopped:
      return {EvidenceKind::forced_stop};
    case Sabotage::lease_from_answer:
    case Sabotage::stillness_cut_short:
      return {EvidenceKind::arbiter};
    case Sabotage::minority_goes_on:
    case Sabotage::majority_of_heard:
      return {EvidenceKind::majority};
    default:
      return {};
  }
}

// A build that fails without any bug of these would seem to catch them all.
bool fails_by_itself(const Options& options) {
  constexpr std::uint64_t control_seeds = 20;
  Campaign campaign{.from = options.from,
                    .to = std::min(options.to, options.from + control_seeds - 1),
                    .jobs = options.jobs,
                    .options = options.run,
                    .stop_at_failure = true};
  campaign.options.twice = false;
  const CampaignResult result = run_campaign(campaign, [](const CampaignResult&) {});
  if (result.failed.empty()) return false;
  const RunResult& failed = result.failed.front();
  fmt::print("this build fails without a sabotage: seed {}: {}: {}\n", failed.seed,
             failed.violations.front().law, failed.violations.front().text);
  return true;
}

// Each deliberate bug must be caught within the given seeds, and is said with the seed that did.
int catch_all(const Options& options) {
  if (fails_by_itself(options)) return 1;
  int survived = 0;
  for (const auto& [bug, name] : sabotage_names) {
    active_sabotage() = bug;
    Campaign campaign{.from = options.from,
                      .to = options.to,
                      .jobs = options.jobs,
                      .options = options.run,
                      .stop_at_failure = true};
    campaign.options.twice = false;
    campaign.options.wish.evidence = evidence_for(bug);
    const CampaignResult result = run_campaign(campaign, [](const CampaignResult&) {});
    if (result.failed.empty()) {
      ++survived;
      fmt::print("{:<26} SURVIVED {} seeds\n", name, result.passed);
    } else {
      const RunResult& failed = result.failed.front();
      fmt::print("{:<26} caught by {} after {} seeds (seed {})\n", name,
                 failed.violations.front().law, result.passed + 1, failed.seed);
    }
    std::fflush(stdout);
  }
  fmt::print("{} caught, {} survived\n", sabotage_names.size() - static_cast<std::size_t>(survived),
             survived);
  return survived == 0 ? 0 : 1;
}
#endif

int play_file(const Options& options) {
  std::ifstream file(options.scenario);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    fmt::print(stderr, "{} cannot be read.\n", options.scenario);
    return 2;
  }
  const Scenario scenario = split_scenario(text.str());
  const auto story = play(scenario.commands);
  if (!story) {
    fmt::print(stderr, "{}: {}\n", options.scenario, story.error());
    return 2;
  }
  if (options.rewrite) {
    std::ofstream(options.scenario) << scenario.commands << scenario_line << *story;
    return 0;
  }
  fmt::print("{}", *story);
  return *story == scenario.story ? 0 : 1;
}

}  // namespace

int run_command(int argc, char** argv) {
  Options options;
  if (!parse_all(argc, argv, options)) return 2;
  if (!options.scenario.empty()) return play_file(options);
  if (!options.replay.empty()) return replay_list(options);
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

}  // namespace mainstay::sim
