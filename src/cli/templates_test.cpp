// The templates of the guide: they are JSON, both make the same things, and their policy is the one
// that the configuration of figure 4-1 needs.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "catalog/catalog.h"
#include "config/iam_policy.h"
#include "config/parse.h"

namespace mainstay {
namespace {

using Json = nlohmann::json;

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Json parsed(const std::string& path) {
  CAPTURE(path);
  Json json = Json::parse(file_text(path), nullptr, false);
  REQUIRE(json.is_object());
  return json;
}

ClusterConfig figure() {
  auto config = parse_config(file_text("examples/figure-4-1.toml"), catalog());
  REQUIRE(config.has_value());
  return *config;
}

std::set<std::string> texts(const Json& one_or_list) {
  std::set<std::string> out;
  if (one_or_list.is_string()) return {one_or_list.get<std::string>()};
  for (const auto& each : one_or_list) out.insert(each.get<std::string>());
  return out;
}

// Each statement as its actions, and whether it is narrowed to the routes of a VPC.
using Shape = std::set<std::pair<std::set<std::string>, bool>>;

Shape needed_shape() {
  Shape shape;
  for (const auto& statement : iam_policy(figure(), catalog(), {}, PolicyUse::nodes)) {
    shape.insert(
        {{statement.actions.begin(), statement.actions.end()}, !statement.scope.vpcs.empty()});
  }
  return shape;
}

const Json& cloud_formation_policy(const Json& stack) {
  return stack["Resources"]["NodeRole"]["Properties"]["Policies"][0]["PolicyDocument"];
}

TEST_CASE("the CloudFormation template's policy is the one that the figure needs") {
  const Json stack = parsed("examples/aws/vip.cloudformation.json");
  Shape shape;
  for (const auto& statement : cloud_formation_policy(stack)["Statement"]) {
    shape.insert({texts(statement["Action"]), statement.contains("Condition")});
  }
  CHECK(shape == needed_shape());
}

TEST_CASE("the Terraform template's policy is the one that the figure needs") {
  const Json plan = parsed("examples/aws/vip.tf.json");
  Shape shape;
  for (const auto& statement : plan["data"]["aws_iam_policy_document"]["mainstay"]["statement"]) {
    shape.insert({texts(statement["actions"]), statement.contains("condition")});
  }
  CHECK(shape == needed_shape());
}

TEST_CASE("everything that the CloudFormation template refers to is in it") {
  const Json stack = parsed("examples/aws/vip.cloudformation.json");
  const std::function<void(const Json&)> check = [&](const Json& json) {
    const auto known = [&](const std::string& name) {
      return stack["Resources"].contains(name) || stack["Parameters"].contains(name);
    };
    if (json.is_object() && json.contains("Ref")) {
      CAPTURE(json.dump());
      CHECK(known(json["Ref"]));
    }
    if (json.is_object() && json.contains("Fn::GetAtt")) CHECK(known(json["Fn::GetAtt"][0]));
    if (json.is_structured()) {
      for (const auto& each : json) check(each);
    }
  };
  check(stack);
}

// What stands for the addresses of the figure in a template.
std::set<std::string> addresses_in(const std::string& text) {
  std::set<std::string> found;
  for (const char* address : {"10.0.10.20", "10.0.20.20", "10.0.110.10", "10.0.120.10"}) {
    if (text.find(fmt::format("\"{}\"", address)) != std::string::npos) found.insert(address);
  }
  return found;
}

TEST_CASE("both templates give the nodes and NAT instances the addresses of the figure") {
  const auto config = figure();
  std::set<std::string> wanted;
  for (const auto& [node, address] : config.paths[0].addresses) wanted.insert(address);
  for (const auto& [node, targets] : config.arbitration.reachability[0].targets) {
    for (const auto& target : targets) wanted.insert(target.host);
  }
  CHECK(addresses_in(file_text("examples/aws/vip.cloudformation.json")) == wanted);
  CHECK(addresses_in(file_text("examples/aws/vip.tf.json")) == wanted);
}

TEST_CASE(
    "in both, no node or NAT instance keeps its Source/Dest. Check, and every table has the VIP") {
  const Json stack = parsed("examples/aws/vip.cloudformation.json");
  std::set<std::string> tables;
  std::set<std::string> tables_with_vip;
  for (const auto& [name, resource] : stack["Resources"].items()) {
    const Json& properties = resource.value("Properties", Json::object());
    const std::string type = resource["Type"];
    if (type == "AWS::EC2::NetworkInterface") CHECK(properties["SourceDestCheck"] == false);
    if (type == "AWS::EC2::RouteTable") tables.insert(name);
    if (type == "AWS::EC2::Route" && properties["DestinationCidrBlock"].is_object()) {
      tables_with_vip.insert(properties["RouteTableId"]["Ref"].get<std::string>());
    }
  }
  CHECK(tables.size() == 3);
  CHECK(tables == tables_with_vip);
  const Json plan = parsed("examples/aws/vip.tf.json");
  for (const auto& interface : plan["resource"]["aws_network_interface"]) {
    CHECK(interface["source_dest_check"] == false);
  }
  std::size_t routes = 0;
  for (const auto& route : plan["resource"]["aws_route"]) {
    if (route["destination_cidr_block"] != "${var.vip}/32") continue;
    ++routes;
    // What a failover has moved stays where it is.
    CHECK(route["lifecycle"]["ignore_changes"][0] == "network_interface_id");
  }
  CHECK(routes == plan["resource"]["aws_route_table"].size());
}

}  // namespace
}  // namespace mainstay
