#include "cli/advice.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include <fmt/format.h>

#include "cli/configuration.h"

namespace mainstay::cli {
namespace {

using Json = nlohmann::ordered_json;

Json one_or_list(const auto& texts) {
  if (texts.size() == 1) return *texts.begin();
  return texts;
}

Json json_of(const PolicyStatement& statement) {
  Json json = {{"Effect", "Allow"},
               {"Action", one_or_list(statement.actions)},
               {"Resource", one_or_list(statement.scope.resources)}};
  if (!statement.scope.vpcs.empty()) {
    json["Condition"]["ArnLike"]["ec2:Vpc"] = one_or_list(statement.scope.vpcs);
  }
  if (!statement.scope.keys_of.empty()) {
    json["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"] =
        Json::array({statement.scope.keys_of});
  }
  return json;
}

}  // namespace

std::string policy_document(const std::vector<PolicyStatement>& statements, JsonForm form) {
  Json list = Json::array();
  for (const auto& statement : statements) list.push_back(json_of(statement));
  const Json document = {{"Version", "2012-10-17"}, {"Statement", std::move(list)}};
  return document.dump(form == JsonForm::lines ? 2 : -1, ' ', false,
                       Json::error_handler_t::replace);
}

std::string render_budget(const ApiBudget& budget, const Style& style) {
  if (budget.empty()) return "This configuration asks AWS nothing.\n";
  Table table({"ACTION", "A MINUTE AT REST", "AT A FAILOVER"});
  double per_minute = 0;
  int at_failover = 0;
  for (const auto& [action, load] : budget) {
    table.add({action, fmt::format("{:.1f}", load.per_minute), std::to_string(load.at_failover)});
    per_minute += load.per_minute;
    at_failover += load.at_failover;
  }
  table.add({"all", fmt::format("{:.1f}", per_minute), std::to_string(at_failover)});
  return table.text(style) +
         "\nAt rest: all nodes together. At a failover: all groups at once, without retries; of "
         "ec2:ReplaceRoute one for each route table that holds the address.\n";
}

std::string budget_json(const ApiBudget& budget) {
  Json actions = Json::object();
  for (const auto& [action, load] : budget) {
    actions[action] = {{"per_minute", load.per_minute}, {"at_failover", load.at_failover}};
  }
  return Json({{"actions", std::move(actions)}}).dump();
}

ExitCode perform(const Session& session, const PrintPolicy& verb) {
  const auto config = load_configuration(session, verb.file);
  if (!config) return config.error();
  const auto statements =
      iam_policy(*config, session.environment.catalog, {verb.region, verb.account},
                 verb.doctor ? PolicyUse::nodes_and_doctor : PolicyUse::nodes);
  session.environment.out << policy_document(statements, session.invocation.json ? JsonForm::line
                                                                                 : JsonForm::lines)
                          << '\n';
  return ExitCode::done;
}

ExitCode perform(const Session& session, const ShowBudget& verb) {
  const auto config = load_configuration(session, verb.file);
  if (!config) return config.error();
  const ApiBudget budget = api_budget(*config, session.environment.catalog);
  auto& environment = session.environment;
  if (session.invocation.json) {
    environment.out << budget_json(budget) << '\n';
  } else {
    environment.out << render_budget(budget, environment.style);
  }
  return ExitCode::done;
}

}  // namespace mainstay::cli
