// EC2's addresses (Elastic and secondary private ones) and Availability Zones.
#include <fmt/format.h>

#include "adapters/aws/ec2.h"
#include "adapters/aws/ec2_question.h"
#include "adapters/aws/ec2_reply.h"

namespace mainstay::aws {
namespace {

Question describe_address(const std::string& allocation) {
  return ec2_question("DescribeAddresses", "Elastic IP address " + allocation, Effect::read,
                      {{"AllocationId.1", allocation}});
}

// Whether an address may be taken from somebody depends on the account's age unless it is said.
Question associate(const std::string& allocation, const std::string& eni,
                   const std::string& private_ip) {
  Parameters parameters = {
      {"AllocationId", allocation}, {"NetworkInterfaceId", eni}, {"AllowReassociation", "true"}};
  if (!private_ip.empty()) parameters.emplace_back("PrivateIpAddress", private_ip);
  return ec2_question("AssociateAddress", fmt::format("{} with {}", allocation, eni),
                      Effect::change, std::move(parameters));
}

Question disassociate(const std::string& association) {
  return ec2_question("DisassociateAddress", "association " + association, Effect::change,
                      {{"AssociationId", association}});
}

Question assign(const std::string& eni, const std::string& address) {
  return ec2_question("AssignPrivateIpAddresses", fmt::format("{} to {}", address, eni),
                      Effect::change,
                      {{"NetworkInterfaceId", eni},
                       {"PrivateIpAddress.1", address},
                       {"AllowReassignment", "true"}});
}

Question describe_zone(const std::string& name) {
  return ec2_question("DescribeAvailabilityZones", "Availability Zone " + name, Effect::read,
                      {{"ZoneName.1", name}});
}

}  // namespace

Task<Result<AwsAddress>> Ec2::address(std::string allocation, Call call) {
  const auto answer = co_await client_.ask(describe_address(allocation), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  auto addresses = parse_addresses(*answer);
  if (!addresses) co_return std::unexpected(addresses.error());
  for (auto& found : *addresses) {
    if (found.allocation == allocation) co_return std::move(found);
  }
  co_return failure(Code::unavailable, fmt::format("EC2's answer does not mention {}", allocation));
}

Task<Status> Ec2::associate_address(std::string allocation, std::string eni, std::string private_ip,
                                    Call call) {
  Question change = associate(allocation, eni, private_ip);
  const auto answer = co_await client_.ask(std::move(change), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return accepted(parse_return(*answer), "EC2 AssociateAddress of " + allocation);
}

Task<Status> Ec2::disassociate_address(std::string association, Call call) {
  const auto answer = co_await client_.ask(disassociate(association), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return accepted(parse_return(*answer), "EC2 DisassociateAddress of " + association);
}

Task<Status> Ec2::assign_private_ip(std::string eni, std::string address, Call call) {
  Question change = assign(eni, address);
  const auto answer = co_await client_.ask(std::move(change), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return accepted(parse_assigned(*answer, eni), "EC2 AssignPrivateIpAddresses to " + eni);
}

Task<Result<AwsZone>> Ec2::zone(std::string name, Call call) {
  const auto answer = co_await client_.ask(describe_zone(name), call);
  const std::string invalid = fmt::format("Invalid availability zone: [{}]", name);
  if (!answer) {
    Error error = answer.error().error;
    // EC2 has no code of its own for a zone that does not exist.
    const bool strange = answer.error().fault.code == "InvalidParameterValue";
    if (strange) error = {Code::not_found, invalid};
    co_return std::unexpected(std::move(error));
  }
  auto zones = parse_zones(*answer);
  if (!zones) co_return std::unexpected(zones.error());
  for (auto& found : *zones) {
    if (found.name == name) co_return std::move(found);
  }
  co_return failure(Code::not_found, invalid);
}

}  // namespace mainstay::aws
