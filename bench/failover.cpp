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
#include "harness/backends.h"
#include "harness/cases.h"
#include "harness/growth.h"
#include "harness/must.h"

namespace mainstay::bench {
namespace {

constexpr Duration sessions_patience = 60s;

struct Options {
  std::vector<std::string> cases;
  std::vector<std::string> evidences;
  std::string profile;
  int runs = 5;
  std::string json;
  std::uint64_t seed = 1;
};

struct Series {
  std::string name;
  Setting setting;
};

std::vector<std::string> evidences_of(const Options& options) {
  return options.evidences.empty() ? std::vector{std::string(presumed_evidence)}
                                   : options.evidences;
}

std::vector<std::string> profiles_of(const Options& options, std::string_view case_name) {
  if (!options.profile.empty()) return {options.profile};
  if (options.cases.empty() && case_name == "node-killed") return {"default", "fast"};
  return {"default"};
}

// Unless something was chosen: what `presumed` evidence can promise, with default settings, and a
// dead node with the fast ones, too.
std::vector<Series> series_of(const Options& options) {
  std::vector<Series> result;
  for (const std::string& evidence : evidences_of(options)) {
    for (const std::string& name : options.cases.empty() ? case_names() : options.cases) {
      if (!(options.cases.empty() ? is_usual : applies)(name, evidence)) continue;
      for (const std::string& profile : profiles_of(options, name)) {
        result.push_back({name, {evidence, profile, name == "slow-forced-stop", pattern_of(name)}});
      }
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

// As it happens; what the run broke besides.
std::vector<std::string> tell_run(const Series& series, int run, int runs,
                                  const CaseOutcome& outcome) {
  const RunResult& result = outcome.result;
  fmt::print(
      "{} ({}, {}) {}/{}: outage {:.3f} s, both active {:.3f} s, {} activations, late lines {} "
      "(through the VIP {}), rests on {}\n",
      series.name, series.setting.evidence, series.setting.profile, run, runs,
      result.outage_ms / 1000, result.both_active_ms / 1000, result.activations, result.late_lines,
      result.late_lines_through_vip, outcome.evidence);
  if (!outcome.says.empty()) fmt::print("  waits: {}\n", outcome.says);
  std::vector<std::string> broken = broken_by(result, must_of(series.name, series.setting));
  broken.insert(broken.end(), outcome.broken.begin(), outcome.broken.end());
  for (std::string& one : broken) {
    fmt::print("  BROKEN: {}\n", one);
    one = fmt::format("run {}: {}", run, one);
  }
  if (!broken.empty()) fmt::print("{}", outcome.story);
  std::fflush(stdout);
  return broken;
}

// One lab and one cluster for the whole series. What ends it early is an error; the runs before it
// count.
Status run_series(const Series& series, const Environment& environment, CaseResult& result) {
  const Programs& programs = environment.programs;
  auto lab = Lab::up(programs, environment.folder, wish_of(series.setting));
  if (!lab) return std::unexpected(lab.error());
  const auto site = arrange(*lab, programs, series.setting);
  if (!site) return std::unexpected(site.error());
  const auto cluster = Cluster::start(*lab, programs, *site);
  if (!cluster) return std::unexpected(cluster.error());
  std::set<std::string> evidence;
  std::set<std::string> says;
  for (int run = 1; run <= environment.runs; ++run) {
    if (auto stand = cluster->wait_until_sessions_stand(sessions_patience); !stand) return stand;
    const Duration delay = 1s + std::chrono::milliseconds(environment.random.between(0, 500));
    const auto outcome = run_case(series.name, *lab, *cluster, programs, delay);
    if (!outcome) return std::unexpected(outcome.error());
    result.runs.push_back(outcome->result);
    std::ranges::move(tell_run(series, run, environment.runs, *outcome),
                      std::back_inserter(result.broken));
    evidence.insert(outcome->evidence);
    if (!outcome->says.empty()) says.insert(outcome->says);
    result.rests_on = joined(evidence);
    result.says.assign(says.begin(), says.end());
  }
  return {};
}

CaseResult measured(const Series& series, const Environment& environment, Status& done) {
  CaseResult result{.name = series.name,
                    .evidence = series.setting.evidence,
                    .profile = series.setting.profile,
                    .runs = {}};
  done = run_series(series, environment, result);
  if (series.setting.evidence == presumed_evidence) result.evidence = result.rests_on;
  std::ranges::move(broken_by_median(result.runs, must_of(series.name, series.setting)),
                    std::back_inserter(result.broken));
  if (!done) {
    result.broken.push_back(
        fmt::format("run {} had no end: {}", result.runs.size() + 1, done.error().message));
  }
  return result;
}

int complain(const Error& error) {
  fmt::print(stderr, "mainstay-bench: {}\n", error.message);
  return error.code == Code::cancelled ? 130 : 1;
}

Status write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  return file ? Status{} : failure(Code::unavailable, "cannot write " + path);
}

int measure(const Options& options) {
  const auto programs = find_programs();
  if (!programs) return complain(programs.error());
  const auto all = series_of(options);
  if (all.empty()) {
    return complain({Code::invalid,
                     "none of these cases can be had with this evidence. Those of "
                     "the arbiter need --evidence dynamodb or etcd, a forced stop "
                     "one of these or --evidence forced-stop"});
  }
  Random random(options.seed);
  std::vector<CaseResult> results;
  for (const Series& series : all) {
    const auto folder = RunFolder::make("bench");
    if (!folder) return complain(folder.error());
    Status done;
    results.push_back(measured(series, {*programs, folder->path(), random, options.runs}, done));
    if (!done && done.error().code == Code::cancelled) return complain(done.error());
  }
  fmt::print("\n{}", to_table(results));
  if (!options.json.empty()) {
    if (auto done = write_text(options.json, to_json(results)); !done)
      return complain(done.error());
  }
  const auto kept = [](const CaseResult& result) { return result.broken.empty(); };
  return std::ranges::all_of(results, kept) ? 0 : 1;
}

// Fails if the native back end is not cheaper by as much as it must be.
int compare_backends(const Options& options) {
  const auto programs = find_programs();
  if (!programs) return complain(programs.error());
  std::vector<BackendResult> results;
  for (const char* backend : {"native", "cli"}) {
    const auto folder = RunFolder::make("bench");
    if (!folder) return complain(folder.error());
    auto result = measure_backend(*programs, folder->path(), backend, options.runs);
    if (!result) return complain(result.error());
    results.push_back(std::move(*result));
  }
  const double ratio = cpu_ratio(results);
  fmt::print("\n{}\nThe native back end takes {:.0f} times less processor time.\n",
             to_table(results), ratio);
  if (!options.json.empty()) {
    if (auto done = write_text(options.json, to_json(results)); !done) {
      return complain(done.error());
    }
  }
  if (ratio >= cpu_ratio_min) return 0;
  fmt::print("BROKEN: it must be {:.0f} times at least.\n", cpu_ratio_min);
  return 1;
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
  failover
      ->add_option("--evidence", options.evidences,
                   "What failovers rest on (presumed); may be given several times")
      ->check(CLI::IsMember(evidence_names()));
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
  auto* backends =
      app.add_subcommand("aws-backend", "What it costs to ask AWS natively, and by the AWS CLI");
  backends->add_option("--runs", options.runs, "Moves per back end")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  backends->add_option("--json", options.json, "Write the results to this file, too");
  CLI11_PARSE(app, argc, argv);
  note_stop_signals();
  if (backends->parsed()) return compare_backends(options);
  return growth->parsed() ? watch_growth(minutes) : measure(options);
}
