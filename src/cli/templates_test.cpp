// The templates of the guide: they are JSON, both of a pattern make the same things, and their
// policy is the one that the configuration of the figure needs.
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

// The guide's three patterns: the template's name, and the figure's configuration.
struct Pattern {
  std::string name;
  std::string figure;
  std::string cloud_formation() const {
    return fmt::format("examples/aws/{}.cloudformation.json", name);
  }
  std::string terraform() const { return fmt::format("examples/aws/{}.tf.json", name); }
};
const Pattern vip{"vip", "4-1"};
const Pattern eip{"eip", "5-1"};
const Pattern dns{"dns", "6-1"};
const std::vector<Pattern> patterns{vip, eip, dns};

ClusterConfig figure(const Pattern& pattern) {
  CAPTURE(pattern.figure);
  auto config =
      parse_config(file_text(fmt::format("examples/figure-{}.toml", pattern.figure)), catalog());
  REQUIRE(config.has_value());
  return *config;
}

std::set<std::string> texts(const Json& one_or_list) {
  std::set<std::string> out;
  if (one_or_list.is_string()) return {one_or_list.get<std::string>()};
  for (const auto& each : one_or_list) out.insert(each.get<std::string>());
  return out;
}

// Each statement as its actions, and whether a condition narrows it.
using Shape = std::set<std::pair<std::set<std::string>, bool>>;

Shape needed_shape(const Pattern& pattern) {
  Shape shape;
  for (const auto& statement : iam_policy(figure(pattern), catalog(), {}, PolicyUse::nodes)) {
    const bool conditional = !statement.scope.vpcs.empty() || !statement.scope.keys_of.empty();
    shape.insert({{statement.actions.begin(), statement.actions.end()}, conditional});
  }
  return shape;
}

const Json& cloud_formation_policy(const Json& stack) {
  return stack["Resources"]["NodeRole"]["Properties"]["Policies"][0]["PolicyDocument"];
}

TEST_CASE("the CloudFormation templates' policies are the ones that the figures need") {
  for (const Pattern& pattern : patterns) {
    const Json stack = parsed(pattern.cloud_formation());
    Shape shape;
    for (const auto& statement : cloud_formation_policy(stack)["Statement"]) {
      shape.insert({texts(statement["Action"]), statement.contains("Condition")});
    }
    CHECK(shape == needed_shape(pattern));
  }
}

TEST_CASE("the Terraform templates' policies are the ones that the figures need") {
  for (const Pattern& pattern : patterns) {
    const Json plan = parsed(pattern.terraform());
    Shape shape;
    for (const auto& statement : plan["data"]["aws_iam_policy_document"]["mainstay"]["statement"]) {
      shape.insert({texts(statement["actions"]), statement.contains("condition")});
    }
    CHECK(shape == needed_shape(pattern));
  }
}

void check_references(const Json& stack) {
  const std::function<void(const Json&)> check = [&](const Json& json) {
    const auto known = [&](const std::string& name) {
      return name.starts_with("AWS::") || stack["Resources"].contains(name) ||
             stack["Parameters"].contains(name);
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

TEST_CASE("everything that a CloudFormation template refers to is in it") {
  for (const Pattern& pattern : patterns) check_references(parsed(pattern.cloud_formation()));
}

// What stands for the addresses of the figure in a template.
std::set<std::string> addresses_in(const std::string& text) {
  std::set<std::string> found;
  for (const char* address :
       {"10.0.10.10", "10.0.20.10", "10.0.10.20", "10.0.20.20", "10.0.110.10", "10.0.120.10"}) {
    if (text.find(fmt::format("\"{}\"", address)) != std::string::npos) found.insert(address);
  }
  return found;
}

TEST_CASE("both templates give the nodes and NAT instances the addresses of the figure") {
  for (const Pattern& pattern : patterns) {
    const auto config = figure(pattern);
    std::set<std::string> wanted;
    for (const auto& [node, address] : config.paths[0].addresses) wanted.insert(address);
    for (const auto& [node, targets] : config.arbitration.reachability[0].targets) {
      for (const auto& target : targets) {
        if (target.host.starts_with("10.")) wanted.insert(target.host);
      }
    }
    CHECK(addresses_in(file_text(pattern.cloud_formation())) == wanted);
    CHECK(addresses_in(file_text(pattern.terraform())) == wanted);
  }
}

TEST_CASE("Terraform does not take the Elastic IP away from where a failover has put it") {
  const Json plan = parsed(eip.terraform());
  const Json& ignored = plan["resource"]["aws_eip"]["service"]["lifecycle"][0]["ignore_changes"];
  CHECK(texts(ignored).contains("network_interface"));
}

TEST_CASE(
    "in both, no node or NAT instance keeps its Source/Dest. Check, and every table has the VIP") {
  const Json stack = parsed(vip.cloud_formation());
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
  const Json plan = parsed(vip.terraform());
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
