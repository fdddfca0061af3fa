// The table of actions, and what all answers have in common.
#include "lab/ec2.h"

#include <fmt/format.h>
#include <time.h>

#include "lab/xml.h"

namespace mainstay::lab {
namespace {

struct Action {
  Ec2Outcome (*call)(const Ec2Input&);
  bool changes;
};

const std::map<std::string, Action>& actions() {
  static const std::map<std::string, Action> all = {
      {"DescribeVpcs", {ec2::describe_vpcs, false}},
      {"DescribeSubnets", {ec2::describe_subnets, false}},
      {"DescribeRouteTables", {ec2::describe_route_tables, false}},
      {"DescribeNetworkInterfaces", {ec2::describe_network_interfaces, false}},
      {"DescribeInstances", {ec2::describe_instances, false}},
      {"DescribeAvailabilityZones", {ec2::describe_availability_zones, false}},
      {"DescribeAddresses", {ec2::describe_addresses, false}},
      {"DescribeVpcAttribute", {ec2::describe_vpc_attribute, false}},
      {"DescribeVpcEndpoints", {ec2::describe_vpc_endpoints, false}},
      {"DescribeNatGateways", {ec2::describe_nat_gateways, false}},
      {"DescribeInternetGateways", {ec2::describe_internet_gateways, false}},
      {"DescribeInstanceStatus", {ec2::describe_instance_status, false}},
      {"DescribeSecurityGroups", {ec2::describe_security_groups, false}},
      {"DescribeRegions", {ec2::describe_regions, false}},
      {"DescribeVolumes", {ec2::describe_volumes, false}},
      {"ReplaceRoute", {ec2::replace_route, true}},
      {"CreateRoute", {ec2::create_route, true}},
      {"DeleteRoute", {ec2::delete_route, true}},
      {"AllocateAddress", {ec2::allocate_address, true}},
      {"ReleaseAddress", {ec2::release_address, true}},
      {"AssignPrivateIpAddresses", {ec2::assign_private_ip_addresses, true}},
      {"UnassignPrivateIpAddresses", {ec2::unassign_private_ip_addresses, true}},
      {"AuthorizeSecurityGroupIngress", {ec2::authorize_security_group_ingress, true}},
      {"RevokeSecurityGroupIngress", {ec2::revoke_security_group_ingress, true}},
      {"AssociateAddress", {ec2::associate_address, true}},
      {"DisassociateAddress", {ec2::disassociate_address, true}},
      {"ModifyNetworkInterfaceAttribute", {ec2::modify_network_interface_attribute, true}},
      {"ModifyInstanceAttribute", {ec2::modify_instance_attribute, true}},
      {"StopInstances", {ec2::stop_instances, true}},
      {"StartInstances", {ec2::start_instances, true}},
      {"RebootInstances", {ec2::reboot_instances, true}},
  };
  return all;
}

}  // namespace

bool ec2_action_known(const std::string& action) { return actions().contains(action); }

bool ec2_action_changes(const std::string& action) {
  const auto found = actions().find(action);
  return found != actions().end() && found->second.changes;
}

Ec2Outcome ec2_call(const std::string& action, const Ec2Input& input) {
  const auto found = actions().find(action);
  if (found == actions().end()) {
    return ec2::refuse(400, "InvalidAction",
                       fmt::format("The action {} is not valid for this web service.", action));
  }
  if (input.query.flag("DryRun")) {
    return ec2::refuse(412, "DryRunOperation",
                       "Request would have succeeded, but DryRun flag is set.");
  }
  return found->second.call(input);
}

std::string ec2_response(const std::string& action, const std::string& content,
                         const std::string& request_id) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<{0}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
      "<requestId>{1}</requestId>{2}</{0}Response>\n",
      action, request_id, content);
}

std::string ec2_error(const AwsError& error, const std::string& request_id) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code>"
      "<Message>{}</Message></Error></Errors><RequestID>{}</RequestID></Response>\n",
      xml_escape(error.code), xml_escape(error.message), request_id);
}

namespace ec2 {

Ec2Outcome refuse(int status, std::string code, std::string message) {
  return {std::unexpected(AwsError{status, std::move(code), std::move(message)})};
}

bool id_well_formed(std::string_view prefix, std::string_view id) {
  if (!id.starts_with(prefix) || id.size() <= prefix.size() || id[prefix.size()] != '-')
    return false;
  const std::string_view digits = id.substr(prefix.size() + 1);
  return (digits.size() == 8 || digits.size() == 17) &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string utc_text(std::int64_t wall_ms) {
  const time_t seconds = wall_ms / 1000;
  tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.000Z", text);
}

std::string http_date(std::int64_t wall_ms) {
  const time_t seconds = wall_ms / 1000;
  tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text;
}

}  // namespace ec2
}  // namespace mainstay::lab
