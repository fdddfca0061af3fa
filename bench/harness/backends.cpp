#include "harness/backends.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/cluster.h"
#include "harness/load.h"
#include "harness/statistics.h"

namespace mainstay::bench {
namespace {

constexpr Duration form_patience = 3min;
constexpr Duration move_patience = 3min;
constexpr Duration sample_interval = 5ms;
// A process for every question takes its time.
constexpr const char* patience_with_cli = "aws_timeout = \"60s\"\n";

Spread spread(const BackendResult& result, double BackendRun::*what) {
  std::vector<double> values;
  for (const BackendRun& run : result.runs) values.push_back(run.*what);
  return spread_of(std::move(values));
}

// The last change of a route to the address since then.
Result<std::int64_t> switched_at(const Lab& lab, std::uint64_t since) {
  const auto events = lab.events(since);
  if (!events) return std::unexpected(events.error());
  std::int64_t last = 0;
  for (const Moment& moment : *events) {
    const bool is_route = moment.text.find(virtual_ip) != std::string::npos;
    if (is_route) last = std::max(last, moment.monotonic_ns);
  }
  if (last != 0) return last;
  return failure(Code::not_found, "the lab tells of no route that was switched");
}

class Mover {
 public:
  Mover(const Lab& lab, const Programs& programs, const Cluster& cluster)
      : lab_(lab), programs_(programs), cluster_(cluster) {}

  Result<BackendRun> move() const {
    const auto formed = cluster_.wait_until_formed(form_patience);
    if (!formed) return std::unexpected(formed.error());
    const std::string target = cluster_.other(formed->owner);
    const auto daemon = daemon_of(lab_, programs_, target);
    const auto since = lab_.last_event();
    if (!daemon) return std::unexpected(daemon.error());
    if (!since) return std::unexpected(since.error());
    BackendRun run;
    if (auto done = watch(*daemon, formed->owner, target, run); !done) {
      return std::unexpected(done.error());
    }
    const auto activation = cluster_.last_activation(target);
    const auto switched = switched_at(lab_, *since);
    if (!activation) return std::unexpected(activation.error());
    if (!switched) return std::unexpected(switched.error());
    run.switch_ms = static_cast<double>(*switched - activation->monotonic_ns) / 1e6;
    return run;
  }

 private:
  // Orders the move and looks at the daemon until the group runs there.
  Status watch(int daemon, const std::string& owner, const std::string& target,
               BackendRun& run) const {
    const auto before = load_of(daemon);
    if (!before) return std::unexpected(before.error());
    auto order = Background::start(order_of(owner, target), lab_.folder() + "/move.log");
    if (!order) return std::unexpected(order.error());
    double peak_kib = 0;
    while (order->running()) {
      const auto now = load_of(daemon);
      if (!now) return std::unexpected(now.error());
      peak_kib = std::max(peak_kib, static_cast<double>(now->rss_kib));
      if (!pause(sample_interval)) return failure(Code::cancelled, "interrupted");
    }
    const auto code = order->wait(move_patience);
    if (!code) return std::unexpected(code.error());
    if (*code != 0) {
      return failure(Code::conflict, fmt::format("the move to {} ended with {}", target, *code));
    }
    const auto moved = cluster_.wait_until_moved_from(owner, move_patience);
    if (!moved) return std::unexpected(moved.error());
    const auto after = load_of(daemon);
    if (!after) return std::unexpected(after.error());
    run.cpu_ms = after->cpu_ms - before->cpu_ms;
    run.peak_mib = peak_kib / 1024;
    return {};
  }

  Command order_of(const std::string& owner, const std::string& target) const {
    return lab_.command(
        {"exec", owner, "--", programs_.command, "--socket", "/run/mainstay/mainstay.sock", "group",
         "move", std::string(group_name), target},
        move_patience);
  }

  const Lab& lab_;
  const Programs& programs_;
  const Cluster& cluster_;
};

double rounded(double value) { return std::round(value * 100) / 100; }

nlohmann::ordered_json json_of(const Spread& spread) {
  return {{"median", rounded(spread.median)},
          {"min", rounded(spread.min)},
          {"max", rounded(spread.max)}};
}

std::string text_of(const Spread& spread) {
  return fmt::format("{:.1f} [{:.1f} .. {:.1f}]", spread.median, spread.min, spread.max);
}

constexpr std::string_view row = "{:<8} {:>4}  {:<28} {:<28} {}\n";

}  // namespace

Result<BackendResult> measure_backend(const Programs& programs, const std::string& folder,
                                      const std::string& backend, int runs) {
  auto lab = Lab::up(programs, folder);
  if (!lab) return std::unexpected(lab.error());
  auto site = lab->site();
  if (!site) return std::unexpected(site.error());
  site->backend = backend;
  if (backend == "cli") site->address_lines = patience_with_cli;
  const auto cluster = Cluster::start(*lab, programs, *site);
  if (!cluster) return std::unexpected(cluster.error());
  const Mover mover(*lab, programs, *cluster);
  BackendResult result{.backend = backend, .runs = {}};
  for (int number = 1; number <= runs; ++number) {
    const auto run = mover.move();
    if (!run) return std::unexpected(run.error());
    fmt::print("{} {}/{}: switched in {:.1f} ms, {:.1f} ms of processor time, {:.1f} MiB\n",
               backend, number, runs, run->switch_ms, run->cpu_ms, run->peak_mib);
    std::fflush(stdout);
    result.runs.push_back(*run);
  }
  return result;
}

double cpu_ratio(const std::vector<BackendResult>& results) {
  const double native = spread(results.at(0), &BackendRun::cpu_ms).median;
  return spread(results.at(1), &BackendRun::cpu_ms).median / native;
}

std::string to_table(const std::vector<BackendResult>& results) {
  std::string text =
      fmt::format(row, "backend", "runs", "switched, ms", "processor time, ms", "peak, MiB");
  for (const BackendResult& result : results) {
    text += fmt::format(row, result.backend, result.runs.size(),
                        text_of(spread(result, &BackendRun::switch_ms)),
                        text_of(spread(result, &BackendRun::cpu_ms)),
                        text_of(spread(result, &BackendRun::peak_mib)));
  }
  return text;
}

std::string to_json(const std::vector<BackendResult>& results) {
  auto list = nlohmann::ordered_json::array();
  for (const BackendResult& result : results) {
    list.push_back({{"backend", result.backend},
                    {"runs", result.runs.size()},
                    {"switch_ms", json_of(spread(result, &BackendRun::switch_ms))},
                    {"cpu_ms", json_of(spread(result, &BackendRun::cpu_ms))},
                    {"peak_mib", json_of(spread(result, &BackendRun::peak_mib))}});
  }
  return list.dump(2) + "\n";
}

}  // namespace mainstay::bench
