#include "cli/doctor.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include <fmt/format.h>

#include "cli/configuration.h"

namespace mainstay::cli {
namespace {

using doctor::Finding;
using doctor::Grade;
using Json = nlohmann::ordered_json;

constexpr double patience_s = 20;

Colour colour_of(Grade grade) {
  switch (grade) {
    case Grade::good:
      return Colour::green;
    case Grade::error:
      return Colour::red;
    case Grade::unknown:
    case Grade::warning:
      break;
  }
  return Colour::yellow;
}

std::string finding_text(const Finding& finding, const Style& style) {
  // Padded before it is painted: colours have no width.
  const std::string grade = fmt::format("{:<7}", to_text(finding.grade));
  std::string text = fmt::format("  {}  {:<17}  {}\n", style.paint(grade, colour_of(finding.grade)),
                                 finding.check, finding.fact);
  const std::string margin(30, ' ');
  if (!finding.why.empty()) text += fmt::format("{}At a failover: {}\n", margin, finding.why);
  if (!finding.remedy.empty()) text += fmt::format("{}Remedy: {}\n", margin, finding.remedy);
  return text;
}

std::ptrdiff_t count(const doctor::Report& report, Grade grade) {
  return std::ranges::count(report.findings, grade, &Finding::grade);
}

std::vector<doctor::Repair> repairs_of(const doctor::Report& report) {
  std::vector<doctor::Repair> repairs;
  for (const Finding& finding : report.findings) {
    if (!finding.repair) continue;
    const bool known = std::ranges::find(repairs, *finding.repair) != repairs.end();
    if (!known) repairs.push_back(*finding.repair);
  }
  return repairs;
}

// On the error stream: standard output holds reports only.
bool mend(const Session& session, const ClusterConfig& config,
          const std::vector<doctor::Repair>& repairs) {
  auto& environment = session.environment;
  bool all_done = true;
  for (const auto& repair : repairs) {
    environment.err << fmt::format("mainstay: {} ... ", to_text(repair)) << std::flush;
    const Status done = environment.repair(config, repair, patience(session));
    environment.err << (done ? std::string("done") : done.error().message) << '\n';
    all_done = all_done && done.has_value();
  }
  return all_done;
}

void print(const Session& session, const doctor::Report& report) {
  auto& environment = session.environment;
  if (session.invocation.json) {
    environment.out << report_json(report) << '\n';
  } else {
    environment.out << render_report(report, environment.style);
  }
}

}  // namespace

Duration patience(const Session& session) {
  const double seconds = session.invocation.timeout_s.value_or(patience_s);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

ExitCode verdict(const doctor::Report& report) {
  return count(report, Grade::error) == 0 ? ExitCode::done : ExitCode::refused;
}

void warn_of_troubles(const Session& session, const ClusterConfig& config) {
  auto& environment = session.environment;
  const auto report = environment.examine(config, NodeName(), patience(session));
  if (!report) {
    environment.err << fmt::format(
        "mainstay: what a failover will need was not looked at: {}; it is started all the same\n",
        report.error().message);
    return;
  }
  for (const Finding& finding : report->findings) {
    if (finding.grade != Grade::good) environment.err << finding_text(finding, Style{});
  }
}

std::string render_report(const doctor::Report& report, const Style& style) {
  std::string text =
      fmt::format("Node {}: {} error(s), {} warning(s), {} unknown, {} good\n\n", report.node,
                  count(report, Grade::error), count(report, Grade::warning),
                  count(report, Grade::unknown), count(report, Grade::good));
  for (const Finding& finding : report.findings) text += finding_text(finding, style);
  const auto repairs = repairs_of(report);
  if (!repairs.empty()) text += "\nmainstay doctor --fix would:\n";
  for (const auto& repair : repairs) text += fmt::format("  {}\n", to_text(repair));
  return text;
}

std::string report_json(const doctor::Report& report) {
  Json findings = Json::array();
  for (const Finding& finding : report.findings) {
    Json json = {{"check", finding.check},
                 {"grade", to_text(finding.grade)},
                 {"fact", finding.fact},
                 {"why", finding.why},
                 {"remedy", finding.remedy}};
    json["fix"] = finding.repair ? Json(to_text(*finding.repair)) : Json(nullptr);
    findings.push_back(std::move(json));
  }
  return Json({{"node", report.node.value}, {"findings", std::move(findings)}})
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

ExitCode perform(const Session& session, const ExamineNode& verb) {
  const auto config = load_configuration(session, verb.file);
  if (!config) return config.error();
  auto& environment = session.environment;
  auto report = environment.examine(*config, NodeName(verb.node), patience(session));
  if (!report) return complain(session, report.error());
  const auto repairs = repairs_of(*report);
  if (!verb.fix || repairs.empty()) {
    print(session, *report);
    return verdict(*report);
  }
  // What is changed is shown first; the JSON is one document, of how things are afterwards.
  if (!session.invocation.json) print(session, *report);
  const bool mended = mend(session, *config, repairs);
  report = environment.examine(*config, NodeName(verb.node), patience(session));
  if (!report) return complain(session, report.error());
  print(session, *report);
  return mended ? verdict(*report) : ExitCode::refused;
}

ExitCode perform(const Session& session, const DiscoverCluster& verb) {
  const auto proposal = session.environment.discover(
      {.instances = verb.instances, .name = verb.name, .vip = verb.vip}, patience(session));
  if (!proposal) return complain(session, proposal.error());
  if (session.invocation.json) {
    session.environment.out << Json({{"cluster_toml", *proposal}}).dump() << '\n';
  } else {
    session.environment.out << *proposal;
  }
  return ExitCode::done;
}

}  // namespace mainstay::cli
