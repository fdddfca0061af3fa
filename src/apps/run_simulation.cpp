#include "apps/run_simulation.h"

#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

#include <fmt/format.h>

#include "sim/simulate.h"

namespace mainstay::apps {
namespace {

using Json = nlohmann::json;

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

Json json_of(const sim::FaultReport& fault) {
  return {{"fault", fault.fault},
          {"runs", fault.runs},
          {"outage_ms",
           {{"median", milliseconds(fault.outage_median)},
            {"p90", milliseconds(fault.outage_p90)},
            {"p99", milliseconds(fault.outage_p99)},
            {"max", milliseconds(fault.outage_max)}}},
          {"not_served", fault.not_served},
          {"two_owners", fault.two_owners},
          {"two_owners_max_ms", milliseconds(fault.two_owners_max)}};
}

std::string json_text(const sim::SimulateReport& report) {
  Json faults = Json::array();
  for (const auto& fault : report.faults) faults.push_back(json_of(fault));
  const Json json{{"evidence", report.evidence},
                  {"seeds", report.seeds},
                  {"simulated_s", milliseconds(report.simulated) / 1000},
                  {"faults", std::move(faults)},
                  {"two_owners_possible", report.two_owners_possible},
                  {"two_owners_seed", report.two_owners_seed},
                  {"two_owners_story", report.two_owners_story},
                  {"broken", report.broken}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool show_progress(std::uint64_t done, std::uint64_t all) {
  fmt::print(stderr, "\r{} of {} runs", done, all);
  if (done == all) fmt::print(stderr, "\n");
  std::fflush(stderr);
  return true;
}

}  // namespace

cli::ExitCode run_simulation(const cli::SimulationOrder& order, std::ostream& out) {
  sim::SimulateOptions options{.first_seed = order.first_seed, .seeds = order.seeds};
  if (isatty(STDERR_FILENO) == 1) options.progress = show_progress;
  const auto report = sim::simulate(order.config, options);
  out << (order.json ? json_text(report) : sim::to_text(report));
  const bool sound = !report.two_owners_possible && report.broken.empty();
  return sound ? cli::ExitCode::done : cli::ExitCode::refused;
}

}  // namespace mainstay::apps
