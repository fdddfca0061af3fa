// mainstay-bench-mirror: how much of what disks and wire allow is left through the mirrored device.
// The bare file, the plain program and the mirror take turns within one run, for the machine may be
// busy with something else.
#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "harness/fio.h"
#include "harness/mirror.h"
#include "harness/programs.h"
#include "harness/statistics.h"

namespace mainstay::bench {
namespace {

constexpr Duration patience = 300s;
constexpr std::uint64_t mebibyte = 1024 * 1024;

struct Options {
  std::vector<std::string> jobs;
  int runs = 3;
  int seconds = 2;
  std::uint64_t size = 512;  // MiB
  bool plain = false;        // payload is not encrypted
  std::string json;
};

struct Job {
  std::string name;
  std::string pattern;
  std::size_t request = 4096;
  int depth = 1;
  bool flush = false;
  double must = 0;  // the ratio
};

const std::vector<Job>& jobs() {
  static const std::vector<Job> all{
      {"4k-qd1", "randwrite", 4096, 1, false, 0.45},
      {"4k-qd1-flush", "randwrite", 4096, 1, true, 0.50},
      {"4k-qd32", "randwrite", 4096, 32, false, 0.75},
      {"1m", "write", mebibyte, 4, false, 0.40},
      {"read-4k-qd32", "randread", 4096, 32, false, 0.95},
      {"resync", "", 0, 0, false, 0.80},
      {"resync-p99", "", 0, 0, false, 0.50},
  };
  return all;
}

struct Round {
  double bare = 0;
  double limit = 0;
  double mirror = 0;
};
using Measured = Result<Round>;

// Files and engines of one run. `alone` has the same front end, and no peer.
struct Stage {
  RunFolder folder;
  std::uint64_t size = 0;
  Duration length{};
  std::string bare, wire_local, wire_remote;
  std::optional<MirrorNode> first, second, alone;

