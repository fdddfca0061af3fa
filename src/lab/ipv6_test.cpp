// IPv6: addresses, blocks, and the routes of an account that has them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <pugixml.hpp>

#include "lab/changes.h"
#include "lab/ec2.h"

using namespace mainstay::lab;

namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

Model make() {
  std::string text =
      replaced(default_layout_text(), "\"zones\"", "\"vpc_ipv6\": \"2001:db8:1::/56\", \"zones\"");
  for (const char* subnet : {"2A", "2B"}) {
    const std::string name = fmt::format("\"name\": \"Subnet-{}\",", subnet);
    text = replaced(text, name, fmt::format("{} \"ipv6\": \"2001:db8:1:{}::/64\",", name, subnet));
  }
  text = replaced(text, "\"address\": \"10.0.110.10\",",
                  "\"address\": \"10.0.110.10\", \"ipv6\": \"2001:db8:1:2a::10\",");
  const auto layout = parse_layout(text);
  REQUIRE_MESSAGE(layout.has_value(), (layout ? "" : layout.error().message));
  return make_model(*layout, 1'000);
}

Ec2Outcome call(const std::string& form, const Model& model) {
  const Query query(parse_form(form));
  return ec2_call(query.value("Action"), {query, model, 2'000});
}

std::string code(const std::string& form, const Model& model) {
  const auto outcome = call(form, model);
  return outcome.content ? "ok" : outcome.content.error().code;
}

std::string text(const std::string& form, const Model& model, const char* path) {
  const auto outcome = call(form, model);
  REQUIRE_MESSAGE(outcome.content.has_value(), outcome.content.error().message);
  pugi::xml_document document;
  REQUIRE(document.load_string(ec2_response("X", *outcome.content, "id").c_str()));
  return document.select_node(path).node().child_value();
}

const std::string table = make_id("rtb", "Private-A");

std::string route(const char* action, const char* destination) {
  return fmt::format("Action={}&RouteTableId={}&DestinationIpv6CidrBlock={}&NetworkInterfaceId={}",
                     action, table, destination, make_id("eni", "server1"));
}

}  // namespace

TEST_CASE("addresses and blocks of IPv6 are read strictly and printed in one form") {
  CHECK(to_text(*parse_ipv6("2001:DB8:0:0::1")) == "2001:db8::1");
  CHECK(to_text(*parse_cidr6("2001:db8:1:2a::/64")) == "2001:db8:1:2a::/64");
  CHECK(parse_cidr6("2001:db8:1::/56")->contains(*parse_cidr6("2001:db8:1:2a::/64")));
  CHECK_FALSE(parse_cidr6("2001:db8:1::/56")->contains(*parse_ipv6("2001:db8:1:100::1")));
  for (const char* wrong : {"2001:db8::1", "2001:db8::1/64", "::/129", "10.0.0.0/8", "::/x"})
    CHECK_FALSE(parse_cidr6(wrong).has_value());
}

TEST_CASE("routes of IPv6 come, are replaced and go beside those of IPv4") {
  const Model before = make();
  const auto made = call(route("CreateRoute", "2001:db8:99::20/128"), before);
  REQUIRE(made.next.has_value());
  const Destination vip{{}, *parse_cidr6("2001:db8:99::20/128")};
  CHECK(changes(before, *made.next) ==
        std::vector<Change>{
            SetRoute{table, {.destination = vip, .eni_id = make_id("eni", "server1")}}});
  CHECK(text("Action=DescribeRouteTables&Filter.1.Name=route.destination-ipv6-cidr-block&"
             "Filter.1.Value.1=2001:db8:99::20/128",
             *made.next, "//routeTableId") == table);
  CHECK(text("Action=DescribeRouteTables&RouteTableId.1=" + table, *made.next,
             "//item[destinationIpv6CidrBlock='2001:db8:99::20/128']/networkInterfaceId") ==
        make_id("eni", "server1"));
  CHECK(code(route("ReplaceRoute", "2001:db8:99::20/128"), *made.next) == "ok");
  CHECK(code(route("ReplaceRoute", "2001:db8:99::21/128"), *made.next) == "InvalidParameterValue");
  const auto gone = call(fmt::format("Action=DeleteRoute&RouteTableId={}&DestinationIpv6CidrBlock="
                                     "2001:db8:99::20/128",
                                     table),
                         *made.next);
  REQUIRE(gone.next.has_value());
  CHECK(*gone.next == before);
}

TEST_CASE("wrong destinations of IPv6 are refused") {
  const Model model = make();
  CHECK(code(route("CreateRoute", "2001:db8:99::20"), model) == "InvalidParameterValue");
  CHECK(code(route("CreateRoute", "2001:db8:1:2a::20/128"), model) == "InvalidParameterValue");
  CHECK(code(route("CreateRoute", "2001:db8:99::20/128") + "&DestinationCidrBlock=10.1.0.1/32",
             model) == "InvalidParameterCombination");
}

TEST_CASE("blocks and addresses of IPv6 are described") {
  const Model model = make();
  CHECK(text("Action=DescribeVpcs", model, "//ipv6CidrBlock") == "2001:db8:1::/56");
  CHECK(text("Action=DescribeSubnets&SubnetId.1=" + make_id("subnet", "Subnet-2A"), model,
             "//ipv6CidrBlock") == "2001:db8:1:2a::/64");
  CHECK(text("Action=DescribeNetworkInterfaces&Filter.1.Name=ipv6-addresses.ipv6-address&"
             "Filter.1.Value.1=2001:db8:1:2a::10",
             model, "//ipv6AddressesSet/item/ipv6Address") == "2001:db8:1:2a::10");
  CHECK(text("Action=DescribeInstances&Filter.1.Name=network-interface.ipv6-addresses.ipv6-address&"
             "Filter.1.Value.1=2001:db8:1:2a::10",
             model, "//instancesSet/item/instanceId") == make_id("i", "server1"));
}
