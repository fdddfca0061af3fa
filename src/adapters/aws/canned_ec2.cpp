#include "adapters/aws/canned_ec2.h"

namespace mainstay::aws {

void CannedEc2::set(Mood mood) {
  const std::lock_guard lock(mutex_);
  mood_ = mood;
}

CannedEc2::Answer CannedEc2::answer(const TestServer::Request& request) {
  const std::lock_guard lock(mutex_);
  if (request.target.starts_with("/latest/")) return metadata(request);
  if (request.method == "GET") {
    return mood_ == Mood::silent ? Answer{.ending = TestServer::Ending::silence}
                                 : Answer{.status = 400};
  }
  const Form form = form_of(request.body);
  if (mood_ == Mood::throttling) {
    return fault(503, "RequestLimitExceeded", "Request limit exceeded.");
  }
  if (mood_ == Mood::denying) {
    return fault(403, "UnauthorizedOperation",
                 "You are not authorized to perform this operation. User: arn:aws:iam::1:user/u is "
                 "not authorized to perform: ec2:" +
                     form.at("Action") + " on resource: arn:aws:ec2:r:1:x/y because no policy.");
  }
  if (mood_ == Mood::silent) return {.ending = TestServer::Ending::silence};
  Answer out = act(form);
  if (mood_ == Mood::losing_answers) out.ending = TestServer::Ending::silence;
  return out;
}

CannedEc2::Answer CannedEc2::metadata(const TestServer::Request& request) const {
  static const std::map<std::string, std::string> facts = {
      {"instance-id", "i-a"},
      {"placement/region", "eu-west-1"},
      {"placement/availability-zone", "eu-west-1a"},
      {"services/domain", "amazonaws.com"},
      {"iam/security-credentials/", "node-role"},
      {"iam/security-credentials/node-role",
       R"({"Code":"Success","AccessKeyId":"ASIAROLE","SecretAccessKey":"role-secret",)"
       R"("Token":"role-token","Expiration":"2099-01-01T00:00:00Z"})"},
      {"network/interfaces/macs/", "02:00:00:00:00:0a/"},
      {"network/interfaces/macs/02:00:00:00:00:0a/interface-id", "eni-a"},
      {"network/interfaces/macs/02:00:00:00:00:0a/vpc-id", "vpc-1"},
      {"network/interfaces/macs/02:00:00:00:00:0a/subnet-id", "subnet-a"},
      {"network/interfaces/macs/02:00:00:00:00:0a/local-ipv4s", "10.0.1.10"}};
  if (request.method == "PUT") return {.body = "the-metadata-token"};
  if (header_value(request.headers, "X-aws-ec2-metadata-token") != "the-metadata-token") {
    return {.status = 401};
  }
  const auto found = facts.find(request.target.substr(std::string("/latest/meta-data/").size()));
  if (found == facts.end()) return {.status = 404};
  return {.body = found->second};
}

CannedEc2::Answer CannedEc2::act(const Form& form) {
  const std::string action = form.at("Action");
  if (action == "DescribeVpcs") return describe_vpcs(form);
  if (action == "DescribeRouteTables") return describe_route_tables(form);
  if (action == "DescribeNetworkInterfaces") return describe_interfaces(form);
  if (action == "DescribeInstances") return describe_instances(form);
  if (action == "ReplaceRoute") return replace_route(form);
  if (action == "DescribeAddresses") return describe_addresses(form);
  if (action == "AssociateAddress") return associate(form);
  if (action == "DisassociateAddress") return disassociate(form);
  if (action == "AssignPrivateIpAddresses") return assign(form);
  if (action == "DescribeAvailabilityZones") return describe_zones(form);
  if (action == "StopInstances") return stop_instances(form);
  if (action == "ModifyInstanceAttribute") return protect(form);
  if (action == "StartInstances") return start_instances(form);
  if (action == "AssumeRole") return assume_role(form);
  return fault(400, "InvalidAction", "The action " + action + " is not valid.");
}

// It is its own STS, for one role.
CannedEc2::Answer CannedEc2::assume_role(const Form& form) {
  if (form.at("RoleArn") != "arn:aws:iam::111122223333:role/mover") {
    return fault(403, "AccessDenied",
                 "User: arn:aws:iam::111122223333:user/u is not authorized to perform: "
                 "sts:AssumeRole on resource: " +
                     form.at("RoleArn"));
  }
  return {.body =
              "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIATAKEN"
              "</AccessKeyId><SecretAccessKey>taken-secret</SecretAccessKey><SessionToken>"
              "taken-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
              "</Credentials></AssumeRoleResult></AssumeRoleResponse>"};
}

CannedEc2::Answer CannedEc2::describe_vpcs(const Form& form) {
  const std::string id = form.at("VpcId.1");
  if (id != "vpc-1") return not_found("InvalidVpcID.NotFound", "vpc", id);
  return reply("DescribeVpcs",
               "<vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock>"
               "<cidrBlockAssociationSet><item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockState>"
               "<state>associated</state></cidrBlockState></item><item><cidrBlock>10.9.0.0/16"
               "</cidrBlock><cidrBlockState><state>associated</state></cidrBlockState></item>"
               "<item><cidrBlock>10.8.0.0/16</cidrBlock><cidrBlockState><state>disassociated"
               "</state></cidrBlockState></item></cidrBlockAssociationSet>"
               "<ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8::/56</ipv6CidrBlock>"
               "<ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item>"
               "</ipv6CidrBlockAssociationSet></item></vpcSet>");
}

CannedEc2::Answer CannedEc2::describe_route_tables(const Form& form) const {
  const bool known = form.at("Filter.1.Value.1") == "vpc-1";
  const bool second = form.contains("NextToken");
  std::string items;
  for (const auto& [id, target] : targets_) {
    if (!known || (id == "rtb-3") != second) continue;
    items += "<item><routeTableId>" + id + "</routeTableId><associationSet><item><main>" +
             (id == "rtb-1" ? "true" : "false") +
             "</main></item></associationSet><routeSet><item><destinationCidrBlock>"
             "10.1.0.20/32</destinationCidrBlock><networkInterfaceId>" +
             target + "</networkInterfaceId><state>active</state></item></routeSet></item>";
  }
  return reply("DescribeRouteTables", "<routeTableSet>" + items + "</routeTableSet>" +
                                          (known && !second ? "<nextToken>2/=</nextToken>" : ""));
}

CannedEc2::Answer CannedEc2::describe_interfaces(const Form& form) const {
  const std::string id = form.at("NetworkInterfaceId.1");
  if (id != "eni-a" && id != "eni-b") {
    return not_found("InvalidNetworkInterfaceID.NotFound", "networkInterface", id);
  }
  const std::string letter = id.substr(4);
  return reply("DescribeNetworkInterfaces",
               "<networkInterfaceSet><item><networkInterfaceId>" + id +
                   "</networkInterfaceId><subnetId>subnet-" + letter +
                   "</subnetId><vpcId>vpc-1</vpcId><availabilityZone>eu-west-1" + letter +
                   "</availabilityZone><macAddress>02:00:00:00:00:0" + letter +
                   "</macAddress><privateIpAddress>10.0.1.10</privateIpAddress>"
                   "<sourceDestCheck>false</sourceDestCheck><attachment><instanceId>i-" +
                   letter + "</instanceId></attachment>" + private_addresses(id) +
                   "</item></networkInterfaceSet>");
}

std::string CannedEc2::private_addresses(const std::string& id) const {
  std::string secondary;
  if (secondary_holder_ == id) {
    secondary =
        "<item><privateIpAddress>10.0.1.100</privateIpAddress><primary>false</primary></item>";
  }
  return "<privateIpAddressesSet><item><privateIpAddress>10.0.1.10</privateIpAddress>"
         "<primary>true</primary></item>" +
         secondary + "</privateIpAddressesSet>";
}

CannedEc2::Answer CannedEc2::describe_addresses(const Form& form) const {
  const std::string id = form.at("AllocationId.1");
  if (id != "eipalloc-1") return not_found("InvalidAllocationID.NotFound", "allocation", id);
  std::string association;
  if (!address_holder_.empty()) {
    association = "<associationId>" + association_id() + "</associationId><networkInterfaceId>" +
                  address_holder_ +
                  "</networkInterfaceId><privateIpAddress>10.0.1.10</privateIpAddress>";
  }
  return reply("DescribeAddresses",
               "<addressesSet><item><publicIp>198.51.100.20</publicIp><allocationId>" + id +
                   "</allocationId><domain>vpc</domain>" + association + "</item></addressesSet>");
}

CannedEc2::Answer CannedEc2::associate(const Form& form) {
  const std::string id = form.at("AllocationId");
  const std::string eni = form.at("NetworkInterfaceId");
  if (id != "eipalloc-1") return not_found("InvalidAllocationID.NotFound", "allocation", id);
  if (eni != "eni-a" && eni != "eni-b") {
    return not_found("InvalidNetworkInterfaceID.NotFound", "networkInterface", eni);
  }
  if (!address_holder_.empty() && form.at("AllowReassociation") != "true") {
    return fault(400, "Resource.AlreadyAssociated", "resource eipalloc-1 is already associated");
  }
  if (address_holder_ != eni) ++associations_;
  address_holder_ = eni;
  return reply("AssociateAddress",
               "<return>true</return><associationId>" + association_id() + "</associationId>");
}

CannedEc2::Answer CannedEc2::disassociate(const Form& form) {
  const std::string id = form.at("AssociationId");
  if (address_holder_.empty() || id != association_id()) {
    return not_found("InvalidAssociationID.NotFound", "association", id);
  }
  address_holder_.clear();
  return reply("DisassociateAddress", "<return>true</return>");
}

CannedEc2::Answer CannedEc2::assign(const Form& form) {
  const std::string eni = form.at("NetworkInterfaceId");
  if (eni != "eni-a" && eni != "eni-b") {
    return not_found("InvalidNetworkInterfaceID.NotFound", "networkInterface", eni);
  }
  if (form.at("AllowReassignment") != "true" || form.at("PrivateIpAddress.1") != "10.0.1.100") {
    return fault(400, "InvalidParameterValue", "Address is in use.");
  }
  secondary_holder_ = eni;
  return reply("AssignPrivateIpAddresses",
               "<networkInterfaceId>" + eni +
                   "</networkInterfaceId><assignedPrivateIpAddressesSet><item><privateIpAddress>"
                   "10.0.1.100</privateIpAddress></item></assignedPrivateIpAddressesSet>");
}

CannedEc2::Answer CannedEc2::describe_zones(const Form& form) {
  const std::string name = form.at("ZoneName.1");
  if (name != "eu-west-1a") {
    return fault(400, "InvalidParameterValue", "Invalid availability zone: [" + name + "]");
  }
  return reply("DescribeAvailabilityZones",
               "<availabilityZoneInfo><item><zoneName>eu-west-1a</zoneName><zoneState>available"
               "</zoneState><regionName>eu-west-1</regionName><messageSet/></item>"
               "</availabilityZoneInfo>");
}

CannedEc2::Answer CannedEc2::describe_instances(const Form& form) {
  if (!form.contains("InstanceId.1")) {
    const bool here = form.at("Filter.1.Value.1") == "vpc-1" &&
                      form.at("Filter.2.Name") ==
                          "network-interface.addresses."
                          "private-ip-address" &&
                      form.at("Filter.2.Value.1") == "10.0.1.10";
    if (!here) return reply("DescribeInstances", "<reservationSet/>");
  }
  const std::string id = form.contains("InstanceId.1") ? form.at("InstanceId.1") : "i-b";
  const auto found = states_.find(id);
  if (found == states_.end()) return not_found("InvalidInstanceID.NotFound", "instance", id);
  const std::string state = found->second;
  if (state == "stopping") found->second = "stopped";
  return reply("DescribeInstances",
               "<reservationSet><item><instancesSet><item><instanceId>" + id +
                   "</instanceId><instanceState><code>1</code><name>" + state +
                   "</name></instanceState><launchTime>2026-01-01T00:00:00.000Z</launchTime>"
                   "<privateIpAddress>10.0.1.10</privateIpAddress></item></instancesSet></item>"
                   "</reservationSet>");
}

CannedEc2::Answer CannedEc2::replace_route(const Form& form) {
  const auto table = targets_.find(form.at("RouteTableId"));
  const std::string eni = form.at("NetworkInterfaceId");
  const std::string destination = form.at("DestinationCidrBlock");
  if (destination.find('/') == std::string::npos) {
    return fault(400, "InvalidParameterValue", "Value is not a valid CIDR block.");
  }
  if (table == targets_.end()) {
    return not_found("InvalidRouteTableID.NotFound", "routeTable", form.at("RouteTableId"));
  }
  if (destination != "10.1.0.20/32") {
    return fault(400, "InvalidParameterValue",
                 "There is no route defined for '" + destination +
                     "' in the route table. Use CreateRoute instead.");
  }
  if (eni != "eni-a" && eni != "eni-b") {
    return not_found("InvalidNetworkInterfaceID.NotFound", "networkInterface", eni);
  }
  table->second = eni;
  return reply("ReplaceRoute", "<return>true</return>");
}

CannedEc2::Answer CannedEc2::protect(const Form& form) {
  const std::string id = form.at("InstanceId");
  if (!states_.contains(id)) return not_found("InvalidInstanceID.NotFound", "instance", id);
  if (form.contains("DryRun")) return would_succeed();
  protected_.erase(id);
  if (form.at("DisableApiStop.Value") == "true") protected_.insert(id);
  return reply("ModifyInstanceAttribute", "<return>true</return>");
}

CannedEc2::Answer CannedEc2::start_instances(const Form& form) {
  if (form.contains("DryRun")) return would_succeed();
  const std::string id = form.at("InstanceId.1");
  const auto found = states_.find(id);
  if (found == states_.end()) return not_found("InvalidInstanceID.NotFound", "instance", id);
  if (found->second == "stopping") {
    return fault(400, "IncorrectInstanceState", "The instance '" + id + "' is stopping.");
  }
  found->second = "running";
  return reply("StartInstances",
               "<instancesSet><item><instanceId>" + id + "</instanceId></item></instancesSet>");
}

CannedEc2::Answer CannedEc2::stop_instances(const Form& form) {
  if (form.contains("DryRun")) return would_succeed();
  if (form.contains("SkipOsShutdown")) {
    return fault(400, "UnknownParameter", "The parameter SkipOsShutdown is not recognized");
  }
  const std::string id = form.at("InstanceId.1");
  const auto found = states_.find(id);
  if (found == states_.end()) return not_found("InvalidInstanceID.NotFound", "instance", id);
  if (protected_.contains(id)) {
    return fault(400, "OperationNotPermitted", "The instance '" + id + "' may not be stopped.");
  }
  if (found->second == "running") found->second = "stopping";
  return reply("StopInstances",
               "<instancesSet><item><instanceId>" + id + "</instanceId></item></instancesSet>");
}

CannedEc2::Form CannedEc2::form_of(std::string_view body) {
  Form form;
  while (!body.empty()) {
    const auto part = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(part.size() + 1, body.size()));
    const auto equals = std::min(part.find('='), part.size());
    form[percent_decode(part.substr(0, equals))] =
        percent_decode(part.substr(std::min(equals + 1, part.size())));
  }
  return form;
}

CannedEc2::Answer CannedEc2::reply(const std::string& action, const std::string& content) {
  return {.body = "<?xml version=\"1.0\"?><" + action +
                  "Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">" + content + "</" +
                  action + "Response>"};
}

CannedEc2::Answer CannedEc2::fault(int status, const std::string& code,
                                   const std::string& message) {
  return {.status = status,
          .body = "<Response><Errors><Error><Code>" + code + "</Code><Message>" + message +
                  "</Message></Error></Errors><RequestID>1</RequestID></Response>"};
}

CannedEc2::Answer CannedEc2::would_succeed() {
  return fault(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
}

CannedEc2::Answer CannedEc2::not_found(const std::string& code, const std::string& kind,
                                       const std::string& id) {
  return fault(400, code, "The " + kind + " ID '" + id + "' does not exist");
}

}  // namespace mainstay::aws