  std::string path(const char* name) const { return folder.path() + "/" + name; }
};

Status make_files(Stage& stage) {
  for (const auto& [name, place] :
       {std::pair{"bare", &stage.bare}, std::pair{"wire-local", &stage.wire_local},
        std::pair{"wire-remote", &stage.wire_remote}}) {
    *place = stage.path(name);
    if (const Status made = make_file(*place, stage.size); !made) return made;
  }
  return {};
}

Result<MirrorNode> ready_node(const MirrorSetup& setup, int copy, const std::string& as) {
  auto node = MirrorNode::make(setup, copy);
  if (!node) return node;
  if (const auto prepared = node->prepare(as); !prepared) return std::unexpected(prepared.error());
  if (const Status started = node->start(); !started) return std::unexpected(started.error());
  return node;
}

Status start_engines(Stage& stage, const std::string& program, bool encrypt) {
  const auto port = free_port();
  const auto nowhere = free_port();
  if (!port || !nowhere) return failure(Code::unavailable, "there is no free port on loopback");
  MirrorSetup setup{.program = program,
                    .folder = stage.folder.path(),
                    .size = stage.size,
                    .port = *port,
                    .encrypt = encrypt};
  auto second = ready_node(setup, 1, "target");
  if (!second) return std::unexpected(second.error());
  stage.second = std::move(*second);
  auto first = ready_node(setup, 0, "source");
  if (!first) return std::unexpected(first.error());
  stage.first = std::move(*first);
  setup.port = *nowhere;
  auto alone = ready_node(setup, 2, "source");
  if (!alone) return std::unexpected(alone.error());
  stage.alone = std::move(*alone);
  if (const Status up = stage.first->wait_for("connected", "true", patience); !up) return up;
  if (const Status led = stage.first->promote(1); !led) return led;
  if (const Status led = stage.alone->promote(1); !led) return led;
  return stage.first->wait_for("peer.state", "up to date", patience);
}

double number_of(const Job& job, const LoadResult& result) {
  return job.request >= mebibyte ? result.bytes_per_second / 1e6 : result.per_second;
}

FioLoad fio_load(const Stage& stage, const Job& job, const std::string& path) {
  return {.path = path,
          .size = stage.size,
          .pattern = job.pattern,
          .request = job.request,
          .depth = job.depth,
          .flush = job.flush,
          .length = stage.length};
}

Result<double> limit_of(const Stage& stage, const Job& job) {
  if (job.pattern == "randread") {
    const auto result = run_fio(fio_load(stage, job, stage.alone->device()));
    if (!result) return std::unexpected(result.error());
    return number_of(job, *result);
  }
  const auto result = run_on_wire({.local = stage.wire_local,
                                   .remote = stage.wire_remote,
                                   .size = stage.size,
                                   .request = job.request,
                                   .depth = job.depth,
                                   .flush = job.flush,
                                   .sequential = job.pattern == "write",
                                   .length = stage.length});
  if (!result) return std::unexpected(result.error());
  return number_of(job, *result);
}

Measured measure_load(const Stage& stage, const Job& job) {
  const auto bare = run_fio(fio_load(stage, job, stage.bare));
  if (!bare) return std::unexpected(bare.error());
  const auto limit = limit_of(stage, job);
  if (!limit) return std::unexpected(limit.error());
  const auto mirror = run_fio(fio_load(stage, job, stage.first->device()));
  if (!mirror) return std::unexpected(mirror.error());
  return Round{number_of(job, *bare), *limit, number_of(job, *mirror)};
}

// Everything differs; what is left to do is a whole resync.
Status make_different(const Stage& stage) {
  if (const Status broken = stage.first->order(R"({"id":1,"do":"break"})"); !broken) return broken;
  const auto written = run_fio({.path = stage.first->device(),
                                .size = stage.size,
                                .pattern = "write",
                                .request = mebibyte,
                                .depth = 4,
                                .length = 0s});
  if (!written) return std::unexpected(written.error());
  return {};
}

Result<double> resync_rate(const Stage& stage) {
  if (const Status different = make_different(stage); !different) {
    return std::unexpected(different.error());
  }
  const auto dirty = stage.first->field("dirty_bytes");
  if (!dirty) return std::unexpected(dirty.error());
  const std::int64_t begun = monotonic_ns();
  for (const Status& done : {stage.first->order(R"({"id":1,"do":"connect"})"),
                             stage.first->wait_for("peer.state", "up to date", patience)}) {
    if (!done) return std::unexpected(done.error());
  }
  return std::stod(*dirty) * 1e3 / static_cast<double>(monotonic_ns() - begun);
}

Measured measure_resync(const Stage& stage) {
  const auto limit = run_on_wire({.local = stage.wire_local,
                                  .remote = stage.wire_remote,
                                  .size = stage.size,
                                  .request = mebibyte / 16,
                                  .depth = 16,
                                  .copy = true,
                                  .sequential = true,
                                  .length = stage.length});
  if (!limit) return std::unexpected(limit.error());
  const auto rate = resync_rate(stage);
  if (!rate) return std::unexpected(rate.error());
  return Round{0, limit->bytes_per_second / 1e6, *rate};
}

// The slowest hundredth of an application's writes: without a resync, and while one runs. The
// inverse, so that more is better, as everywhere.
Measured measure_resync_p99(const Stage& stage) {
  FioLoad load{.path = stage.first->device(), .size = stage.size, .length = stage.length};
  const auto quiet = run_fio(load);
  if (!quiet) return std::unexpected(quiet.error());
  if (const Status different = make_different(stage); !different) {
    return std::unexpected(different.error());
  }
  const Status connected = stage.first->order(R"({"id":1,"do":"connect"})");
  if (!connected) return std::unexpected(connected.error());
  load.length = 1s;
  const auto busy = run_fio(load);
  if (!busy) return std::unexpected(busy.error());
  const Status equal = stage.first->wait_for("peer.state", "up to date", patience);
  if (!equal) return std::unexpected(equal.error());
  return Round{0, 1e6 / quiet->p99_us, 1e6 / busy->p99_us};
}

Measured measure(const Stage& stage, const Job& job) {
  if (job.name == "resync") return measure_resync(stage);
  if (job.name == "resync-p99") return measure_resync_p99(stage);
  return measure_load(stage, job);
}

struct Series {
  Job job;
  std::vector<Round> rounds;

