// The table of parameters: those a call must have, and those it may have. "N" stands for a number.
#include "lab/api_parameters.h"

#include <fmt/format.h>

#include <sstream>

#include "lab/api_bodies.h"

namespace mainstay::lab {
namespace {

struct Parameters {
  const char* required = "";
  const char* optional = "";
};

constexpr const char* paging = "MaxResults NextToken Filter.N.Name Filter.N.Value.N ";
constexpr const char* route_targets =
    "DestinationIpv6CidrBlock DestinationPrefixListId GatewayId InstanceId NatGatewayId "
    "NetworkInterfaceId TransitGatewayId LocalGatewayId CarrierGatewayId VpcEndpointId "
    "VpcPeeringConnectionId EgressOnlyInternetGatewayId CoreNetworkArn DestinationCidrBlock ";

const std::map<std::string, Parameters>& ec2_changes() {
  static const std::map<std::string, Parameters> all = {
      {"CreateRoute", {"RouteTableId", route_targets}},
      {"ReplaceRoute", {"RouteTableId", route_targets}},
      {"DeleteRoute",
       {"RouteTableId", "DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId"}},
      {"AllocateAddress",
       {"",
        "Domain Address PublicIpv4Pool NetworkBorderGroup CustomerOwnedIpv4Pool "
        "TagSpecification.N.ResourceType TagSpecification.N.Tag.N.Key "
        "TagSpecification.N.Tag.N.Value"}},
      {"ReleaseAddress", {"", "AllocationId PublicIp NetworkBorderGroup"}},
      {"AssociateAddress",
       {"",
        "AllocationId InstanceId PublicIp AllowReassociation NetworkInterfaceId "
        "PrivateIpAddress"}},
      {"DisassociateAddress", {"", "AssociationId PublicIp"}},
      // AWS has no dry run of these two.
      {"AssignPrivateIpAddresses",
       {"NetworkInterfaceId",
        "AllowReassignment PrivateIpAddress.N SecondaryPrivateIpAddressCount "
        "Ipv4Prefix.N Ipv4PrefixCount"}},
      {"UnassignPrivateIpAddresses", {"NetworkInterfaceId", "PrivateIpAddress.N Ipv4Prefix.N"}},
      {"ModifyNetworkInterfaceAttribute",
       {"NetworkInterfaceId",
        "SourceDestCheck.Value Description.Value SecurityGroupId.N "
        "Attachment.AttachmentId Attachment.DeleteOnTermination"}},
      {"AuthorizeSecurityGroupIngress",
       {"GroupId",
        "IpPermissions.N.IpProtocol IpPermissions.N.FromPort IpPermissions.N.ToPort "
        "IpPermissions.N.IpRanges.N.CidrIp IpPermissions.N.Groups.N.GroupId"}},
      {"RevokeSecurityGroupIngress",
       {"GroupId",
        "IpPermissions.N.IpProtocol IpPermissions.N.FromPort IpPermissions.N.ToPort "
        "IpPermissions.N.IpRanges.N.CidrIp IpPermissions.N.Groups.N.GroupId"}},
      {"ModifyInstanceAttribute",
       {"InstanceId",
        "Attribute Value DisableApiStop.Value DisableApiTermination.Value SourceDestCheck.Value "
        "InstanceType.Value UserData.Value EbsOptimized.Value "
        "InstanceInitiatedShutdownBehavior.Value"}},
      {"StopInstances", {"InstanceId.1", "InstanceId.N Force Hibernate SkipOsShutdown"}},
      {"StartInstances", {"InstanceId.1", "InstanceId.N AdditionalInfo"}},
      {"RebootInstances", {"InstanceId.1", "InstanceId.N"}}};
  return all;
}

// Of the Describe calls, besides filters and paging.
const std::map<std::string, Parameters>& ec2_descriptions() {
  static const std::map<std::string, Parameters> all = {
      {"DescribeVpcs", {"", "VpcId.N"}},
      {"DescribeVpcAttribute", {"VpcId Attribute", ""}},
      {"DescribeVpcEndpoints", {"", "VpcEndpointId.N"}},
      {"DescribeSubnets", {"", "SubnetId.N"}},
      {"DescribeRouteTables", {"", "RouteTableId.N"}},
      {"DescribeNetworkInterfaces", {"", "NetworkInterfaceId.N"}},
      {"DescribeInstances", {"", "InstanceId.N"}},
      {"DescribeInstanceStatus", {"", "InstanceId.N IncludeAllInstances"}},
      {"DescribeAvailabilityZones", {"", "ZoneName.N ZoneId.N AllAvailabilityZones"}},
      {"DescribeRegions", {"", "RegionName.N AllRegions"}},
      {"DescribeAddresses", {"", "AllocationId.N PublicIp.N"}},
      {"DescribeNatGateways", {"", "NatGatewayId.N"}},
      {"DescribeInternetGateways", {"", "InternetGatewayId.N"}},
      {"DescribeSecurityGroups", {"", "GroupId.N GroupName.N"}},
      {"DescribeVolumes", {"", "VolumeId.N"}}};
  return all;
}

const std::map<std::string, Parameters>& sts_calls() {
  static const std::map<std::string, Parameters> all = {
      {"GetCallerIdentity", {}},
      {"AssumeRole",
       {"RoleArn RoleSessionName",
        "DurationSeconds ExternalId Policy SourceIdentity SerialNumber "
        "TokenCode Tags.member.N.Key Tags.member.N.Value"}},
      {"AssumeRoleWithWebIdentity",
       {"RoleArn RoleSessionName WebIdentityToken", "DurationSeconds Policy ProviderId"}},
      {"DecodeAuthorizationMessage", {"EncodedMessage", ""}}};
  return all;
}

const std::map<std::string, Parameters>& iam_calls() {
  static const std::map<std::string, Parameters> all = {
      {"SimulatePrincipalPolicy",
       {"PolicySourceArn ActionNames.member.1",
        "ActionNames.member.N ResourceArns.member.N CallerArn MaxItems Marker ResourceOwner "
        "ContextEntries.member.N.ContextKeyName ContextEntries.member.N.ContextKeyType "
        "ContextEntries.member.N.ContextKeyValues.member.N"}}};
  return all;
}

// In the query string of Route 53's calls.
const std::map<std::string, Parameters>& route53_calls() {
  static const std::map<std::string, Parameters> all = {
      {"ChangeResourceRecordSets", {}},
      {"ListResourceRecordSets", {"", "name type identifier maxitems"}},
      {"GetHostedZone", {}},
      {"GetChange", {}},
      {"ListHostedZones", {"", "marker maxitems delegationsetid hostedzonetype"}},
      {"ListHostedZonesByName", {"", "dnsname hostedzoneid maxitems"}},
      {"ListHostedZonesByVPC", {"vpcid vpcregion", "maxitems nexttoken"}}};
  return all;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "Filter.3.Name" is named by "Filter.N.Name".
bool named_by(std::string_view pattern, std::string_view name) {
  for (;;) {
    const auto pattern_dot = pattern.find('.');
    const auto name_dot = name.find('.');
    const std::string_view wanted = pattern.substr(0, pattern_dot);
    const std::string_view given = name.substr(0, name_dot);
    if (wanted == "N" ? !all_digits(given) : wanted != given) return false;
    if ((pattern_dot == std::string_view::npos) != (name_dot == std::string_view::npos))
      return false;
    if (pattern_dot == std::string_view::npos) return true;
    pattern.remove_prefix(pattern_dot + 1);
    name.remove_prefix(name_dot + 1);
  }
}

bool named_by_any(const std::string& patterns, const std::string& name) {
  std::istringstream words(patterns);
  for (std::string pattern; words >> pattern;) {
    if (named_by(pattern, name)) return true;
  }
  return false;
}

struct Rules {
  std::string required;
  std::string known;
};

std::optional<Rules> rules_of(Service service, const std::string& action) {
  const auto look_up = [&](const std::map<std::string, Parameters>& calls,
                           const std::string& common) -> std::optional<Rules> {
    const auto found = calls.find(action);
    if (found == calls.end()) return std::nullopt;
    const Parameters& own = found->second;
    return Rules{own.required, fmt::format("{} {} {}", own.required, own.optional, common)};
  };
  switch (service) {
    case Service::ec2: {
      const bool dry = !action.ends_with("PrivateIpAddresses");
      auto rules = look_up(ec2_changes(), dry ? "Action Version DryRun" : "Action Version");
      if (rules) return rules;
      return look_up(ec2_descriptions(), fmt::format("Action Version DryRun {}", paging));
    }
    case Service::sts:
      return look_up(sts_calls(), "Action Version");
    case Service::iam:
      return look_up(iam_calls(), "Action Version");
    case Service::route53:
      return look_up(route53_calls(), "");
    case Service::dynamodb:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<AwsError> check_parameters(Service service, const std::string& action,
                                         const HttpRequest& request, const Query& query) {
  if (service == Service::dynamodb) return check_dynamodb_body(action, request.body);
  const auto rules = rules_of(service, action);
  if (!rules) return std::nullopt;
  const bool rest = service == Service::route53;
  const Query given = rest ? Query(parse_form(request.query())) : query;
  for (const std::string& name : given.names()) {
    if (named_by_any(rules->known, name)) continue;
    return AwsError{400, rest ? "InvalidInput" : "UnknownParameter",
                    fmt::format("The parameter {} is not recognized", name)};
  }
  std::istringstream words(rules->required);
  for (std::string name; words >> name;) {
    if (given.has(name)) continue;
    if (name.ends_with(".1")) name.resize(name.size() - 2);
    return AwsError{400, rest ? "InvalidInput" : "MissingParameter",
                    fmt::format("The request must contain the parameter {}", name)};
  }
  if (rest) return check_route53_body(action, request.body);
  return std::nullopt;
}

}  // namespace mainstay::lab
