#include "harness/report.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mainstay::bench {
namespace {

struct Spreads {
  Spread outage;
  Spread both_active;
};

Spreads spreads_of(const CaseResult& result) {
  std::vector<double> outage;
  std::vector<double> both_active;
  for (const RunResult& run : result.runs) {
    outage.push_back(run.outage_ms);
    both_active.push_back(run.both_active_ms);
  }
  return {spread_of(std::move(outage)), spread_of(std::move(both_active))};
}

double rounded(double milliseconds) { return std::round(milliseconds * 10) / 10; }

nlohmann::ordered_json json_of(const Spread& spread) {
  return {{"median", rounded(spread.median)},
          {"min", rounded(spread.min)},
          {"max", rounded(spread.max)}};
}

std::string seconds(const Spread& spread) {
  return fmt::format("{:.2f} [{:.2f} .. {:.2f}]", spread.median / 1000, spread.min / 1000,
                     spread.max / 1000);
}

constexpr std::string_view row = "{:<16} {:<10} {:<10} {:>5}  {:<24} {:<24}\n";

}  // namespace

std::string to_json(const std::vector<CaseResult>& results) {
  auto list = nlohmann::ordered_json::array();
  for (const CaseResult& result : results) {
    const Spreads spreads = spreads_of(result);
    list.push_back({{"case", result.name},
                    {"evidence", result.evidence},
                    {"profile", result.profile},
                    {"runs", result.runs.size()},
                    {"outage_ms", json_of(spreads.outage)},
                    {"both_active_ms", json_of(spreads.both_active)}});
  }
  return list.dump(2) + "\n";
}

std::string to_table(const std::vector<CaseResult>& results) {
  std::string text =
      fmt::format(row, "case", "profile", "evidence", "runs", "outage, s", "both active, s");
  text += fmt::format(row, "", "", "", "", "median [min .. max]", "median [min .. max]");
  for (const CaseResult& result : results) {
    const Spreads spreads = spreads_of(result);
    text += fmt::format(row, result.name, result.profile, result.evidence, result.runs.size(),
                        seconds(spreads.outage), seconds(spreads.both_active));
  }
  return text;
}

}  // namespace mainstay::bench
