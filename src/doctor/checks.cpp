#include "doctor/checks.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay::doctor {
namespace {

struct Check {
  const char* name;
  Findings (*look)(const Case&);
};

// In the order in which one thing explains the next.
constexpr Check checks[] = {
    {"endpoint", check_endpoint},
    {"clock", check_clock},
    {"identity", check_identity},
    {"path-address", check_path_addresses},
    {"interface", check_interfaces},
    {"permission", check_permissions},
    {"vip-range", check_vip_ranges},
    {"vip-route", check_routes},
    {"source-dest-check", check_source_dest},
    {"elastic-ip", check_elastic_ips},
    {"secondary-ip", check_secondary_ips},
    {"hosted-zone", check_hosted_zones},
    {"record-set", check_records},
    {"name-resolution", check_name_resolution},
    {"peer-port", check_ports},
};

}  // namespace

Finding good(std::string fact) {
  return {.check = {},
          .grade = Grade::good,
          .fact = std::move(fact),
          .why = {},
          .remedy = {},
          .repair = {}};
}

Finding trouble(Grade grade, Trouble what) {
  return {.check = {},
          .grade = grade,
          .fact = std::move(what.fact),
          .why = std::move(what.why),
          .remedy = std::move(what.remedy),
          .repair = {}};
}

Finding unasked(std::string what, const Error& error) {
  return {.check = {},
          .grade = Grade::unknown,
          .fact = fmt::format("{} could not be checked: {}", what, error.message),
          .why = "What is not known now may be missing when it is needed.",
          .remedy = error.code == Code::denied
                        ? "mainstay iam-policy --doctor prints what the role needs."
                        : "Mend the cause and run mainstay doctor again.",
          .repair = {}};
}

Report examine(const Case& given) {
  Report report{.node = given.facts.self, .findings = {}};
  for (const Check& check : checks) {
    for (Finding& finding : check.look(given)) {
      finding.check = check.name;
      report.findings.push_back(std::move(finding));
    }
  }
  std::ranges::stable_sort(report.findings, std::greater(), &Finding::grade);
  return report;
}

}  // namespace mainstay::doctor
