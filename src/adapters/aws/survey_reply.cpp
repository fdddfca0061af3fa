// From the XML of EC2's answers to the words of the survey.
#include <fmt/format.h>

#include <charconv>
#include <pugixml.hpp>

#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/survey.h"

namespace mainstay::aws {
namespace {

Result<pugi::xml_node> root_of(pugi::xml_document& document, std::string_view xml,
                               std::string_view action) {
  const auto loaded =
      document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  const pugi::xml_node root = document.document_element();
  if (loaded && root.name() == fmt::format("{}Response", action)) return root;
  return failure(Code::corrupt, fmt::format("EC2's answer to {} is none ({} bytes). Is something "
                                            "else behind the endpoint?",
                                            action, xml.size()));
}

std::string name_of(pugi::xml_node node) {
  for (const auto item : node.child("tagSet").children("item")) {
    if (std::string_view(item.child_value("key")) == "Name") return item.child_value("value");
  }
  return {};
}

int number(pugi::xml_node node, const char* name, int otherwise) {
  const std::string_view text = node.child_value(name);
  int value = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

// <set><item><name>...</name></item>...</set>
std::vector<std::string> texts(pugi::xml_node set, const char* name) {
  std::vector<std::string> out;
  for (const auto item : set.children("item")) {
    if (const std::string text = item.child_value(name); !text.empty()) out.push_back(text);
  }
  return out;
}

AwsPlacedInterface placed_from(pugi::xml_node node) {
  AwsPlacedInterface out;
  out.interface = {
      .id = node.child_value("networkInterfaceId"),
      .mac = node.child_value("macAddress"),
      .vpc = node.child_value("vpcId"),
      .subnet = node.child_value("subnetId"),
      .zone = node.child_value("availabilityZone"),
      .instance = node.child("attachment").child_value("instanceId"),
      .private_ip = node.child_value("privateIpAddress"),
      .source_dest_check = std::string_view(node.child_value("sourceDestCheck")) != "false"};
  for (const auto item : node.child("privateIpAddressesSet").children("item")) {
    if (std::string_view(item.child_value("primary")) == "true") continue;
    out.interface.secondary_ips.emplace_back(item.child_value("privateIpAddress"));
  }
  out.device_index = number(node.child("attachment"), "deviceIndex", 0);
  out.groups = texts(node.child("groupSet"), "groupId");
  return out;
}

AwsPortRule rule_from(pugi::xml_node node) {
  AwsPortRule rule{.protocol = node.child_value("ipProtocol"),
                   .first_port = number(node, "fromPort", -1),
                   .last_port = number(node, "toPort", -1),
                   .cidrs = texts(node.child("ipRanges"), "cidrIp"),
                   .groups = texts(node.child("groups"), "groupId"),
                   .prefix_lists = texts(node.child("prefixListIds"), "prefixListId")};
  for (auto& text : texts(node.child("ipv6Ranges"), "cidrIpv6")) rule.cidrs.push_back(text);
  return rule;
}

AwsNamedInstance instance_from(pugi::xml_node node) {
  AwsNamedInstance out{.id = node.child_value("instanceId"),
                       .name = name_of(node),
                       .zone = node.child("placement").child_value("availabilityZone"),
                       .vpc = node.child_value("vpcId"),
                       .interfaces = {}};
  for (const auto item : node.child("networkInterfaceSet").children("item")) {
    AwsPlacedInterface interface = placed_from(item);
    interface.interface.instance = out.id;
    interface.interface.zone = out.zone;
    out.interfaces.push_back(std::move(interface));
  }
  return out;
}

}  // namespace

Result<std::vector<AwsSubnet>> parse_subnets(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeSubnets");
  if (!root) return std::unexpected(root.error());
  std::vector<AwsSubnet> out;
  for (const auto item : root->child("subnetSet").children("item")) {
    out.push_back({item.child_value("subnetId"), name_of(item),
                   item.child_value("availabilityZone"), item.child_value("cidrBlock")});
  }
  return out;
}

Result<std::vector<AwsPlacedInterface>> parse_placed_interfaces(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeNetworkInterfaces");
  if (!root) return std::unexpected(root.error());
  std::vector<AwsPlacedInterface> out;
  for (const auto item : root->child("networkInterfaceSet").children("item")) {
    out.push_back(placed_from(item));
  }
  return out;
}

Result<std::vector<AwsSecurityGroup>> parse_security_groups(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeSecurityGroups");
  if (!root) return std::unexpected(root.error());
  std::vector<AwsSecurityGroup> out;
  for (const auto item : root->child("securityGroupInfo").children("item")) {
    AwsSecurityGroup group{item.child_value("groupId"), item.child_value("groupName"), {}};
    for (const auto rule : item.child("ipPermissions").children("item")) {
      group.inbound.push_back(rule_from(rule));
    }
    out.push_back(std::move(group));
  }
  return out;
}

Result<std::vector<AwsNamedInstance>> parse_named_instances(std::string_view xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeInstances");
  if (!root) return std::unexpected(root.error());
  std::vector<AwsNamedInstance> out;
  for (const auto reservation : root->child("reservationSet").children("item")) {
    for (const auto item : reservation.child("instancesSet").children("item")) {
      out.push_back(instance_from(item));
    }
  }
  return out;
}

}  // namespace mainstay::aws
