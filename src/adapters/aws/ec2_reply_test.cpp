#include "adapters/aws/ec2_reply.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace mainstay::aws {
namespace {

std::string response(std::string_view action, std::string_view content) {
  return fmt::format(
      "<?xml version=\"1.0\"?>\n<{0}Response "
      "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">{1}</{0}Response>",
      action, content);
}

AwsRoute route(std::string_view content) {
  const auto page = parse_route_tables(response(
      "DescribeRouteTables",
      fmt::format(
          "<routeTableSet><item><routeSet><item>{}</item></routeSet></item></routeTableSet>",
          content)));
  return page.value().items.at(0).routes.at(0);
}

TEST_CASE("every kind of route's destination and target is understood") {
  CHECK(route("<destinationIpv6CidrBlock>::/0</destinationIpv6CidrBlock>"
              "<egressOnlyInternetGatewayId>eigw-1</egressOnlyInternetGatewayId>") ==
        AwsRoute{.destination = "::/0", .other_target = "eigw-1"});
  CHECK(route("<destinationPrefixListId>pl-1</destinationPrefixListId>"
              "<gatewayId>vpce-1</gatewayId>") ==
        AwsRoute{.destination = "pl-1", .other_target = "vpce-1"});
  CHECK(route("<destinationCidrBlock>a</destinationCidrBlock><natGatewayId>nat-1</natGatewayId>")
            .other_target == "nat-1");
  CHECK(route("<transitGatewayId>tgw-1</transitGatewayId>").other_target == "tgw-1");
  CHECK(route("<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId>").other_target == "pcx-1");
  // An interface counts before the instance it is attached to.
  CHECK(route("<instanceId>i-1</instanceId><networkInterfaceId>eni-1</networkInterfaceId>") ==
        AwsRoute{.eni = "eni-1"});
  CHECK_FALSE(route("<gatewayId>x</gatewayId><state>blackhole</state>").active);
}

TEST_CASE("a page says which one comes next") {
  const auto page = parse_route_tables(
      response("DescribeRouteTables", "<routeTableSet/><nextToken>abc==</nextToken>"));
  CHECK(page->next == "abc==");
  CHECK(page->items.empty());
}

TEST_CASE("a VPC's blocks are named once, and only while they are associated") {
  const auto cidrs = parse_vpc_cidrs(
      response("DescribeVpcs",
               "<vpcSet><item><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockAssociationSet>"
               "<item><cidrBlock>10.0.0.0/16</cidrBlock></item>"
               "<item><cidrBlock>10.7.0.0/16</cidrBlock><cidrBlockState><state>associating</state>"
               "</cidrBlockState></item>"
               "<item><cidrBlock>10.9.0.0/16</cidrBlock><cidrBlockState><state>associated</state>"
               "</cidrBlockState></item></cidrBlockAssociationSet></item></vpcSet>"));
  CHECK(cidrs.value() == std::vector<std::string>{"10.0.0.0/16", "10.9.0.0/16"});
}

TEST_CASE(
    "an interface without an attachment has no instance, and its check is on unless it is off") {
  const auto found = parse_network_interfaces(
      response("DescribeNetworkInterfaces",
               "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId>"
               "</item></networkInterfaceSet>"));
  CHECK(found->at(0) == AwsInterface{.id = "eni-1"});
  CHECK(found->at(0).source_dest_check);
}

std::string instance_in(std::string_view state) {
  return response("DescribeInstances",
                  fmt::format("<reservationSet><item><instancesSet><item><instanceId>i-1"
                              "</instanceId><instanceState><name>{}</name></instanceState></item>"
                              "</instancesSet></item></reservationSet>",
                              state));
}

TEST_CASE("each state of an instance has its word, and a new word is not guessed at") {
  using enum InstanceState;
  const std::vector<std::pair<const char*, InstanceState>> rows = {{"pending", pending},
                                                                   {"running", running},
                                                                   {"stopping", stopping},
                                                                   {"stopped", stopped},
                                                                   {"shutting-down", shutting_down},
                                                                   {"terminated", terminated}};
  for (const auto& [word, state] : rows) {
    CHECK(parse_instances(instance_in(word))->at(0).state == state);
  }
  CHECK(parse_instances(instance_in("hibernated")).error().code == Code::corrupt);
  CHECK(parse_instances(instance_in("")).error().code == Code::corrupt);
}

TEST_CASE("what is no answer to the question is corrupt") {
  for (const std::string text :
       {"", "<html><body>Welcome to the proxy</body></html>", "<DescribeVpcsResponse>", "\x01\x02",
        "<DescribeSubnetsResponse/>", "{\"json\": true}"}) {
    CAPTURE(text);
    CHECK(parse_route_tables(text).error().code == Code::corrupt);
    CHECK(parse_vpc_cidrs(text).error().code == Code::corrupt);
    CHECK(parse_network_interfaces(text).error().code == Code::corrupt);
    CHECK(parse_instances(text).error().code == Code::corrupt);
    CHECK(parse_return(text).error().code == Code::corrupt);
    CHECK(parse_told(text, "StopInstances", "i-1").error().code == Code::corrupt);
  }
}

TEST_CASE("done is what says that it is done") {
  CHECK(parse_return(response("ReplaceRoute", "<return>true</return>")).has_value());
  CHECK_FALSE(parse_return(response("ReplaceRoute", "<return>false</return>")).has_value());
  CHECK_FALSE(parse_return(response("ReplaceRoute", "")).has_value());
  const std::string stopping = response(
      "StopInstances", "<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>");
  CHECK(parse_told(stopping, "StopInstances", "i-1").has_value());
  CHECK_FALSE(parse_told(stopping, "StopInstances", "i-2").has_value());
}

TEST_CASE("errors are read in the forms of EC2, of STS and of S3") {
  const Fault wanted{400, "Some.Code", "Some sentence."};
  const std::string error =
      "<Error><Code>Some.Code</Code><Message>Some sentence.</Message></Error>";
  CHECK(parse_fault(400, "<Response><Errors>" + error + "</Errors></Response>") == wanted);
  CHECK(parse_fault(400, "<ErrorResponse xmlns='x'>" + error + "</ErrorResponse>") == wanted);
  CHECK(parse_fault(400, error) == wanted);
  CHECK(parse_fault(502, "<html>Bad gateway</html>") == Fault{502, "", ""});
  CHECK(parse_fault(503, "") == Fault{503, "", ""});
}

TEST_CASE("an Elastic IP address is told with what it is associated with") {
  const auto addresses = parse_addresses(response(
      "DescribeAddresses",
      "<addressesSet><item><publicIp>198.51.100.1</publicIp><allocationId>eipalloc-1"
      "</allocationId><domain>vpc</domain><instanceId>i-1</instanceId><associationId>eipassoc-1"
      "</associationId><networkInterfaceId>eni-1</networkInterfaceId><networkInterfaceOwnerId>1"
      "</networkInterfaceOwnerId><privateIpAddress>10.0.0.5</privateIpAddress></item>"
      "<item><publicIp>198.51.100.2</publicIp><allocationId>eipalloc-2</allocationId></item>"
      "</addressesSet>"));
  REQUIRE(addresses.has_value());
  CHECK(*addresses ==
        std::vector<AwsAddress>{{"eipalloc-1", "198.51.100.1", "eipassoc-1", "eni-1", "10.0.0.5"},
                                {"eipalloc-2", "198.51.100.2", "", "", ""}});
  CHECK_FALSE(parse_addresses("<html/>").has_value());
}

TEST_CASE("states of zones, the old ones and those still to come") {
  const auto zones = parse_zones(response(
      "DescribeAvailabilityZones",
      "<availabilityZoneInfo>"
      "<item><zoneName>a</zoneName><zoneState>available</zoneState><messageSet/></item>"
      "<item><zoneName>b</zoneName><zoneState>impaired</zoneState><messageSet><item><message>Power"
      "</message></item></messageSet></item>"
      "<item><zoneName>c</zoneName><zoneState>unavailable</zoneState></item>"
      "<item><zoneName>d</zoneName><zoneState>constrained</zoneState></item>"
      "</availabilityZoneInfo>"));
  REQUIRE(zones.has_value());
  CHECK(*zones == std::vector<AwsZone>{{"a", ZoneState::available, {}},
                                       {"b", ZoneState::impaired, {"Power"}},
                                       {"c", ZoneState::unavailable, {}},
                                       {"d", ZoneState::information, {}}});
}

TEST_CASE("an assignment is one only if the answer says so") {
  CHECK(parse_assigned(response("AssignPrivateIpAddresses", "<return>true</return>"), "eni-1"));
  CHECK(parse_assigned(
      response("AssignPrivateIpAddresses", "<networkInterfaceId>eni-1</networkInterfaceId>"),
      "eni-1"));
  CHECK_FALSE(parse_assigned(response("AssignPrivateIpAddresses", ""), "eni-1"));
  CHECK_FALSE(parse_assigned(
      response("AssignPrivateIpAddresses", "<networkInterfaceId>eni-2</networkInterfaceId>"),
      "eni-1"));
}

}  // namespace
}  // namespace mainstay::aws
