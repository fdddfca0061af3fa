// A survey of a small VPC that tests change as they like.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ports/aws_survey.h"

namespace mainstay::testing {

class FakeSurvey : public AwsSurvey {
 public:
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
  Status may_replace;
  Status created;
  std::vector<std::string> calls;

  Task<Result<AwsReach>> reach(std::string, Call) override { co_return reached; }
  Task<Result<std::vector<AwsSubnet>>> subnets(std::string, Call) override {
    calls.emplace_back("subnets");
    co_return all_subnets;
  }
  Task<Result<AwsPlacedInterface>> placed_interface(std::string eni, Call) override {
    calls.emplace_back("placed_interface");
    const auto found = interfaces.find(eni);
    if (found != interfaces.end()) co_return found->second;
    co_return failure(Code::not_found, "The networkInterface ID '" + eni + "' does not exist");
  }
  Task<Result<AwsPlacedInterface>> interface_with_address(std::string, std::string address,
                                                          Call) override {
    for (const auto& [id, each] : interfaces) {
      if (each.interface.private_ip == address) co_return each;
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
