#include "adapters/aws/ec2_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>

namespace mainstay::aws {
namespace {

// The root element of a successful answer to `action`.
Result<pugi::xml_node> root_of(pugi::xml_document& document, std::string_view xml,
                               std::string_view action) {
  const auto loaded =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  const std::string wanted = fmt::format("{}Response", action);
  const pugi::xml_node root = document.document_element();
  if (!loaded || root.name() != wanted) {
    return failure(Code::corrupt, fmt::format("EC2's answer to {} is no {} document ({} bytes). "
                                              "Is something else behind the endpoint?",
                                              action, wanted, xml.size()));
  }
  return root;
}

std::string text(pugi::xml_node node, const char* name) { return node.child_value(name); }

bool is_true(pugi::xml_node node, const char* name) { return text(node, name) == "true"; }

std::string first_text(pugi::xml_node node, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const std::string found = text(node, name); !found.empty()) return found;
  }
  return {};
}

std::string tag(pugi::xml_node node, std::string_view key) {
  for (const auto item : node.child("tagSet").children("item")) {
    if (item.child_value("key") == key) return item.child_value("value");
  }
  return {};
}

AwsRoute route_from(pugi::xml_node node) {
  AwsRoute route;
  route.destination = first_text(
      node, {"destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"});
  route.eni = text(node, "networkInterfaceId");
  if (route.eni.empty()) {
    route.other_target =
        first_text(node, {"gatewayId", "natGatewayId", "transitGatewayId", "vpcPeeringConnectionId",
                          "egressOnlyInternetGatewayId", "localGatewayId", "carrierGatewayId",
                          "coreNetworkArn", "instanceId"});
  }
  route.active = text(node, "state") != "blackhole";
  return route;
}

AwsRouteTable route_table_from(pugi::xml_node node) {
  AwsRouteTable table;
  table.id = text(node, "routeTableId");
  table.name = tag(node, "Name");
  for (const auto association : node.child("associationSet").children("item")) {
    if (is_true(association, "main")) table.main = true;
    const std::string subnet = text(association, "subnetId");
    if (!subnet.empty()) table.subnets.push_back(subnet);
  }
  for (const auto route : node.child("routeSet").children("item")) {
    table.routes.push_back(route_from(route));
  }
  return table;
}

AwsInterface interface_from(pugi::xml_node node) {
  AwsInterface out;
  out.id = text(node, "networkInterfaceId");
  out.mac = text(node, "macAddress");
  out.vpc = text(node, "vpcId");
  out.subnet = text(node, "subnetId");
  out.zone = text(node, "availabilityZone");
  out.instance = text(node.child("attachment"), "instanceId");
  out.private_ip = text(node, "privateIpAddress");
  out.source_dest_check = text(node, "sourceDestCheck") != "false";
  for (const auto item : node.child("privateIpAddressesSet").children("item")) {
    if (!is_true(item, "primary")) out.secondary_ips.push_back(text(item, "privateIpAddress"));
  }
  return out;
}

AwsAddress address_from(pugi::xml_node node) {
  return {.allocation = text(node, "allocationId"),
          .public_ip = text(node, "publicIp"),
          .association = text(node, "associationId"),
          .eni = text(node, "networkInterfaceId"),
          .private_ip = text(node, "privateIpAddress")};
}

// A state that EC2 has thought of since is worth a look, no more.
ZoneState zone_state_from(std::string_view name) {
  if (name == "available") return ZoneState::available;
  if (name == "unavailable") return ZoneState::unavailable;
  return name == "impaired" ? ZoneState::impaired : ZoneState::information;
}

AwsZone zone_from(pugi::xml_node node) {
  AwsZone zone{.name = text(node, "zoneName"),
               .state = zone_state_from(text(node, "zoneState")),
               .messages = {}};
  for (const auto item : node.child("messageSet").children("item")) {
    zone.messages.push_back(text(item, "message"));
  }
  return zone;
}

// Blocks that are on their way in or out do not belong to the VPC's addresses.
void add_cidrs(pugi::xml_node set, const char* block, const char* state,
               std::vector<std::string>& out) {
  for (const auto item : set.children("item")) {
    const std::string association = item.child(state).child_value("state");
    if (!association.empty() && association != "associated") continue;
    const std::string cidr = text(item, block);
    if (!cidr.empty() && std::ranges::find(out, cidr) == out.end()) out.push_back(cidr);
  }
}

Result<InstanceState> instance_state_from(const std::string& name) {
  using enum InstanceState;
  static constexpr std::array<std::pair<std::string_view, InstanceState>, 6> states = {
      {{"pending", pending},
       {"running", running},
       {"stopping", stopping},
       {"stopped", stopped},
       {"shutting-down", shutting_down},
       {"terminated", terminated}}};
  for (const auto& [text, state] : states) {
    if (text == name) return state;
  }
  return failure(Code::corrupt, fmt::format("EC2 names an instance state that is not known: '{}'",
                                            name.substr(0, 40)));
}

