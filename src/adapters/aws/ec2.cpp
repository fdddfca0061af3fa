#include "adapters/aws/ec2.h"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/aws/ec2_question.h"
#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/notices.h"

namespace mainstay::aws {
namespace {

// A VPC has 200 route tables by default; a page holds up to 100.
constexpr int pages_max = 50;

Question describe_vpc(const std::string& vpc) {
  return ec2_question("DescribeVpcs", "VPC " + vpc, Effect::read, {{"VpcId.1", vpc}});
}

Question describe_route_tables(const std::string& vpc, const std::string& next) {
  Parameters parameters = {{"Filter.1.Name", "vpc-id"}, {"Filter.1.Value.1", vpc}};
  if (!next.empty()) parameters.emplace_back("NextToken", next);
  return ec2_question("DescribeRouteTables", "VPC " + vpc, Effect::read, std::move(parameters));
}

Question describe_interface(const std::string& eni) {
  return ec2_question("DescribeNetworkInterfaces", "network interface " + eni, Effect::read,
                      {{"NetworkInterfaceId.1", eni}});
}

// Three strings side by side, because g++ 12 destroys a brace-initialised aggregate twice when it
// is a temporary of a co_await expression.
Question replace(const std::string& table, const std::string& destination, const std::string& eni) {
  const bool ipv6 = destination.find(':') != std::string::npos;
  return ec2_question("ReplaceRoute", fmt::format("{} in route table {}", destination, table),
                      Effect::change,
                      {{"RouteTableId", table},
                       {ipv6 ? "DestinationIpv6CidrBlock" : "DestinationCidrBlock", destination},
                       {"NetworkInterfaceId", eni}});
}

Question describe_instance(const std::string& instance) {
  return ec2_question("DescribeInstances", "instance " + instance, Effect::read,
                      {{"InstanceId.1", instance}});
}

Question describe_instance_with(const std::string& vpc, const std::string& address) {
  const bool ipv6 = address.find(':') != std::string::npos;
  return ec2_question("DescribeInstances", "the instance with address " + address, Effect::read,
                      {{"Filter.1.Name", "vpc-id"},
                       {"Filter.1.Value.1", vpc},
                       {"Filter.2.Name", ipv6 ? "network-interface.ipv6-addresses.ipv6-address"
                                              : "network-interface.addresses.private-ip-address"},
                       {"Filter.2.Value.1", address}});
}

enum class GuestShutdown { forced, skipped };

Question stop(const std::string& instance, GuestShutdown shutdown) {
  Parameters parameters = {{"InstanceId.1", instance}, {"Force", "true"}};
  if (shutdown == GuestShutdown::skipped) parameters.emplace_back("SkipOsShutdown", "true");
  return ec2_question("StopInstances", "instance " + instance, Effect::change,
                      std::move(parameters));
}

Question start(const std::string& instance) {
  return ec2_question("StartInstances", "instance " + instance, Effect::change,
                      {{"InstanceId.1", instance}});
}

Question protect(const std::string& instance, bool on) {
  return ec2_question("ModifyInstanceAttribute", "instance " + instance, Effect::change,
                      {{"InstanceId", instance}, {"DisableApiStop.Value", on ? "true" : "false"}});
}

// Asks for the permission only. It changes nothing, so a lost answer leaves nothing in doubt.
Question dry_run(InstanceChange change, const std::string& instance) {
  if (change == InstanceChange::protect) {
    return ec2_question(
        "ModifyInstanceAttribute", "instance " + instance, Effect::read,
        {{"InstanceId", instance}, {"DisableApiStop.Value", "true"}, {"DryRun", "true"}});
  }
  const bool stops = change == InstanceChange::stop;
  return ec2_question(stops ? "StopInstances" : "StartInstances", "instance " + instance,
                      Effect::read, {{"InstanceId.1", instance}, {"DryRun", "true"}});
}

// EC2 says InvalidParameterValue both for a route that is not there and for a wrong parameter; only
// its sentence tells them apart.
bool says_no_such_route(const Fault& fault) {
  return fault.code == "InvalidRoute.NotFound" ||
         (fault.code == "InvalidParameterValue" &&
          fault.message.find("no route defined") != std::string::npos);
}

}  // namespace

Task<Result<AwsIdentity>> Ec2::identity(Call call) { return metadata_.identity(std::move(call)); }

Task<Result<AwsHostedZone>> Ec2::hosted_zone(std::string id, Call call) {
  return route53_.hosted_zone(std::move(id), std::move(call));
}

Task<Result<std::optional<AwsRecord>>> Ec2::record(std::string zone, std::string name,
                                                   RecordType type, Call call) {
  return route53_.record(std::move(zone), std::move(name), type, std::move(call));
}

Task<Result<std::string>> Ec2::change_record(RecordChange change, AwsRecord record, Call call) {
  return route53_.change_record(change, std::move(record), std::move(call));
}

Task<Result<bool>> Ec2::change_in_sync(std::string change, Call call) {
  return route53_.change_in_sync(std::move(change), std::move(call));
}

Task<Result<std::vector<AwsNotice>>> Ec2::notices(Call call) {
  return read_notices(metadata_, std::move(call));
}

Task<Result<std::vector<std::string>>> Ec2::vpc_cidrs(std::string vpc, Call call) {
  const auto answer = co_await client_.ask(describe_vpc(vpc), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  auto cidrs = parse_vpc_cidrs(*answer);
  if (cidrs && cidrs->empty()) {
    co_return failure(Code::unavailable,
                      fmt::format("EC2's answer does not mention VPC {}; its CIDR blocks are "
                                  "unknown",
                                  vpc));
  }
  co_return cidrs;
}

Task<Result<std::vector<AwsRouteTable>>> Ec2::route_tables(std::string vpc, Call call) {
  std::vector<AwsRouteTable> tables;
  std::string next;
  for (int page_number = 0; page_number < pages_max; ++page_number) {
    const auto answer = co_await client_.ask(describe_route_tables(vpc, next), call);
    if (!answer) co_return std::unexpected(answer.error().error);
    auto page = parse_route_tables(*answer);
    if (!page) co_return std::unexpected(page.error());
    std::ranges::move(page->items, std::back_inserter(tables));
    next = page->next;
    if (!next.empty()) continue;
    // Every VPC has a main route table: an empty list means that there is no such VPC here.
    if (!tables.empty()) co_return tables;
    co_return failure(Code::not_found,
                      fmt::format("EC2 knows no route table of VPC {}. Is the VPC in this region "
                                  "and account?",
                                  vpc));
  }
  co_return failure(Code::corrupt,
                    fmt::format("EC2's list of the route tables of VPC {} does not end after {} "
                                "pages",
                                vpc, pages_max));
}

Task<Result<AwsInterface>> Ec2::network_interface(std::string eni, Call call) {
  const auto answer = co_await client_.ask(describe_interface(eni), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  auto interfaces = parse_network_interfaces(*answer);
  if (!interfaces) co_return std::unexpected(interfaces.error());
  for (auto& interface : *interfaces) {
    if (interface.id == eni) co_return std::move(interface);
  }
  co_return failure(Code::unavailable,
                    fmt::format("EC2's answer does not mention network interface {}", eni));
}

Task<Status> Ec2::replace_route(std::string table, std::string destination, std::string eni,
                                Call call) {
  Question change = replace(table, destination, eni);
  const auto answer = co_await client_.ask(std::move(change), call);
  if (answer) co_return accepted(parse_return(*answer), "EC2 ReplaceRoute in " + table);
  Error error = answer.error().error;
  const bool unknown = error.code == Code::outcome_unknown;
  if (!unknown && says_no_such_route(answer.error().fault)) error.code = Code::not_found;
  co_return std::unexpected(std::move(error));
}

Task<Result<AwsInstance>> Ec2::instance(std::string id, Call call) {
  const auto answer = co_await client_.ask(describe_instance(id), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  auto instances = parse_instances(*answer);
  if (!instances) co_return std::unexpected(instances.error());
  for (auto& found : *instances) {
    if (found.id == id) co_return std::move(found);
  }
  // Silence about an instance says nothing about whether it runs.
  co_return failure(
      Code::unavailable,
      fmt::format("EC2's answer does not mention instance {}; its state is unknown", id));
}

Task<Result<AwsInstance>> Ec2::instance_with_address(std::string vpc, std::string address,
                                                     Call call) {
  const auto answer = co_await client_.ask(describe_instance_with(vpc, address), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  auto instances = parse_instances(*answer);
  if (!instances) co_return std::unexpected(instances.error());
  std::erase_if(*instances, [&](const AwsInstance& found) {
    return std::ranges::find(found.addresses, address) == found.addresses.end();
  });
  if (instances->size() == 1) co_return std::move(instances->front());
  if (instances->empty()) {
    co_return failure(Code::not_found,
                      fmt::format("no instance in {} has the address {}", vpc, address));
  }
  co_return failure(Code::conflict,
                    fmt::format("EC2 names {} instances in {} that have the address {}",
                                instances->size(), vpc, address));
}

Task<Status> Ec2::stop_instance(std::string instance, Call call) {
  auto answer = co_await client_.ask(stop(instance, GuestShutdown::skipped), call);
  // Older APIs and other implementations do not know the parameter.
  if (!answer && answer.error().fault.code == "UnknownParameter") {
    answer = co_await client_.ask(stop(instance, GuestShutdown::forced), call);
  }
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return accepted(parse_told(*answer, "StopInstances", instance),
                     "EC2 StopInstances of " + instance);
}

Task<Status> Ec2::protect_instance(std::string instance, bool on, Call call) {
  const auto answer = co_await client_.ask(protect(instance, on), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return accepted(parse_return(*answer), "EC2 ModifyInstanceAttribute of " + instance);
}

Task<Status> Ec2::start_instance(std::string instance, Call call) {
  const auto answer = co_await client_.ask(start(instance), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return accepted(parse_told(*answer, "StartInstances", instance),
                     "EC2 StartInstances of " + instance);
}

Task<Status> Ec2::may_change_instance(InstanceChange change, std::string instance, Call call) {
  const auto answer = co_await client_.ask(dry_run(change, instance), call);
  if (!answer && answer.error().fault.code == "DryRunOperation") co_return Status{};
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return failure(Code::corrupt,
                    fmt::format("EC2's answer about {} does not say whether the change would be "
                                "permitted",
                                instance));
}

}  // namespace mainstay::aws
