// The survey by EC2's Query API.
#pragma once

#include <string>
#include <vector>

#include "adapters/aws/client.h"
#include "ports/aws_survey.h"

namespace mainstay::aws {

class Ec2Survey final : public AwsSurvey {
 public:
  struct Parts {
    Clock& clock;
    Client& client;
    HttpSend http;
    EndpointSource endpoint;
  };
  // All outlive this.
  explicit Ec2Survey(Parts parts) : parts_(std::move(parts)) {}

  Task<Result<AwsReach>> reach(std::string service, Call call) override;
  Task<Result<std::vector<AwsSubnet>>> subnets(std::string vpc, Call call) override;
  Task<Result<AwsPlacedInterface>> placed_interface(std::string eni, Call call) override;
  Task<Result<AwsPlacedInterface>> interface_with_address(std::string vpc, std::string address,
                                                          Call call) override;
  Task<Result<std::vector<AwsSecurityGroup>>> security_groups(std::vector<std::string> ids,
                                                              Call call) override;
  Task<Result<AwsNamedInstance>> named_instance(std::string id, Call call) override;
  Task<Status> may_replace_route(std::string table, std::string destination, std::string eni,
                                 Call call) override;
  Task<Status> may_associate_address(std::string allocation, std::string eni, Call call) override;
  Task<Status> may_disassociate_address(std::string association, Call call) override;
  Task<Status> may_assign_private_ip(std::string eni, Call call) override;
  Task<Status> create_route(std::string table, std::string destination, std::string eni,
                            Call call) override;
  Task<Status> disable_source_dest_check(std::string eni, Call call) override;

 private:
  Task<Status> try_out(Question trial, Call call);
  Task<Status> change(Question question, std::string what, Call call);

  Parts parts_;
};

// From EC2's answers; corrupt for what is none.
Result<std::vector<AwsSubnet>> parse_subnets(std::string_view xml);
Result<std::vector<AwsPlacedInterface>> parse_placed_interfaces(std::string_view xml);
Result<std::vector<AwsSecurityGroup>> parse_security_groups(std::string_view xml);
Result<std::vector<AwsNamedInstance>> parse_named_instances(std::string_view xml);
// What IAM simulated of one action. denied: it is not permitted.
Status parse_simulation(std::string_view xml, const std::string& action);

}  // namespace mainstay::aws
