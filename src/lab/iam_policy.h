// IAM's policies: JSON documents, and what they say about a call. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mainstay::lab {

struct PolicyCondition {
  std::string test;  // "StringLike", "ForAllValues:StringEquals", …
  std::string key;   // in lower case
  std::vector<std::string> values;
  friend bool operator==(const PolicyCondition&, const PolicyCondition&) = default;
};

struct PolicyStatement {
  bool allows = false;
  std::vector<std::string> actions = {};
  std::vector<std::string> resources = {};
  bool all_actions_but = false;    // NotAction
  bool all_resources_but = false;  // NotResource
  std::vector<PolicyCondition> conditions = {};
  friend bool operator==(const PolicyStatement&, const PolicyStatement&) = default;
};

struct Policy {
  std::string name;
  std::vector<PolicyStatement> statements = {};
  friend bool operator==(const Policy&, const Policy&) = default;
};

inline constexpr std::size_t policy_size_max = 10'240;

// Strict: an element, an operator or an effect that the lab does not know is an error.
Result<Policy> parse_policy(const std::string& name, std::string_view json);
Policy policy_allowing_everything();

using ConditionValues = std::map<std::string, std::vector<std::string>>;  // keys in lower case

struct AccessResource {
  std::string arn = "*";
  ConditionValues conditions = {};  // what is known of this resource, for example its tags
};

struct AccessRequest {
  std::string action;                          // "ec2:ReplaceRoute"
  std::vector<AccessResource> resources = {};  // all of them must be allowed; at least one
  ConditionValues conditions = {};
};

enum class Verdict { allowed, implicit_deny, explicit_deny };
std::string_view to_text(Verdict verdict);

struct AccessDecision {
  Verdict verdict = Verdict::allowed;
  std::string resource = {};  // the first that is not allowed
  std::string policy = {};    // which denies it
};
AccessDecision decide_access(const std::vector<Policy>& policies, const AccessRequest& request);

}  // namespace mainstay::lab
