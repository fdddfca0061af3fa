#include "harness/must.h"

#include <fmt/format.h>

namespace mainstay::bench {
namespace {

// A network that falls apart is what `presumed` evidence cannot promise anything about.
bool is_split(std::string_view case_name) {
  return case_name == "node-isolated" || case_name.starts_with("interconnect-") ||
         case_name.starts_with("one-way-");
}

std::optional<double> outage_limit(std::string_view case_name, const Setting& setting) {
  const bool fast = setting.profile == "fast";
  if (case_name == "planned-move" || case_name == "program-killed") return 500;
  if (case_name == "node-killed") {
    if (setting.evidence == presumed_evidence) return fast ? 1000 : 2500;
    if (has_arbiter(setting.evidence)) return fast ? 1500 : 4000;
  }
  if (case_name == "eip-node-killed" && !fast) return 2700;
  if (case_name == "dns-node-killed" && !fast) return 8000;
  if (case_name == "slow-forced-stop" && !fast) {
    return has_arbiter(setting.evidence) ? 4000 : 27000;
  }
  return {};
}

bool nothing_may_move(std::string_view case_name, const Setting& setting) {
  if (case_name == "program-killed") return true;
  if (!has_arbiter(setting.evidence)) return false;
  return case_name == "arbiter-down" || case_name.starts_with("interconnect-");
}

}  // namespace

Must must_of(std::string_view case_name, const Setting& setting) {
  Must must{.outage_ms = outage_limit(case_name, setting)};
  const bool may_move = !nothing_may_move(case_name, setting);
  if (!may_move && case_name != "program-killed") must.outage_of_each_ms = 0;
  if (setting.evidence == presumed_evidence && is_split(case_name)) return must;
  must.both_active_ms = case_name == "node-frozen" ? 100 : 0;
  must.late_lines_through_vip = 0;
  must.activations = may_move ? 1 : 0;
  return must;
}

std::vector<std::string> broken_by(const RunResult& run, const Must& must) {
  std::vector<std::string> broken;
  if (must.outage_of_each_ms && run.outage_ms > *must.outage_of_each_ms) {
    broken.push_back(fmt::format("the client went without for {:.0f} ms; at most {:.0f} ms are due",
                                 run.outage_ms, *must.outage_of_each_ms));
  }
  if (must.both_active_ms && run.both_active_ms > *must.both_active_ms) {
    broken.push_back(
        fmt::format("two nodes were active at once for {:.1f} ms; at most {:.0f} ms "
                    "are due",
                    run.both_active_ms, *must.both_active_ms));
  }
  if (must.late_lines_through_vip && run.late_lines_through_vip > *must.late_lines_through_vip) {
    broken.push_back(
        fmt::format("the old owner wrote {} lines for clients of the virtual IP after "
                    "the new one's first; at most {} are due",
                    run.late_lines_through_vip, *must.late_lines_through_vip));
  }
  if (must.activations && run.activations > *must.activations) {
    broken.push_back(fmt::format("the group was activated {} times; at most {} are due",
                                 run.activations, *must.activations));
  }
  return broken;
}

std::vector<std::string> broken_by_median(const std::vector<RunResult>& runs, const Must& must) {
  if (runs.empty() || !must.outage_ms) return {};
  std::vector<double> outages;
  for (const RunResult& run : runs) outages.push_back(run.outage_ms);
  const double median = spread_of(std::move(outages)).median;
  if (median <= *must.outage_ms) return {};
  return {fmt::format("the client's outage has a median of {:.0f} ms; at most {:.0f} ms are due",
                      median, *must.outage_ms)};
}

}  // namespace mainstay::bench
