// The Describe calls for what surrounds instances: gateways, endpoints, security groups,
// attributes.
#include "lab/ec2_shapes.h"

namespace mainstay::lab::ec2 {
namespace {

void write_rule(Xml& xml, const Model& model, const GroupRule& rule) {
  xml.leaf("ipProtocol", rule.protocol);
  if (rule.protocol != "-1") {
    xml.leaf("fromPort", std::to_string(rule.from_port));
    xml.leaf("toPort", std::to_string(rule.to_port));
  }
  const auto groups = rule.group_id.empty() ? Texts{} : Texts{rule.group_id};
  const auto ranges = rule.group_id.empty() ? Texts{to_text(rule.source)} : Texts{};
  xml.items("groups", groups,
            [&](const std::string& id) { xml.leaf("userId", model.account).leaf("groupId", id); });
  xml.items("ipRanges", ranges, [&](const std::string& cidr) { xml.leaf("cidrIp", cidr); });
  xml.node("ipv6Ranges", [] {});
  xml.node("prefixListIds", [] {});
}

void write_status(Xml& xml, const char* name) {
  xml.node(name, [&] {
    xml.leaf("status", "ok");
    xml.node("details", [&] {
      xml.node("item", [&] { xml.leaf("name", "reachability").leaf("status", "passed"); });
    });
  });
}

void write_endpoint(Xml& xml, const Model& model, const VpcEndpoint& endpoint) {
  const std::string service = fmt::format("com.amazonaws.{}.{}", model.region, endpoint.service);
  xml.leaf("vpcEndpointId", endpoint.id).leaf("vpcEndpointType", "Interface");
  xml.leaf("vpcId", model.vpc_id).leaf("serviceName", service).leaf("state", "available");
  xml.node("routeTableIdSet", [] {});
  xml.items("subnetIdSet", endpoint.places,
            [&](const EndpointPlace& place) { xml.leaf("subnetId", place.subnet_id); });
  xml.items("groupSet", Texts{model.group_id},
            [&](const std::string& id) { xml.leaf("groupId", id).leaf("groupName", "default"); });
  xml.leaf("privateDnsEnabled", flag_text(endpoint.private_dns)).leaf("requesterManaged", "false");
  xml.items("networkInterfaceIdSet", endpoint.places, [&](const EndpointPlace& place) {
    xml.leaf("networkInterfaceId", make_id("eni", endpoint.id + to_text(place.address)));
  });
  xml.items("dnsEntrySet", endpoint_dns_names(model, endpoint), [&](const std::string& name) {
    xml.leaf("dnsName", name).leaf("hostedZoneId", "Z0000000000LAB");
  });
  xml.leaf("ownerId", model.account);
}

}  // namespace

Ec2Outcome describe_vpc_attribute(const Ec2Input& input) {
  const std::string id = input.query.value("VpcId");
  const std::string attribute = input.query.value("Attribute");
  if (id != input.model.vpc_id) {
    return refuse(400, "InvalidVpcID.NotFound", fmt::format("The vpc ID '{}' does not exist", id));
  }
  if (attribute != "enableDnsSupport" && attribute != "enableDnsHostnames") {
    return refuse(400, "InvalidParameterValue",
                  fmt::format("Value ({}) for parameter attribute is invalid. Unknown attribute.",
                              attribute));
  }
  Xml xml;
  xml.leaf("vpcId", id).node(attribute, [&] { xml.leaf("value", "true"); });
  return answer(xml);
}

Ec2Outcome describe_vpc_endpoints(const Ec2Input& input) {
  const Model& model = input.model;
  const FilterFields<VpcEndpoint> fields = {
      {"vpc-id", [&](const VpcEndpoint&) { return Texts{model.vpc_id}; }},
      {"vpc-endpoint-id", [](const VpcEndpoint& e) { return Texts{e.id}; }},
      {"vpc-endpoint-type", [](const VpcEndpoint&) { return Texts{"Interface"}; }},
      {"vpc-endpoint-state", [](const VpcEndpoint&) { return Texts{"available"}; }},
      {"service-name", [&](const VpcEndpoint& e) {
         return Texts{fmt::format("com.amazonaws.{}.{}", model.region, e.service)};
       }}};
  const auto endpoints = chosen(
      input.query, model.endpoints,
      {"VpcEndpointId", "vpce", "InvalidVpcEndpointId", "Vpc Endpoint Id"},
      [](const VpcEndpoint& e) { return e.id; }, fields);
  if (!endpoints) return {std::unexpected(endpoints.error())};
  Xml xml;
  xml.items("vpcEndpointSet", *endpoints,
            [&](const VpcEndpoint& endpoint) { write_endpoint(xml, model, endpoint); });
  return answer(xml);
}

// The lab's VPCs have NAT instances, no NAT gateways.
Ec2Outcome describe_nat_gateways(const Ec2Input& input) {
  const Texts ids = input.query.list("NatGatewayId");
  if (!ids.empty()) {
    return refuse(400, "NatGatewayNotFound",
                  fmt::format("NAT gateway {} was not found", ids.front()));
  }
  Xml xml;
  xml.node("natGatewaySet", [] {});
  return answer(xml);
}

Ec2Outcome describe_internet_gateways(const Ec2Input& input) {
  const Model& model = input.model;
  const std::vector<std::string> all = {model.igw_id};
  const auto gateways =
      chosen(input.query, all,
             {"InternetGatewayId", "igw", "InvalidInternetGatewayID", "internetGateway ID"},
             [](const std::string& id) { return id; },
             {{"internet-gateway-id", [](const std::string& id) { return Texts{id}; }},
              {"attachment.vpc-id", [&](const std::string&) { return Texts{model.vpc_id}; }},
              {"attachment.state", [](const std::string&) { return Texts{"available"}; }}});
  if (!gateways) return {std::unexpected(gateways.error())};
  Xml xml;
  xml.items("internetGatewaySet", *gateways, [&](const std::string& id) {
    xml.leaf("internetGatewayId", id).leaf("ownerId", model.account);
    xml.items("attachmentSet", Texts{model.vpc_id},
              [&](const std::string& vpc) { xml.leaf("vpcId", vpc).leaf("state", "available"); });
    name_tag(xml, "lab");
  });
  return answer(xml);
}

Ec2Outcome describe_instance_status(const Ec2Input& input) {
  const Model& model = input.model;
  auto instances =
      chosen(input.query, model.instances, {"InstanceId", "i", "InvalidInstanceID", "instance ID"},
             [](const Instance& i) { return i.id; },
             {{"availability-zone", [](const Instance& i) { return Texts{i.zone}; }},
              {"instance-state-name",
               [](const Instance& i) { return Texts{std::string(to_text(i.state))}; }}});
  if (!instances) return {std::unexpected(instances.error())};
  if (!input.query.flag("IncludeAllInstances")) {
    std::erase_if(*instances,
                  [](const Instance& one) { return one.state != InstanceState::running; });
  }
  Xml xml;
  xml.items("instanceStatusSet", *instances, [&](const Instance& instance) {
    xml.leaf("instanceId", instance.id).leaf("availabilityZone", instance.zone);
    xml.node("instanceState", [&] {
      xml.leaf("code", std::to_string(code_of(instance.state)));
      xml.leaf("name", to_text(instance.state));
    });
    write_status(xml, "systemStatus");
    write_status(xml, "instanceStatus");
    xml.node("eventsSet", [] {});
  });
  return answer(xml);
}

Ec2Outcome describe_security_groups(const Ec2Input& input) {
  const Model& model = input.model;
  auto groups =
      chosen(input.query, model.groups, {"GroupId", "sg", "InvalidGroup", "security group"},
             [](const SecurityGroup& g) { return g.id; },
             {{"group-id", [](const SecurityGroup& g) { return Texts{g.id}; }},
              {"group-name", [](const SecurityGroup& g) { return Texts{g.name}; }},
              {"vpc-id", [&](const SecurityGroup&) { return Texts{model.vpc_id}; }}});
  if (!groups) return {std::unexpected(groups.error())};
  Xml xml;
  xml.items("securityGroupInfo", *groups, [&](const SecurityGroup& group) {
    xml.leaf("ownerId", model.account).leaf("groupId", group.id).leaf("groupName", group.name);
    xml.leaf("groupDescription", group.name).leaf("vpcId", model.vpc_id);
    xml.items("ipPermissions", group.ingress,
              [&](const GroupRule& rule) { write_rule(xml, model, rule); });
    xml.items("ipPermissionsEgress", std::vector<GroupRule>{{.protocol = "-1"}},
              [&](const GroupRule& rule) { write_rule(xml, model, rule); });
    name_tag(xml, group.name);
  });
  return answer(xml);
}

Ec2Outcome describe_regions(const Ec2Input& input) {
  const std::vector<std::string> all = {input.model.region};
  for (const std::string& name : input.query.list("RegionName")) {
    if (name == input.model.region) continue;
    return refuse(400, "InvalidParameterValue", fmt::format("Invalid region provided: {}", name));
  }
  Xml xml;
  xml.items("regionInfo", all, [&](const std::string& region) {
    xml.leaf("regionName", region).leaf("optInStatus", "opt-in-not-required");
    xml.leaf("regionEndpoint", fmt::format("ec2.{}.amazonaws.com", region));
  });
  return answer(xml);
}

}  // namespace mainstay::lab::ec2
