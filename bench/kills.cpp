// mainstay-mirror-kills: a database on a mirror disk, and everything that can die under it.
#include <algorithm>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "harness/kills.h"
#include "harness/process.h"
#include "harness/statistics.h"

namespace {

using namespace mainstay::bench;

void print_report(const KillReport& report) {
  fmt::print("\n{:<28}{:>6} {:>10} {:>10}\n", "killed", "times", "median", "longest");
  for (const auto& [victim, seconds] : report.seconds) {
    fmt::print("{:<28}{:>6} {:>8.1f} s {:>8.1f} s\n", victim, seconds.size(),
               spread_of(seconds).median, *std::ranges::max_element(seconds));
  }
  fmt::print(
      "(from the kill until it was mended and commits went on)\n\n"
      "{} commits were acknowledged, none is missing ({} rows). Both copies were equal, byte for "
      "byte, each of the {} times they were compared. The volumes forgot {} sectors.\n",
      report.acknowledged, report.rows, report.comparisons, report.lost_sectors);
}

}  // namespace

int main(int argc, char** argv) {
  KillOptions options;
  CLI::App app("Kills nodes, engines and the link under a PostgreSQL on a mirror disk",
               "mainstay-mirror-kills");
  app.add_option("--kills", options.kills, "How often something is killed")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "From which victims, moments and losses follow")
      ->capture_default_str();
  app.add_option("--compare-every", options.compare_every,
                 "Kills after which both copies are compared")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--file-system", options.file_system, "ext4 or xfs")
      ->check(CLI::IsMember({"ext4", "xfs"}))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  note_stop_signals();
  const auto programs = find_programs();
  if (!programs) {
    fmt::print(stderr, "mainstay-mirror-kills: {}\n", programs.error().message);
    return 2;
  }
  const auto report = kill_database(*programs, options);
  if (!report) {
    fmt::print(stderr, "mainstay-mirror-kills: {}\n", report.error().message);
    return 1;
  }
  print_report(*report);
  return 0;
}
