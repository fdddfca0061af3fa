// Reading policy documents, and weighing their statements: a denial wins over a permission, and
// what nothing allows is denied.
#include "lab/iam_policy.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lab/query.h"

namespace mainstay::lab {
namespace {

using nlohmann::json;

// Thrown only inside this file: parse_policy turns it into a Result.
struct Wrong {
  std::string message;
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// A text, or a list of texts.
std::vector<std::string> texts_of(const json& value, const std::string& what) {
  const json list = value.is_array() ? value : json::array({value});
  std::vector<std::string> out;
  for (const json& one : list) {
    if (one.is_boolean()) {
      out.emplace_back(one.get<bool>() ? "true" : "false");
    } else if (one.is_string()) {
      out.push_back(one.get<std::string>());
    } else {
      throw Wrong{what + " is a text or a list of texts"};
    }
  }
  return out;
}

std::string_view test_without_set(std::string_view test) {
  for (const std::string_view prefix : {"ForAllValues:", "ForAnyValue:"}) {
    if (test.starts_with(prefix)) return test.substr(prefix.size());
  }
  return test;
}

bool test_known(std::string_view test) {
  const std::string_view plain = test_without_set(test);
  for (const std::string_view known :
       {"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringLike", "StringNotLike",
        "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Bool"}) {
    if (plain == known) return true;
  }
  return false;
}

std::vector<PolicyCondition> parse_conditions(const json& object) {
  std::vector<PolicyCondition> out;
  if (!object.is_object()) throw Wrong{"Condition is an object"};
  for (const auto& [test, keys] : object.items()) {
    if (!test_known(test)) throw Wrong{fmt::format("the lab knows no condition '{}'", test)};
    if (!keys.is_object()) throw Wrong{fmt::format("the condition {} is an object", test)};
    for (const auto& [key, values] : keys.items()) {
      out.push_back({test, lower(key), texts_of(values, key)});
    }
  }
  return out;
}

// Exactly one of the two elements must be there; the second is the negation.
std::vector<std::string> either(const json& object, const char* name, const char* negated,
                                bool& is_negated) {
  if (object.contains(name) == object.contains(negated)) {
    throw Wrong{fmt::format("a statement has either {} or {}", name, negated)};
  }
  is_negated = object.contains(negated);
  return texts_of(object.at(is_negated ? negated : name), is_negated ? negated : name);
}

PolicyStatement parse_statement(const json& object) {
  if (!object.is_object()) throw Wrong{"a statement is an object"};
  for (const auto& [key, value] : object.items()) {
    if (key != "Sid" && key != "Effect" && key != "Action" && key != "NotAction" &&
        key != "Resource" && key != "NotResource" && key != "Condition") {
      throw Wrong{fmt::format("a statement has the unknown element '{}'", key)};
    }
  }
  PolicyStatement statement;
  const std::string effect = object.value("Effect", "");
  if (effect != "Allow" && effect != "Deny") throw Wrong{"Effect is Allow or Deny"};
  statement.allows = effect == "Allow";
  statement.actions = either(object, "Action", "NotAction", statement.all_actions_but);
  for (const std::string& action : statement.actions) {
    if (action != "*" && action.find(':') == std::string::npos)
      throw Wrong{fmt::format("'{}' is no action such as ec2:ReplaceRoute", action)};
  }
  statement.resources = either(object, "Resource", "NotResource", statement.all_resources_but);
  for (const std::string& resource : statement.resources) {
    if (resource != "*" && !resource.starts_with("arn:"))
      throw Wrong{fmt::format("'{}' is no ARN and not '*'", resource)};
  }
  if (object.contains("Condition")) statement.conditions = parse_conditions(object["Condition"]);
  return statement;
}

Policy parse(const std::string& name, const json& object) {
  if (!object.is_object()) throw Wrong{"it is no JSON object"};
  for (const auto& [key, value] : object.items()) {
    if (key != "Version" && key != "Statement" && key != "Id")
      throw Wrong{fmt::format("it has the unknown element '{}'", key)};
  }
  if (object.value("Version", "2008-10-17") != "2012-10-17") {
    throw Wrong{"its Version is not 2012-10-17"};
  }
  Policy policy{.name = name};
  const json statements = object.value("Statement", json::array());
  for (const json& one : statements.is_array() ? statements : json::array({statements})) {
    policy.statements.push_back(parse_statement(one));
  }
  if (policy.statements.empty()) throw Wrong{"it has no Statement"};
  return policy;
}

bool any_match(const std::vector<std::string>& patterns, const std::string& text) {
  return std::ranges::any_of(
      patterns, [&](const std::string& pattern) { return wildcard_match(pattern, text); });
}

bool value_passes(std::string_view test, const std::vector<std::string>& wanted,
                  const std::string& value) {
  const auto equal = [&](const std::string& one) { return one == value; };
  const auto alike = [&](const std::string& one) { return lower(one) == lower(value); };
  if (test == "StringEquals") return std::ranges::any_of(wanted, equal);
  if (test == "StringNotEquals") return std::ranges::none_of(wanted, equal);
  if (test == "StringEqualsIgnoreCase" || test == "Bool") return std::ranges::any_of(wanted, alike);
  const bool negated = test.find("Not") != std::string_view::npos;
  return any_match(wanted, value) != negated;
}

bool condition_holds(const PolicyCondition& condition, const ConditionValues& known) {
  const auto found = known.find(condition.key);
  const std::string_view test = test_without_set(condition.test);
  const bool for_all = condition.test.starts_with("ForAllValues:");
  if (found == known.end() || found->second.empty()) {
    return for_all || test.find("Not") != std::string_view::npos;
  }
  const auto passes = [&](const std::string& value) {
    return value_passes(test, condition.values, value);
  };
  return for_all ? std::ranges::all_of(found->second, passes)
                 : std::ranges::any_of(found->second, passes);
}

bool concerns(const PolicyStatement& statement, const std::string& action,
              const AccessResource& resource, const ConditionValues& known) {
  const std::string name = lower(action);
  const bool action_named = std::ranges::any_of(
      statement.actions, [&](const std::string& one) { return wildcard_match(lower(one), name); });
  if (action_named == statement.all_actions_but) return false;
  if (any_match(statement.resources, resource.arn) == statement.all_resources_but) return false;
  return std::ranges::all_of(statement.conditions, [&](const PolicyCondition& condition) {
    return condition_holds(condition, known);
  });
}

}  // namespace

Result<Policy> parse_policy(const std::string& name, std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return failure(Code::invalid, fmt::format("policy {}: {}", name, why));
  };
  if (text.size() > policy_size_max)
    return wrong(fmt::format("it is longer than {} characters", policy_size_max));
  try {
    return parse(name, json::parse(text));
  } catch (const Wrong& why) {
    return wrong(why.message);
  } catch (const json::exception& problem) {
    return wrong(fmt::format("not JSON as it should be: {}", problem.what()));
  }
}

Policy policy_allowing_everything() {
  return {"AdministratorAccess", {{.allows = true, .actions = {"*"}, .resources = {"*"}}}};
}

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::allowed:
      return "allowed";
    case Verdict::implicit_deny:
      return "implicitDeny";
    case Verdict::explicit_deny:
      return "explicitDeny";
  }
  return "unknown";
}

AccessDecision decide_access(const std::vector<Policy>& policies, const AccessRequest& request) {
  for (const AccessResource& resource : request.resources) {
    ConditionValues known = request.conditions;
    known.insert(resource.conditions.begin(), resource.conditions.end());
    bool allowed = false;
    for (const Policy& policy : policies) {
      for (const PolicyStatement& statement : policy.statements) {
        if (!concerns(statement, request.action, resource, known)) continue;
        if (!statement.allows) return {Verdict::explicit_deny, resource.arn, policy.name};
        allowed = true;
      }
    }
    if (!allowed) return {Verdict::implicit_deny, resource.arn, ""};
  }
  return {};
}

}  // namespace mainstay::lab