std::vector<std::string> addresses_of(pugi::xml_node instance) {
  std::vector<std::string> addresses;
  const auto add = [&](const std::string& address) {
    if (!address.empty() && std::ranges::find(addresses, address) == addresses.end()) {
      addresses.push_back(address);
    }
  };
  add(text(instance, "privateIpAddress"));
  add(text(instance, "ipAddress"));
  for (const auto interface : instance.child("networkInterfaceSet").children("item")) {
    add(text(interface, "privateIpAddress"));
    add(text(interface.child("association"), "publicIp"));
    for (const auto item : interface.child("privateIpAddressesSet").children("item")) {
      add(text(item, "privateIpAddress"));
      add(text(item.child("association"), "publicIp"));
    }
    for (const auto item : interface.child("ipv6AddressesSet").children("item")) {
      add(text(item, "ipv6Address"));
    }
  }
  return addresses;
}

}  // namespace

Result<Page<AwsRouteTable>> parse_route_tables(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeRouteTables");
  if (!root) return std::unexpected(root.error());
  Page<AwsRouteTable> page;
  for (const auto item : root->child("routeTableSet").children("item")) {
    page.items.push_back(route_table_from(item));
  }
  page.next = text(*root, "nextToken");
  return page;
}

Result<std::vector<std::string>> parse_vpc_cidrs(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeVpcs");
  if (!root) return std::unexpected(root.error());
  std::vector<std::string> cidrs;
  for (const auto item : root->child("vpcSet").children("item")) {
    const std::string primary = text(item, "cidrBlock");
    if (!primary.empty()) cidrs.push_back(primary);
    add_cidrs(item.child("cidrBlockAssociationSet"), "cidrBlock", "cidrBlockState", cidrs);
    add_cidrs(item.child("ipv6CidrBlockAssociationSet"), "ipv6CidrBlock", "ipv6CidrBlockState",
              cidrs);
  }
  return cidrs;
}

Result<std::vector<AwsInterface>> parse_network_interfaces(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeNetworkInterfaces");
  if (!root) return std::unexpected(root.error());
  std::vector<AwsInterface> interfaces;
  for (const auto item : root->child("networkInterfaceSet").children("item")) {
    interfaces.push_back(interface_from(item));
  }
  return interfaces;
}

Result<std::vector<AwsAddress>> parse_addresses(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeAddresses");
  if (!root) return std::unexpected(root.error());
  std::vector<AwsAddress> addresses;
  for (const auto item : root->child("addressesSet").children("item")) {
    addresses.push_back(address_from(item));
  }
  return addresses;
}

Result<std::vector<AwsZone>> parse_zones(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeAvailabilityZones");
  if (!root) return std::unexpected(root.error());
  std::vector<AwsZone> zones;
  for (const auto item : root->child("availabilityZoneInfo").children("item")) {
    zones.push_back(zone_from(item));
  }
  return zones;
}

Result<std::vector<AwsInstance>> parse_instances(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeInstances");
  if (!root) return std::unexpected(root.error());
  std::vector<AwsInstance> instances;
  for (const auto reservation : root->child("reservationSet").children("item")) {
    for (const auto item : reservation.child("instancesSet").children("item")) {
      const auto state = instance_state_from(text(item.child("instanceState"), "name"));
      if (!state) return std::unexpected(state.error());
      instances.push_back(
          {text(item, "instanceId"), *state, text(item, "launchTime"), addresses_of(item)});
    }
  }
  return instances;
}

Status parse_return(std::string_view xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) {
    return failure(Code::corrupt, "EC2's answer is no XML");
  }
  const pugi::xml_node root = document.document_element();
  if (text(root, "return") == "true") return {};
  return failure(Code::corrupt,
                 fmt::format("EC2's answer does not say that it was done ({} bytes)", xml.size()));
}

Status parse_told(std::string_view xml, std::string_view action, std::string_view instance) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, action);
  if (!root) return std::unexpected(root.error());
  for (const auto item : root->child("instancesSet").children("item")) {
    if (item.child_value("instanceId") == instance) return {};
  }
  return failure(Code::corrupt, fmt::format("EC2's answer does not mention {}", instance));
}

Status parse_assigned(std::string_view xml, std::string_view eni) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "AssignPrivateIpAddresses");
  if (!root) return std::unexpected(root.error());
  // Older APIs only say yes.
  if (is_true(*root, "return") || text(*root, "networkInterfaceId") == eni) return {};
  return failure(Code::corrupt, fmt::format("EC2's answer does not mention {}", eni));
}

Fault parse_fault(int status, std::string_view body) {
  Fault fault{.status = status};
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) return fault;
  const pugi::xml_node root = document.document_element();
  pugi::xml_node error = root.child("Errors").child("Error");             // EC2
  if (!error) error = root.child("Error");                                // STS, Route 53
  if (!error && std::string_view(root.name()) == "Error") error = root;   // S3
  if (!error && std::string_view(root.name()) == "InvalidChangeBatch") {  // Route 53, older form
    fault.code = root.name();
    fault.message = root.child("Messages").child_value("Message");
    return fault;
  }
  fault.code = text(error, "Code");
  fault.message = text(error, "Message");
  return fault;
}

}  // namespace mainstay::aws
