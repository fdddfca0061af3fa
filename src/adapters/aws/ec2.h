// EC2 by its Query API, and beside it Route 53 and the metadata service: the real Aws.
#pragma once

#include <memory>

#include "adapters/aws/client.h"
#include "adapters/aws/metadata.h"
#include "adapters/aws/route53.h"
#include "ports/aws.h"

namespace mainstay::aws {

class Ec2 final : public Aws {
 public:
  // All outlive this.
  Ec2(Client& client, Client& route53, Metadata& metadata)
      : client_(client), route53_(route53), metadata_(metadata) {}

  Task<Result<AwsIdentity>> identity(Call call) override;
  Task<Result<std::vector<std::string>>> vpc_cidrs(std::string vpc, Call call) override;
  Task<Result<std::vector<AwsRouteTable>>> route_tables(std::string vpc, Call call) override;
  Task<Result<AwsInterface>> network_interface(std::string eni, Call call) override;
  Task<Status> replace_route(std::string table, std::string destination, std::string eni,
                             Call call) override;
  Task<Result<AwsAddress>> address(std::string allocation, Call call) override;
  Task<Status> associate_address(std::string allocation, std::string eni, std::string private_ip,
                                 Call call) override;
  Task<Status> disassociate_address(std::string association, Call call) override;
  Task<Status> assign_private_ip(std::string eni, std::string address, Call call) override;
  Task<Result<AwsZone>> zone(std::string name, Call call) override;
  Task<Result<AwsHostedZone>> hosted_zone(std::string id, Call call) override;
  Task<Result<std::optional<AwsRecord>>> record(std::string zone, std::string name, RecordType type,
                                                Call call) override;
  Task<Result<std::string>> change_record(RecordChange change, AwsRecord record,
                                          Call call) override;
  Task<Result<bool>> change_in_sync(std::string change, Call call) override;
  Task<Result<std::vector<AwsNotice>>> notices(Call call) override;
  Task<Result<AwsInstance>> instance(std::string id, Call call) override;
  Task<Result<AwsInstance>> instance_with_address(std::string vpc, std::string address,
                                                  Call call) override;
  Task<Status> stop_instance(std::string instance, Call call) override;
  Task<Status> protect_instance(std::string instance, bool on, Call call) override;
  Task<Status> start_instance(std::string instance, Call call) override;
  Task<Status> may_change_instance(InstanceChange change, std::string instance, Call call) override;

 private:
  Client& client_;
  Route53 route53_;
  Metadata& metadata_;
};

}  // namespace mainstay::aws