  double median(const std::function<double(const Round&)>& what) const {
    std::vector<double> values;
    for (const Round& round : rounds) values.push_back(what(round));
    return spread_of(values).median;
  }
  double bare() const {
    return median([](const Round& round) { return round.bare; });
  }
  double limit() const {
    return median([](const Round& round) { return round.limit; });
  }
  double mirror() const {
    return median([](const Round& round) { return round.mirror; });
  }
  double ratio() const {
    return median([](const Round& round) { return round.mirror / round.limit; });
  }
};

void print_table(const std::vector<Series>& all) {
  fmt::print("\n{:14} {:>12} {:>12} {:>12} {:>7} {:>6}\n", "job", "bare", "limit", "mirror",
             "ratio", "must");
  for (const Series& each : all) {
    fmt::print("{:14} {:12.0f} {:12.0f} {:12.0f} {:7.2f} {:6.2f}{}\n", each.job.name, each.bare(),
               each.limit(), each.mirror(), each.ratio(), each.job.must,
               each.ratio() < each.job.must ? "  not reached" : "");
  }
  fmt::print("(requests per second; 1m and resync: MB per second; resync-p99: 1/s, the inverse)\n");
}

Status write_json(const std::vector<Series>& all, const std::string& file) {
  nlohmann::json list = nlohmann::json::array();
  for (const Series& each : all) {
    list.push_back({{"job", each.job.name},
                    {"bare", each.bare()},
                    {"mirror", each.mirror()},
                    {"limit", each.limit()},
                    {"ratio", each.ratio()},
                    {"runs", each.rounds.size()}});
  }
  std::ofstream out(file);
  out << list.dump(2) << "\n";
  if (!out.flush()) return failure(Code::unavailable, fmt::format("{} cannot be written", file));
  return {};
}

Result<std::vector<Series>> measure_all(const Options& options) {
  const auto program = find_program("mainstay-mirrord");
  if (!program) return std::unexpected(program.error());
  auto folder = RunFolder::make("bench-mirror");
  if (!folder) return std::unexpected(folder.error());
  Stage stage{.folder = std::move(*folder),
              .size = options.size * mebibyte,
              .length = std::chrono::seconds(options.seconds)};
  if (const Status made = make_files(stage); !made) return std::unexpected(made.error());
  if (const Status up = start_engines(stage, *program, !options.plain); !up) {
    return std::unexpected(up.error());
  }
  std::vector<Series> all;
  for (const Job& job : jobs()) {
    const bool wanted = std::ranges::find(options.jobs, job.name) != options.jobs.end();
    if (wanted || options.jobs.empty()) all.push_back({job, {}});
  }
  for (int run = 1; run <= options.runs; ++run) {
    for (Series& series : all) {
      const auto round = measure(stage, series.job);
      if (!round) return std::unexpected(round.error());
      series.rounds.push_back(*round);
      fmt::print("{} {}/{}: bare {:.0f}, limit {:.0f}, mirror {:.0f}, ratio {:.2f}\n",
                 series.job.name, run, options.runs, round->bare, round->limit, round->mirror,
                 round->mirror / round->limit);
      std::fflush(stdout);
    }
  }
  return all;
}

int run_all(const Options& options) {
  const auto all = measure_all(options);
  if (!all) {
    fmt::print(stderr, "mainstay-bench-mirror: {}\n", all.error().message);
    return 2;
  }
  print_table(*all);
  if (options.json.empty()) return 0;
  if (const Status written = write_json(*all, options.json); !written) {
    fmt::print(stderr, "mainstay-bench-mirror: {}\n", written.error().message);
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace mainstay::bench

int main(int argc, char** argv) {
  using namespace mainstay::bench;
  Options options;
  CLI::App app("Measures the mirror through its device against what disks and wire allow",
               "mainstay-bench-mirror");
  app.add_option("--job", options.jobs, "Only this job; may be given several times");
  app.add_option("--runs", options.runs, "Rounds, in each of which every job has its turn")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "Of each measurement")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  app.add_option("--size", options.size, "Of the mirror, in MiB")
      ->check(CLI::Range(64, 1024 * 1024))
      ->capture_default_str();
  app.add_flag("--plain", options.plain, "Payload is not encrypted");
  app.add_option("--json", options.json, "Write the results to this file, too");
  CLI11_PARSE(app, argc, argv);
  note_stop_signals();
  return run_all(options);
}
