// A survey of a small VPC that tests change as they like.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ports/aws_survey.h"

namespace mainstay::testing {

class FakeSurvey : public AwsSurvey {
 public:
  // Of Route 53, where it differs from EC2's.
  std::optional<Result<AwsReach>> reached_route53;
  Result<AwsReach> reached = AwsReach{.url = "https://ec2.eu-west-1.amazonaws.com",
                                      .region = "eu-west-1",
                                      .address = "52.1.2.3",
                                      .proxy = "",
                                      .skew = {},
                                      .round_trip = 20ms};
  Result<std::vector<AwsSubnet>> all_subnets;
  std::map<std::string, AwsPlacedInterface> interfaces;
  std::map<std::string, AwsNamedInstance> instances;
  Result<std::vector<AwsSecurityGroup>> groups;
  std::optional<Error> refused;  // the answer about every single interface
  Status may_replace;
  Status may_associate;
  Status may_disassociate;
  Status may_assign;
  Status created;
  std::vector<std::string> calls;

  Task<Result<AwsReach>> reach(std::string service, Call) override {
    calls.push_back("reach " + service);
    co_return service == "route53" && reached_route53 ? *reached_route53 : reached;
  }
  Task<Result<std::vector<AwsSubnet>>> subnets(std::string, Call) override {
    calls.emplace_back("subnets");
    co_return all_subnets;
  }
  Task<Result<AwsPlacedInterface>> placed_interface(std::string eni, Call) override {
    calls.emplace_back("placed_interface");
    if (refused) co_return std::unexpected(*refused);
    const auto found = interfaces.find(eni);
    if (found != interfaces.end()) co_return found->second;
    co_return failure(Code::not_found, "The networkInterface ID '" + eni + "' does not exist");
  }
  Task<Result<AwsPlacedInterface>> interface_with_address(std::string, std::string address,
                                                          Call) override {
    for (const auto& [id, each] : interfaces) {
      const auto& others = each.interface.secondary_ips;
      const bool secondary = std::ranges::find(others, address) != others.end();
      if (secondary || each.interface.private_ip == address) co_return each;
    }
    co_return failure(Code::not_found, "nobody has " + address);
  }
  Task<Result<std::vector<AwsSecurityGroup>>> security_groups(std::vector<std::string>,
                                                              Call) override {
    co_return groups;
  }
  Task<Result<AwsNamedInstance>> named_instance(std::string id, Call) override {
    const auto found = instances.find(id);
    if (found != instances.end()) co_return found->second;
    co_return failure(Code::not_found, "The instance ID '" + id + "' does not exist");
  }
  Task<Status> may_replace_route(std::string table, std::string, std::string, Call) override {
    calls.push_back("may_replace_route " + table);
    co_return may_replace;
  }
  Task<Status> may_associate_address(std::string allocation, std::string eni, Call) override {
    calls.push_back("may_associate_address " + allocation + " " + eni);
    co_return may_associate;
  }
  Task<Status> may_disassociate_address(std::string association, Call) override {
    calls.push_back("may_disassociate_address " + association);
    co_return may_disassociate;
  }
  Task<Status> may_assign_private_ip(std::string eni, Call) override {
    calls.push_back("may_assign_private_ip " + eni);
    co_return may_assign;
  }
  Task<Status> create_route(std::string table, std::string destination, std::string eni,
                            Call) override {
    calls.push_back("create_route " + table + " " + destination + " " + eni);
    co_return created;
  }
  Task<Status> disable_source_dest_check(std::string eni, Call) override {
    calls.push_back("disable_source_dest_check " + eni);
    co_return Status{};
  }
};

}  // namespace mainstay::testing
