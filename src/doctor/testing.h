// Two nodes and what the doctor asks about them, for its tests: everything as it should be, and to
// be broken as they like.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "doctor/checks.h"
#include "doctor/fake_survey.h"
#include "ports/testing.h"

namespace mainstay::doctor {

inline const NodeName self("server1");
inline const NodeName other("server2");

inline AwsInterface interface(const std::string& letter, const std::string& address) {
  return {.id = "eni-" + letter,
          .mac = "02:00:00:00:00:0" + letter,
          .vpc = "vpc-1",
          .subnet = "subnet-" + letter,
          .zone = "eu-west-1" + letter,
          .instance = "i-" + letter,
          .private_ip = address,
          .source_dest_check = false};
}

inline AwsRouteTable table(const std::string& id, std::vector<std::string> subnets,
                           const std::string& eni) {
  AwsRouteTable made{
      .id = id, .name = "", .main = false, .subnets = std::move(subnets), .routes = {}};
  if (!eni.empty()) made.routes.push_back({"10.1.0.20/32", eni, "", true});
  return made;
}

inline AwsPortRule rule(const std::string& protocol, int port) {
  return {.protocol = protocol,
          .first_port = port,
          .last_port = port,
          .cidrs = {"10.0.0.0/16"},
          .groups = {},
          .prefix_lists = {}};
}

struct VipFields {
  std::string vpc_id;
};

inline TypeSchema awsvip_schema() {
  TypeSchema schema;
  schema.type = "awsvip";
  schema.fields = {field(&VipFields::vpc_id, "vpc_id").format(TextFormat::vpc_id)};
  schema.iam_actions = {"ec2:DescribeRouteTables", "ec2:ReplaceRoute"};
  return schema;
}

// Two nodes, one VIP, everything as it should be.
struct Bench {
  testing::FakeClock clock;
  testing::FakeAws aws{clock};
  testing::FakeHost host{clock};
  testing::FakeResolver resolver{clock};
  testing::FakeSurvey survey;
  ClusterConfig config;
  Catalog catalog{.resources = {awsvip_schema()}, .monitors = {}};

  Bench() {
    aws.self = {"i-a", "eu-west-1", "eu-west-1a", {interface("a", "10.0.1.10")}};
    aws.tables = {table("rtb-1", {"subnet-a"}, "eni-b"), table("rtb-2", {"subnet-b"}, "eni-b")};
    host.macs = {{"02:00:00:00:00:0a", "ens5"}};
    host.addresses = {{"10.0.1.10", "ens5"}};
    survey.interfaces["eni-a"] = {interface("a", "10.0.1.10"), 0, {"sg-1"}};
    survey.interfaces["eni-b"] = {interface("b", "10.0.2.10"), 0, {"sg-2"}};
    survey.all_subnets = std::vector<AwsSubnet>{{"subnet-a", "", "eu-west-1a", "10.0.1.0/24"},
                                                {"subnet-b", "", "eu-west-1b", "10.0.2.0/24"}};
    survey.groups =
        std::vector<AwsSecurityGroup>{{"sg-1", "nodes", {rule("udp", 29002), rule("tcp", 29001)}}};
    config.nodes = {{self, "", ""}, {other, "", ""}};
    config.paths = {{PathName("path1"), {{self, "10.0.1.10"}, {other, "10.0.2.10"}}}};
    GroupConfig group{.name = GroupName("g"), .policy = {self, other}, .resources = {}};
    ResourceConfig vip;
    vip.name = ResourceName("awsvip1");
    vip.type = "awsvip";
    vip.params[self] = {{"ip", std::string("10.1.0.20")},
                        {"vpc_id", std::string("vpc-1")},
                        {"eni_id", std::string("eni-a")},
                        {"interface", std::string("")}};
    group.resources = {vip};
    config.groups = {group};
  }
  Params& params() { return config.groups[0].resources[0].params[self]; }
  AwsSecurityGroup& group() { return survey.groups->front(); }
  Report look() {
    const Bench& constant = *this;
    auto facts = testing::run(clock, gather(constant.config, self, {aws, survey, host, resolver},
                                            {clock.now() + 10s, {}}));
    return examine({config, catalog, facts});
  }
  // The findings of one check that are not good.
  Findings of(const std::string& check) {
    Findings found;
    for (const Finding& each : look().findings) {
      if (each.check == check && each.grade != Grade::good) found.push_back(each);
    }
    return found;
  }
  // The only one there is.
  Finding only(const std::string& check) {
    const Findings found = of(check);
    REQUIRE(found.size() == 1);
    return found.front();
  }
};

inline TypeSchema schema_of(std::string type, std::vector<std::string> actions) {
  TypeSchema schema;
  schema.type = std::move(type);
  schema.iam_actions = std::move(actions);
  return schema;
}

// The bench with one resource of another type instead of the VIP.
struct AddressBench : Bench {
  AddressBench(const std::string& type, std::vector<std::string> actions) {
    catalog.resources = {schema_of(type, std::move(actions))};
    ResourceConfig resource;
    resource.name = ResourceName(type + "1");
    resource.type = type;
    config.groups[0].resources = {resource};
  }
  Params& on(const NodeName& node) { return config.groups[0].resources[0].params[node]; }
};

inline void check_all_good(Bench& bench, std::initializer_list<const char*> expected) {
  std::set<std::string> checks;
  for (const Finding& finding : bench.look().findings) {
    CAPTURE(finding.check + ": " + finding.fact);
    CHECK(finding.grade == Grade::good);
    checks.insert(finding.check);
  }
  for (const char* check : expected) CHECK(checks.contains(check));
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace mainstay::doctor
