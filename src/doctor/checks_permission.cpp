// Whether the role may do what a failover will do.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "config/iam_policy.h"
#include "doctor/checks.h"

namespace mainstay::doctor {
namespace {

// Whoever is asked to take on a role needs what the daemon would need without.
ClusterConfig without_roles(ClusterConfig config) {
  config.aws.role_arn.clear();
  for (GroupConfig& group : config.groups) {
    for (ResourceConfig& resource : group.resources) {
      for (auto& [node, params] : resource.params) params.erase("role_arn");
    }
  }
  return config;
}

// The statement that grants an action, as it stands in the policy for this configuration.
std::string statement_for(const Case& given, const std::string& action) {
  PolicyPlace place;
  if (given.facts.identity) place.region = given.facts.identity->region;
  for (const auto& statement :
       iam_policy(without_roles(given.config), given.catalog, place, PolicyUse::failover)) {
    if (std::ranges::find(statement.actions, action) == statement.actions.end()) continue;
    return statement_text({{action}, statement.scope});
  }
  return {};
}

Finding missing_permission(const std::string& action, const Error& error,
                           const std::string& statement) {
  // What is denied outright cannot be permitted by another statement.
  const bool forbidden = error.message.find("denies it explicitly") != std::string::npos;
  return {.check = {},
          .grade = Grade::error,
          .fact = fmt::format("{} is not permitted: {}", action, error.message),
          .why = "The failover that needs it would end here.",
          .remedy = forbidden           ? "Remove the statement that denies it."
                    : statement.empty() ? "mainstay iam-policy prints what the role needs."
                                        : "Add to the policy of the role: " + statement,
          .repair = {}};
}

// The descriptions were asked for in earnest; what was denied is known from them.
std::vector<std::pair<std::string, const Error*>> denied_descriptions(const Facts& facts) {
  std::vector<std::pair<std::string, const Error*>> denied;
  const auto note = [&](const char* action, const auto& result) {
    if (!result && result.error().code == Code::denied)
      denied.emplace_back(action, &result.error());
  };
  for (const auto& [id, vpc] : facts.vpcs) {
    note("ec2:DescribeVpcs", vpc.cidrs);
    note("ec2:DescribeRouteTables", vpc.tables);
  }
  for (const auto& [eni, interface] : facts.interfaces) {
    note("ec2:DescribeNetworkInterfaces", interface);
  }
  for (const auto& [id, address] : facts.addresses) note("ec2:DescribeAddresses", address);
  for (const auto& [id, zone] : facts.zones) note("route53:GetHostedZone", zone);
  for (const auto& [name, record] : facts.records) {
    note("route53:ListResourceRecordSets", record);
  }
  return denied;
}

// What was tried out, by the id of what it was tried on.
struct Trials {
  // Whether policies may be simulated is a matter of taste: that they may not is no finding.
  enum class Kind { dry_run, simulation };
  const char* action;
  const char* place;  // between the action and the id
  const std::map<std::string, Status>& outcomes;
  Kind kind = Kind::dry_run;
};

Findings trial_findings(const Case& given, const Trials& trials) {
  Findings findings;
  for (const auto& [id, allowed] : trials.outcomes) {
    const std::string change = fmt::format("{} {} {}", trials.action, trials.place, id);
    if (allowed) {
      findings.push_back(good(change + " is permitted"));
    } else if (allowed.error().code == Code::denied) {
      findings.push_back(
          missing_permission(trials.action, allowed.error(), statement_for(given, trials.action)));
    } else if (trials.kind == Trials::Kind::dry_run || allowed.error().code != Code::unavailable) {
      findings.push_back(unasked(change, allowed.error()));
    }
  }
  return findings;
}

}  // namespace

Findings check_permissions(const Case& given) {
  const Facts& facts = given.facts;
  Findings findings;
  std::set<std::string> told;
  for (const auto& [action, error] : denied_descriptions(facts)) {
    // What only the doctor wants to know will not be missed.
    const std::string statement = statement_for(given, action);
    if (statement.empty() || !told.insert(action).second) continue;
    findings.push_back(missing_permission(action, *error, statement));
  }
  for (const Trials& trials : {
           Trials{"ec2:ReplaceRoute", "in", facts.may_replace},
           Trials{"ec2:AssociateAddress", "of", facts.may_associate},
           Trials{"ec2:DisassociateAddress", "of", facts.may_disassociate},
           Trials{"route53:ChangeResourceRecordSets", "in", facts.may_change},
           Trials{"ec2:AssignPrivateIpAddresses", "to", facts.may_assign, Trials::Kind::simulation},
           Trials{"ec2:StopInstances", "of", facts.may_stop},
           Trials{"ec2:StartInstances", "of", facts.may_start},
           Trials{"ec2:ModifyInstanceAttribute", "of", facts.may_protect},
       }) {
    std::ranges::move(trial_findings(given, trials), std::back_inserter(findings));
  }
  return findings;
}

}  // namespace mainstay::doctor
