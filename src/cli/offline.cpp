// The verbs that need no daemon: check, simulate, help, keygen.
#include <ostream>

#include <fmt/format.h>

#include "cli/check_json.h"
#include "cli/configuration.h"
#include "cli/describe.h"
#include "cli/doctor.h"
#include "config/help.h"

namespace mainstay::cli {
namespace {

std::string counted(std::size_t count, const char* thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

}  // namespace

ExitCode perform(const Session& session, const CheckFile& verb) {
  const auto config = load_configuration(session, verb.file);
  if (!config) return config.error();
  auto& environment = session.environment;
  const auto safety = environment.safety_sentences(*config);
  const auto cost = environment.cost_sentences(*config);
  std::optional<doctor::Report> report;
  if (verb.doctor) {
    auto examined = environment.examine(*config, NodeName(verb.node), patience(session));
    if (!examined) return complain(session, examined.error());
    report = std::move(*examined);
  }
  const ExitCode code = report ? verdict(*report) : ExitCode::done;
  if (session.invocation.json) {
    const std::string json = verdict_json(verb.file, *config, safety, cost);
    environment.out << (report ? verdict_json_with(json, report_json(*report)) : json) << '\n';
    return code;
  }
  environment.out << fmt::format("{} is valid: cluster {} with {}, {} and {}.\n", verb.file,
                                 config->name, counted(config->nodes.size(), "node"),
                                 counted(config->groups.size(), "group"),
                                 counted(config->monitors.size(), "monitor"));
  for (const auto& sentence : safety) environment.out << sentence << '\n';
  for (const auto& sentence : cost) environment.out << sentence << '\n';
  if (report) environment.out << '\n' << render_report(*report, environment.style);
  return code;
}

ExitCode perform(const Session& session, const Simulate& verb) {
  auto config = load_configuration(session, verb.file);
  if (!config) return config.error();
  auto& environment = session.environment;
  return environment.simulate({.config = std::make_shared<ClusterConfig>(std::move(*config)),
                               .first_seed = verb.first_seed,
                               .seeds = verb.seeds,
                               .json = session.invocation.json},
                              environment.out);
}

ExitCode perform(const Session& session, const DescribeType& verb) {
  const auto& catalog = session.environment.catalog;
  auto& out = session.environment.out;
  if (verb.type.empty()) {
    out << describe_types(catalog, session.environment.style);
    return ExitCode::done;
  }
  if (const std::string page = help_for(catalog, verb.type); !page.empty()) {
    out << page;
    return ExitCode::done;
  }
  return complain(
      session, Error{Code::not_found,
                     fmt::format("there is no type '{}'; 'mainstay help' lists them", verb.type)});
}

ExitCode perform(const Session& session, const GenerateKey&) {
  session.environment.out << session.environment.generate_key();
  return ExitCode::done;
}

}  // namespace mainstay::cli
