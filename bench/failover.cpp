// mainstay-bench: how long a client goes without when the service's node, zone or program fails,
// and whether a daemon grows. In the lab, with the programs a user has.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/random.h"
#include "harness/cases.h"
#include "harness/growth.h"

namespace mainstay::bench {
namespace {

struct Options {
  std::vector<std::string> cases;
  std::string profile;
  int runs = 5;
  std::string json;
  std::uint64_t seed = 1;
};

struct Series {
  std::string name;
  std::string profile;
};

// Every case with default settings, and a dead node with the fast ones, unless something was
// chosen.
std::vector<Series> series_of(const Options& options) {
  std::vector<Series> result;
  for (const std::string& name : options.cases.empty() ? case_names() : options.cases) {
    if (options.profile.empty()) {
      result.push_back({name, "default"});
      if (options.cases.empty() && name == "node-killed") result.push_back({name, "fast"});
    } else {
      result.push_back({name, options.profile});
    }
  }
  return result;
}

struct Environment {
  Programs programs;
  std::string folder;
  Random& random;
  int runs;
};

std::string joined(const std::set<std::string>& words) {
  return fmt::format("{}", fmt::join(words, "/"));
}

// One lab and one cluster for the whole series.
Result<CaseResult> run_series(const Series& series, const Environment& environment) {
  auto lab = Lab::up(environment.programs, environment.folder);
  if (!lab) return std::unexpected(lab.error());
  auto site = lab->site();
  if (!site) return std::unexpected(site.error());
  site->profile = series.profile;
  const auto cluster = Cluster::start(*lab, environment.programs, *site);
  if (!cluster) return std::unexpected(cluster.error());

  CaseResult result{.name = series.name, .evidence = {}, .profile = series.profile, .runs = {}};
  std::set<std::string> evidence;
  for (int run = 1; run <= environment.runs; ++run) {
    const Duration delay = 1s + std::chrono::milliseconds(environment.random.between(0, 500));
    const auto outcome = run_case(series.name, *lab, *cluster, environment.programs, delay);
    if (!outcome) return std::unexpected(outcome.error());
    result.runs.push_back(outcome->result);
    evidence.insert(outcome->evidence);
    fmt::print("{} ({}) {}/{}: outage {:.3f} s, both active {:.3f} s, evidence {}\n", series.name,
               series.profile, run, environment.runs, outcome->result.outage_ms / 1000,
               outcome->result.both_active_ms / 1000, outcome->evidence);
    std::fflush(stdout);
  }
  result.evidence = joined(evidence);
  return result;
}

int complain(const Error& error) {
  fmt::print(stderr, "mainstay-bench: {}\n", error.message);
  return error.code == Code::cancelled ? 130 : 1;
}

int measure(const Options& options) {
  const auto programs = find_programs();
  if (!programs) return complain(programs.error());
  Random random(options.seed);
  std::vector<CaseResult> results;
  for (const Series& series : series_of(options)) {
    const auto folder = RunFolder::make("bench");
    if (!folder) return complain(folder.error());
    const auto result = run_series(series, {*programs, folder->path(), random, options.runs});
    if (!result) return complain(result.error());
    results.push_back(*result);
  }
  fmt::print("\n{}", to_table(results));
  if (options.json.empty()) return 0;
  std::ofstream file(options.json);
  file << to_json(results);
  file.close();
  if (!file) return complain({Code::unavailable, "cannot write " + options.json});
  return 0;
}

int watch_growth(int minutes) {
  const auto programs = find_programs();
  if (!programs) return complain(programs.error());
  const auto folder = RunFolder::make("bench");
  if (!folder) return complain(folder.error());
  const Status done =
      measure_growth(*programs, folder->path(), minutes * Duration(std::chrono::minutes(1)));
  if (!done) return complain(done.error());
  fmt::print("\nNothing grew beyond its limit.\n");
  return 0;
}

}  // namespace
}  // namespace mainstay::bench

int main(int argc, char** argv) {
  using namespace mainstay::bench;
  Options options;
  CLI::App app("Measures, in the lab, how long a client goes without", "mainstay-bench");
  app.require_subcommand(1);
  auto* failover = app.add_subcommand("failover", "The outage of a client, by kind of failure");
  failover->add_option("--case", options.cases, "Only this case; may be given several times")
      ->check(CLI::IsMember(case_names()));
  failover->add_option("--runs", options.runs, "Runs per case and profile")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  failover->add_option("--profile", options.profile, "default or fast")
      ->check(CLI::IsMember({"default", "fast"}));
  failover->add_option("--json", options.json, "Write the results to this file, too");
  failover->add_option("--seed", options.seed, "Of the chance that times the faults")
      ->capture_default_str();
  int minutes = 60;
  auto* growth = app.add_subcommand("growth", "What a daemon holds, through failover on failover");
  growth->add_option("--minutes", minutes, "How long")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  note_stop_signals();
  return growth->parsed() ? watch_growth(minutes) : measure(options);
}
