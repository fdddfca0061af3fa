#include "harness/report.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mainstay::bench {
namespace {

template <class Number>
Spread spread(const std::vector<RunResult>& runs, Number RunResult::*what) {
  std::vector<double> values;
  for (const RunResult& run : runs) values.push_back(static_cast<double>(run.*what));
  return spread_of(std::move(values));
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

std::string count(const Spread& spread) {
  return spread.min == spread.max ? fmt::format("{:g}", spread.median)
                                  : fmt::format("{:g} .. {:g}", spread.min, spread.max);
}

constexpr std::string_view row =
    "{:<25} {:<8} {:<11} {:<9} {:>4}  {:<23} {:<21} {:<11} {:<10} {:<8} {}\n";

std::string header() {
  return fmt::format(row, "case", "profile", "evidence", "rests on", "runs", "outage, s",
                     "both active, s", "activations", "late lines", "by VIP", "") +
         fmt::format(row, "", "", "", "", "", "median [min .. max]", "median [min .. max]", "", "",
                     "", "");
}

}  // namespace

std::string to_json(const std::vector<CaseResult>& results) {
  auto list = nlohmann::ordered_json::array();
  for (const CaseResult& result : results) {
    if (result.runs.empty()) continue;
    list.push_back({{"case", result.name},
                    {"evidence", result.evidence},
                    {"profile", result.profile},
                    {"runs", result.runs.size()},
                    {"outage_ms", json_of(spread(result.runs, &RunResult::outage_ms))},
                    {"both_active_ms", json_of(spread(result.runs, &RunResult::both_active_ms))},
                    {"rests_on", result.rests_on},
                    {"activations", json_of(spread(result.runs, &RunResult::activations))},
                    {"late_lines", json_of(spread(result.runs, &RunResult::late_lines))},
                    {"late_lines_through_vip",
                     json_of(spread(result.runs, &RunResult::late_lines_through_vip))},
                    {"says", result.says},
                    {"broken", result.broken}});
  }
  return list.dump(2) + "\n";
}

std::string to_table(const std::vector<CaseResult>& results) {
  std::string text = header();
  for (const CaseResult& result : results) {
    if (result.runs.empty()) continue;
    text += fmt::format(row, result.name, result.profile, result.evidence, result.rests_on,
                        result.runs.size(), seconds(spread(result.runs, &RunResult::outage_ms)),
                        seconds(spread(result.runs, &RunResult::both_active_ms)),
                        count(spread(result.runs, &RunResult::activations)),
                        count(spread(result.runs, &RunResult::late_lines)),
                        count(spread(result.runs, &RunResult::late_lines_through_vip)),
                        result.broken.empty() ? "ok" : "BROKEN");
  }
  for (const CaseResult& result : results) {
    for (const std::string& one : result.says) {
      text += fmt::format("\n{} ({}): waits: {}\n", result.name, result.evidence, one);
    }
    for (const std::string& one : result.broken) {
      text += fmt::format("\nBROKEN {} ({}, {}): {}\n", result.name, result.profile,
                          result.evidence, one);
    }
  }
  return text;
}

}  // namespace mainstay::bench
