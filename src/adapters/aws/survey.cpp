#include "adapters/aws/survey.h"

#include <fmt/format.h>

#include "adapters/aws/ec2_question.h"
#include "adapters/aws/ec2_reply.h"
#include "adapters/http/url.h"

namespace mainstay::aws {
namespace {

Question describe_subnets(const std::string& vpc) {
  return ec2_question("DescribeSubnets", "VPC " + vpc, Effect::read,
                      {{"Filter.1.Name", "vpc-id"}, {"Filter.1.Value.1", vpc}});
}

Question describe_interface(const std::string& eni) {
  return ec2_question("DescribeNetworkInterfaces", "network interface " + eni, Effect::read,
                      {{"NetworkInterfaceId.1", eni}});
}

Question describe_interface_with(const std::string& vpc, const std::string& address) {
  const bool ipv6 = address.find(':') != std::string::npos;
  return ec2_question(
      "DescribeNetworkInterfaces", "the network interface with address " + address, Effect::read,
      {{"Filter.1.Name", "vpc-id"},
       {"Filter.1.Value.1", vpc},
       {"Filter.2.Name", ipv6 ? "ipv6-addresses.ipv6-address" : "addresses.private-ip-address"},
       {"Filter.2.Value.1", address}});
}

Question describe_groups(const std::vector<std::string>& ids) {
  Parameters parameters;
  for (const auto& id : ids) {
    parameters.emplace_back(fmt::format("GroupId.{}", parameters.size() + 1), id);
  }
  return ec2_question("DescribeSecurityGroups", "the node's security groups", Effect::read,
                      std::move(parameters));
}

Question describe_instance(const std::string& id) {
  return ec2_question("DescribeInstances", "instance " + id, Effect::read, {{"InstanceId.1", id}});
}

enum class Earnest { no, yes };

Question route_change(std::string action, const std::string& table, const std::string& destination,
                      const std::string& eni, Earnest earnest) {
  const bool ipv6 = destination.find(':') != std::string::npos;
  Parameters parameters = {
      {"RouteTableId", table},
      {ipv6 ? "DestinationIpv6CidrBlock" : "DestinationCidrBlock", destination},
      {"NetworkInterfaceId", eni}};
  if (earnest == Earnest::no) parameters.emplace_back("DryRun", "true");
  return ec2_question(std::move(action), fmt::format("{} in route table {}", destination, table),
                      earnest == Earnest::yes ? Effect::change : Effect::read,
                      std::move(parameters));
}

Question trial_association(const std::string& allocation, const std::string& eni) {
  return ec2_question("AssociateAddress", fmt::format("{} with {}", allocation, eni), Effect::read,
                      {{"AllocationId", allocation},
                       {"NetworkInterfaceId", eni},
                       {"AllowReassociation", "true"},
                       {"DryRun", "true"}});
}

Question trial_disassociation(const std::string& association) {
  return ec2_question("DisassociateAddress", "association " + association, Effect::read,
                      {{"AssociationId", association}, {"DryRun", "true"}});
}

Question source_dest_change(const std::string& eni) {
  return ec2_question("ModifyNetworkInterfaceAttribute", "network interface " + eni, Effect::change,
                      {{"NetworkInterfaceId", eni}, {"SourceDestCheck.Value", "false"}});
}

// Host and port, without what may be secret in it.
std::string shown_proxy(const std::string& proxy) {
  const auto url = parse_url(proxy);
  if (!url) return proxy.empty() ? "" : "a proxy";
  return url->port.empty() ? url->host : url->host + ":" + url->port;
}

std::string host_of(const std::string& text) {
  const auto url = parse_url(text);
  return url ? url->host : text;
}

}  // namespace

Task<Result<AwsReach>> Ec2Survey::reach(std::string service, Call call) {
  const auto endpoint = co_await parts_.endpoint(service, call);
  if (!endpoint) co_return std::unexpected(endpoint.error());
  HttpRequest request{.method = "GET", .url = endpoint->url + "/"};
  request.proxy = endpoint->proxy;
  request.tls = endpoint->tls;
  request.fresh_connection = true;
  const Instant began = parts_.clock.now();
  const HttpResult answer = co_await parts_.http(std::move(request), call);
  const std::string way = endpoint->proxy.empty() ? ""
                                                  : fmt::format(" (through the proxy {})",
                                                                shown_proxy(endpoint->proxy));
  if (!answer) {
    co_return failure(
        answer.error().problem == HttpProblem::timed_out ? Code::timed_out : Code::unavailable,
        fmt::format("{}: {}{}", host_of(endpoint->url), answer.error().message, way));
  }
  if (!endpoint->proxy.empty() && answer->status == 407) {
    co_return failure(Code::denied, fmt::format("the proxy {} asks for a user and a password",
                                                shown_proxy(endpoint->proxy)));
  }
  AwsReach reach{.url = endpoint->url,
                 .region = endpoint->region,
                 .address = answer->address,
                 .proxy = shown_proxy(endpoint->proxy),
                 .skew = {},
                 .round_trip = parts_.clock.now() - began};
  const auto date = parse_http_date(std::string(header_value(answer->headers, "Date")));
  // A Date says only the second it lies in: half of one is on average lost.
  if (date) reach.skew = *date + 500ms - parts_.clock.wall();
  co_return reach;
}

Task<Result<std::vector<AwsSubnet>>> Ec2Survey::subnets(std::string vpc, Call call) {
  const auto answer = co_await parts_.client.ask(describe_subnets(vpc), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return parse_subnets(*answer);
}

Task<Result<AwsPlacedInterface>> Ec2Survey::placed_interface(std::string eni, Call call) {
  const auto answer = co_await parts_.client.ask(describe_interface(eni), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  auto found = parse_placed_interfaces(*answer);
  if (!found) co_return std::unexpected(found.error());
  for (auto& each : *found) {
    if (each.interface.id == eni) co_return std::move(each);
  }
  co_return failure(Code::unavailable,
                    fmt::format("EC2's answer does not mention network interface {}", eni));
}

Task<Result<AwsPlacedInterface>> Ec2Survey::interface_with_address(std::string vpc,
                                                                   std::string address, Call call) {
  const auto answer = co_await parts_.client.ask(describe_interface_with(vpc, address), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  auto found = parse_placed_interfaces(*answer);
  if (!found) co_return std::unexpected(found.error());
  if (found->size() == 1) co_return std::move(found->front());
  co_return failure(Code::not_found, fmt::format("{} network interfaces of {} have the address {}",
                                                 found->size(), vpc, address));
}

Task<Result<std::vector<AwsSecurityGroup>>> Ec2Survey::security_groups(std::vector<std::string> ids,
                                                                       Call call) {
  const auto answer = co_await parts_.client.ask(describe_groups(ids), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return parse_security_groups(*answer);
}

Task<Result<AwsNamedInstance>> Ec2Survey::named_instance(std::string id, Call call) {
  const auto answer = co_await parts_.client.ask(describe_instance(id), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  auto found = parse_named_instances(*answer);
  if (!found) co_return std::unexpected(found.error());
  for (auto& each : *found) {
    if (each.id == id) co_return std::move(each);
  }
  co_return failure(Code::unavailable,
                    fmt::format("EC2's answer does not mention instance {}", id));
}

Task<Status> Ec2Survey::may_replace_route(std::string table, std::string destination,
                                          std::string eni, Call call) {
  Question trial = route_change("ReplaceRoute", table, destination, eni, Earnest::no);
  co_return co_await try_out(std::move(trial), call);
}

Task<Status> Ec2Survey::may_associate_address(std::string allocation, std::string eni, Call call) {
  Question trial = trial_association(allocation, eni);
  co_return co_await try_out(std::move(trial), call);
}

Task<Status> Ec2Survey::may_disassociate_address(std::string association, Call call) {
  Question trial = trial_disassociation(association);
  co_return co_await try_out(std::move(trial), call);
}

Task<Status> Ec2Survey::try_out(Question trial, Call call) {
  const std::string what = fmt::format("{} of {}", trial.action, trial.subject);
  const auto answer = co_await parts_.client.ask(std::move(trial), call);
  if (!answer && answer.error().fault.code == "DryRunOperation") co_return Status{};
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return failure(Code::corrupt,
                    fmt::format("EC2's answer to a trial of {} does not say whether it would be "
                                "permitted",
                                what));
}

Task<Status> Ec2Survey::create_route(std::string table, std::string destination, std::string eni,
                                     Call call) {
  Question order = route_change("CreateRoute", table, destination, eni, Earnest::yes);
  co_return co_await change(std::move(order), "EC2 CreateRoute in " + table, call);
}

Task<Status> Ec2Survey::disable_source_dest_check(std::string eni, Call call) {
  Question order = source_dest_change(eni);
  co_return co_await change(std::move(order), "EC2 ModifyNetworkInterfaceAttribute of " + eni,
                            call);
}

Task<Status> Ec2Survey::change(Question question, std::string what, Call call) {
  const auto answer = co_await parts_.client.ask(std::move(question), call);
  if (!answer) co_return std::unexpected(answer.error().error);
  co_return accepted(parse_return(*answer), what);
}

}  // namespace mainstay::aws
