// The smallest IAM policy with which a configuration works: what its types and its arbitration ask
// of AWS, each on the resources that the configuration names.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/model.h"
#include "config/schema.h"

namespace mainstay {

// Where the policy is for; "*" where that is not known.
struct PolicyPlace {
  std::string region = "*";
  std::string account = "*";
};

// What an action may be done to.
struct PolicyScope {
  std::set<std::string> resources;  // ARNs, or "*"
  std::set<std::string> vpcs;       // condition ec2:Vpc, as ARNs; empty: none
  std::string keys_of;              // condition dynamodb:LeadingKeys; "": none
  friend auto operator<=>(const PolicyScope&, const PolicyScope&) = default;
};

struct PolicyStatement {
  std::vector<std::string> actions;
  PolicyScope scope;
  friend bool operator==(const PolicyStatement&, const PolicyStatement&) = default;
};

// What the policy is for: what the nodes cannot do without, what they ask for as they run, or also
// `mainstay doctor --fix` on them.
enum class PolicyUse { failover, nodes, nodes_and_doctor };

std::vector<PolicyStatement> iam_policy(const ClusterConfig& config, const Catalog& catalog,
                                        const PolicyPlace& place, PolicyUse use);

// Whether a resource of the configuration acts on AWS.
bool asks_aws_to_fail_over(const ClusterConfig& config, const Catalog& catalog);

// As it stands in a policy, on one line of JSON.
std::string statement_text(const PolicyStatement& statement);

}  // namespace mainstay
