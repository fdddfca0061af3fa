// What the declarations of the real types come to: the IAM policy and the calls of an example.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "catalog/catalog.h"
#include "config/api_budget.h"
#include "config/iam_policy.h"
#include "config/parse.h"

namespace mainstay {
namespace {

ClusterConfig example(const std::string& addition = "") {
  std::ifstream file("examples/figure-4-1.toml");
  std::stringstream text;
  text << file.rdbuf() << addition;
  auto config = parse_config(text.str(), catalog());
  REQUIRE(config.has_value());
  return *config;
}

const PolicyStatement* statement_of(const std::vector<PolicyStatement>& policy,
                                    const std::string& action) {
  const auto found = std::ranges::find_if(policy, [&](const PolicyStatement& statement) {
    return std::ranges::find(statement.actions, action) != statement.actions.end();
  });
  return found == policy.end() ? nullptr : &*found;
}

TEST_CASE("the example needs three descriptions, and may replace routes of its VPC only") {
  const auto policy =
      iam_policy(example(), catalog(), {"ap-northeast-1", "111122223333"}, PolicyUse::failover);
  REQUIRE(policy.size() == 2);
  CHECK(policy[0].actions == std::vector<std::string>{"ec2:DescribeNetworkInterfaces",
                                                      "ec2:DescribeRouteTables",
                                                      "ec2:DescribeVpcs"});
  CHECK(policy[0].scope.resources == std::set<std::string>{"*"});
  CHECK(policy[1].actions == std::vector<std::string>{"ec2:ReplaceRoute"});
  CHECK(policy[1].scope.resources ==
        std::set<std::string>{"arn:aws:ec2:ap-northeast-1:111122223333:route-table/*"});
  CHECK(policy[1].scope.vpcs ==
        std::set<std::string>{"arn:aws:ec2:ap-northeast-1:111122223333:vpc/vpc-0a1b2c3d4e5f60718"});
}

TEST_CASE("the daemon's doctor reads two things more, unless it is turned off") {
  ClusterConfig config = example();
  auto policy = iam_policy(config, catalog(), {}, PolicyUse::nodes);
  CHECK(statement_of(policy, "ec2:DescribeSubnets") != nullptr);
  CHECK(statement_of(policy, "ec2:DescribeSecurityGroups") != nullptr);
  CHECK(statement_of(policy, "ec2:ModifyNetworkInterfaceAttribute") == nullptr);
  config.aws.doctor = false;
  policy = iam_policy(config, catalog(), {}, PolicyUse::nodes);
  CHECK(policy == iam_policy(config, catalog(), {}, PolicyUse::failover));
}

TEST_CASE("a cluster that asks AWS for nothing at a failover has no doctor to pay for") {
  ClusterConfig config = example();
  config.groups.clear();
  config.arbitration.arbiter.kind = ArbiterKind::dynamodb;
  const auto policy = iam_policy(config, catalog(), {}, PolicyUse::nodes);
  CHECK(statement_of(policy, "ec2:DescribeSubnets") == nullptr);
  CHECK(api_budget(config, catalog()).empty());
}

TEST_CASE("who takes on a role needs the right to do so, and none of what the role may do") {
  const std::string role = "arn:aws:iam::111122223333:role/vip";
  ClusterConfig config = example();
  config.aws.doctor = false;
  config.aws.role_arn = role;
  auto policy = iam_policy(config, catalog(), {}, PolicyUse::nodes);
  REQUIRE(policy.size() == 1);
  CHECK(policy[0].actions == std::vector<std::string>{"sts:AssumeRole"});
  CHECK(policy[0].scope.resources == std::set<std::string>{role});
  // A resource's own role goes before that of all, and one node may do without.
  auto& params = config.groups[0].resources[0].params;
  params.begin()->second["role_arn"] = std::string("arn:aws:iam::111122223333:role/own");
  config.aws.role_arn.clear();
  policy = iam_policy(config, catalog(), {}, PolicyUse::nodes);
  CHECK(statement_of(policy, "ec2:ReplaceRoute") != nullptr);
  const auto* assume = statement_of(policy, "sts:AssumeRole");
  REQUIRE(assume != nullptr);
  CHECK(assume->scope.resources == std::set<std::string>{"arn:aws:iam::111122223333:role/own"});
}

TEST_CASE("the doctor's repairs need more, narrowed to the interfaces of the nodes") {
  const auto policy =
      iam_policy(example(), catalog(), {"cn-north-1", "1"}, PolicyUse::nodes_and_doctor);
  const auto* mend = statement_of(policy, "ec2:ModifyNetworkInterfaceAttribute");
  REQUIRE(mend != nullptr);
  CHECK(
      mend->scope.resources ==
      std::set<std::string>{"arn:aws-cn:ec2:cn-north-1:1:network-interface/eni-0a1b2c3d4e5f60711",
                            "arn:aws-cn:ec2:cn-north-1:1:network-interface/eni-0a1b2c3d4e5f60712"});
  CHECK(statement_of(policy, "ec2:CreateRoute") == statement_of(policy, "ec2:ReplaceRoute"));
  CHECK(statement_of(policy, "ec2:DescribeSecurityGroups") != nullptr);
}

TEST_CASE("an address without a VPC leaves the routes of none out") {
  const auto policy =
      iam_policy(example("[[resource]]\nname = \"more\"\ntype = \"awsvip\"\nip = \"10.1.0.21\"\n"),
                 catalog(), {}, PolicyUse::nodes_and_doctor);
  const auto* replace = statement_of(policy, "ec2:ReplaceRoute");
  REQUIRE(replace != nullptr);
  CHECK(replace->scope.vpcs.empty());
  CHECK(replace->scope.resources == std::set<std::string>{"arn:aws:ec2:*:*:route-table/*"});
  const auto* mend = statement_of(policy, "ec2:ModifyNetworkInterfaceAttribute");
  REQUIRE(mend != nullptr);
  CHECK(mend->scope.resources.contains("arn:aws:ec2:*:*:network-interface/*"));
}

TEST_CASE("a forced stop and a DynamoDB arbiter bring their own statements") {
  ClusterConfig config = example();
  config.arbitration.forced_stop.kind = ForcedStopKind::ec2;
  config.arbitration.arbiter.kind = ArbiterKind::dynamodb;
  config.arbitration.arbiter.dynamodb.region = "eu-west-1";
  auto policy = iam_policy(config, catalog(), {"ap-northeast-1", "1"}, PolicyUse::nodes);
  const auto* table = statement_of(policy, "dynamodb:PutItem");
  REQUIRE(table != nullptr);
  CHECK(table->scope.resources ==
        std::set<std::string>{"arn:aws:dynamodb:eu-west-1:1:table/mainstay"});
  CHECK(table->scope.keys_of == "cluster1");
  const auto* stop = statement_of(policy, "ec2:StopInstances");
  REQUIRE(stop != nullptr);
  CHECK(stop->scope.resources == std::set<std::string>{"arn:aws:ec2:ap-northeast-1:1:instance/*"});
  CHECK(statement_of(policy, "ec2:StartInstances") == nullptr);
  CHECK(statement_of(policy, "ec2:ModifyInstanceAttribute") == nullptr);
  config.nodes[0].instance = "i-0a1b2c3d4e5f60701";
  config.nodes[1].instance = "i-0a1b2c3d4e5f60702";
  policy = iam_policy(config, catalog(), {"ap-northeast-1", "1"}, PolicyUse::nodes);
  CHECK(statement_of(policy, "ec2:StopInstances")->scope.resources.size() == 2);
  config.arbitration.arbiter.kind = ArbiterKind::none;
  policy = iam_policy(config, catalog(), {"ap-northeast-1", "1"}, PolicyUse::nodes);
  const auto* protect = statement_of(policy, "ec2:ModifyInstanceAttribute");
  REQUIRE(protect != nullptr);
  CHECK(protect->scope.resources.size() == 2);
}

TEST_CASE("no action of a type is granted on everything but descriptions") {
  ClusterConfig config = example();
  config.arbitration.forced_stop.kind = ForcedStopKind::ec2;
  for (const auto& statement : iam_policy(config, catalog(), {}, PolicyUse::nodes_and_doctor)) {
    if (!statement.scope.resources.contains("*")) continue;
    for (const auto& action : statement.actions) {
      CAPTURE(action);
      CHECK(action.find(":Describe") != std::string::npos);
    }
  }
}

TEST_CASE("the budget of the example: one description a minute, five calls at a failover") {
  ClusterConfig config = example();
  config.aws.doctor = false;
  const ApiBudget budget = api_budget(config, catalog());
  CHECK(budget.at("ec2:DescribeRouteTables") == ApiLoad{1, 2});
  CHECK(budget.at("ec2:ReplaceRoute") == ApiLoad{0, 1});
  int at_failover = 0;
  for (const auto& [action, load] : budget) at_failover += load.at_failover;
  CHECK(at_failover == 5);
}

TEST_CASE("the doctors of both nodes ask a few times an hour") {
  ClusterConfig config = example();
  config.aws.doctor_interval = 10min;
  const ApiBudget budget = api_budget(config, catalog());
  CHECK(budget.at("ec2:DescribeRouteTables").per_minute == doctest::Approx(1.2));
  CHECK(budget.at("ec2:ReplaceRoute").per_minute == doctest::Approx(0.2));
  CHECK(budget.at("ec2:DescribeSecurityGroups").per_minute == doctest::Approx(0.2));
  const auto paths = static_cast<double>(config.paths.size());
  CHECK(budget.at("ec2:DescribeNetworkInterfaces").per_minute ==
        doctest::Approx(0.2 + 0.4 * paths));
}

ClusterConfig figure(const std::string& number) {
  std::ifstream file("examples/figure-" + number + ".toml");
  std::stringstream text;
  text << file.rdbuf();
  auto config = parse_config(text.str(), catalog());
  REQUIRE(config.has_value());
  config->aws.doctor = false;
  return *config;
}

TEST_CASE("the budgets of an Elastic IP and of a DNS name") {
  const ApiBudget eip = api_budget(figure("5-1"), catalog());
  CHECK(eip.at("ec2:DescribeAddresses") == ApiLoad{1, 1});
  CHECK(eip.at("ec2:AssociateAddress") == ApiLoad{0, 1});
  const ApiBudget dns = api_budget(figure("6-1"), catalog());
  CHECK(dns.at("route53:ListResourceRecordSets") == ApiLoad{1, 0});
  CHECK(dns.at("route53:ChangeResourceRecordSets") == ApiLoad{0, 1});
  // Each of the two nodes looks at its zone.
  CHECK(dns.at("ec2:DescribeAvailabilityZones") == ApiLoad{2, 0});
}

TEST_CASE("checks of a forced stop count for each pair of nodes") {
  ClusterConfig config = example();
  config.arbitration.forced_stop.kind = ForcedStopKind::ec2;
  config.arbitration.forced_stop.check_interval = 30s;
  config.aws.doctor = false;
  const ApiBudget budget = api_budget(config, catalog());
  CHECK(budget.at("ec2:StopInstances") == ApiLoad{4, 1});
  CHECK(budget.at("ec2:ModifyInstanceAttribute") == ApiLoad{0, 2});
  // The doctor tries the same, and the node's own protection.
  config.aws.doctor = true;
  config.aws.doctor_interval = 2min;
  const ApiBudget examined = api_budget(config, catalog());
  CHECK(examined.at("ec2:StopInstances") == ApiLoad{5, 1});
  CHECK(examined.at("ec2:ModifyInstanceAttribute") == ApiLoad{1, 2});
}

TEST_CASE("whoever declares an action declares how often, and the other way round") {
  for (const auto* types : {&catalog().resources, &catalog().monitors}) {
    for (const TypeSchema& type : *types) {
      CAPTURE(type.type);
      for (const ApiUse& use : type.api_uses) {
        CAPTURE(use.action);
        const bool only_examined = use.per_activation + use.per_check == 0;
        const bool permitted =
            std::ranges::find(type.iam_actions, use.action) != type.iam_actions.end();
        CHECK((permitted || only_examined));
        CHECK(use.per_activation + use.per_check + use.per_examination > 0);
      }
      for (const std::string& action : type.iam_actions) {
        CAPTURE(action);
        CHECK(std::ranges::find(type.api_uses, action, &ApiUse::action) != type.api_uses.end());
      }
    }
  }
}

}  // namespace
}  // namespace mainstay
