#include "apps/checkup.h"

#include <algorithm>

#include <fmt/format.h>

#include "adapters/aws/wait.h"
#include "config/iam_policy.h"
#include "doctor/checks.h"

namespace mainstay::apps {
namespace {

// Of a pause: nodes that were started together shall not ask together.
constexpr std::int64_t spread = 5;

Severity severity_of(doctor::Grade grade) {
  switch (grade) {
    case doctor::Grade::error:
      return Severity::error;
    case doctor::Grade::warning:
      return Severity::warning;
    case doctor::Grade::good:
    case doctor::Grade::unknown:
      break;
  }
  return Severity::information;
}

bool is_amiss(const api::DoctorFinding& finding) {
  return finding.severity != Severity::information;
}

}  // namespace

bool wants_checkup(const ClusterConfig& config, const Catalog& catalog) {
  return config.aws.doctor && asks_aws_to_fail_over(config, catalog);
}

Checkup::Checkup(Parts parts) : parts_(std::move(parts)) {}

void Checkup::start() {
  rounds_.emplace(go_on());
  rounds_->start();
}

Duration Checkup::pause() {
  const bool amiss = std::ranges::any_of(status_.findings, is_amiss);
  const Duration longest = parts_.config->aws.doctor_interval;
  const Duration pause = amiss ? std::min(amiss_after, longest) : longest;
  return pause + parts_.random.between(Duration::zero(), pause / spread);
}

Task<void> Checkup::go_on() {
  Instant next = parts_.clock.now() + first_after +
                 parts_.random.between(Duration::zero(), first_after / spread);
  while (true) {
    const bool go_on = co_await aws::pause_until(parts_.clock, next, Cancellation());
    if (!go_on) co_return;
    const Call call{parts_.clock.now() + patience, {}};
    const doctor::Facts facts =
        co_await doctor::gather(*parts_.config, parts_.self, parts_.world, call);
    note(doctor::examine({*parts_.config, parts_.catalog, facts}));
    next = parts_.clock.now() + pause();
  }
}

// What has come is said with its remedy, and what has gone is said, too; what stays is in the
// status.
void Checkup::note(const doctor::Report& report) {
  status_.looked = parts_.clock.wall();
  status_.findings.clear();
  std::map<std::string, std::set<std::string>> amiss;
  for (const doctor::Finding& finding : report.findings) {
    if (finding.grade == doctor::Grade::good) continue;
    const api::DoctorFinding told{severity_of(finding.grade), finding.check, finding.fact,
                                  finding.why, finding.remedy};
    status_.findings.push_back(told);
    if (!is_amiss(told)) continue;
    amiss[told.check].insert(told.fact);
    if (told_[told.check].contains(told.fact)) continue;
    parts_.say(told.severity, told.check,
               fmt::format("{}. At a failover: {} Remedy: {}", told.fact, told.why, told.remedy));
  }
  for (const auto& [check, facts] : told_) {
    if (facts.empty() || amiss.contains(check)) continue;
    // What could not be asked this time may be as it was.
    const bool unknown = std::ranges::find(status_.findings, check, &api::DoctorFinding::check) !=
                         status_.findings.end();
    if (unknown) {
      amiss[check] = facts;
    } else {
      parts_.say(Severity::information, check, "nothing is amiss here any more");
    }
  }
  told_ = std::move(amiss);
}

}  // namespace mainstay::apps
