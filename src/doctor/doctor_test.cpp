// A healthy node, and everything that can be missing on it, one by one.
#include <doctest/doctest.h>

#include "doctor/repair.h"
#include "doctor/testing.h"

namespace mainstay::doctor {
namespace {

TEST_CASE("a node that has everything gets good findings only, from every check") {
  Bench bench;
  const Report report = bench.look();
  std::set<std::string> checks;
  for (const Finding& finding : report.findings) {
    CAPTURE(finding.fact);
    CHECK(finding.grade == Grade::good);
    CHECK_FALSE(finding.fact.empty());
    checks.insert(finding.check);
  }
  CHECK(checks == std::set<std::string>{"clock", "endpoint", "identity", "interface",
                                        "path-address", "peer-port", "permission",
                                        "source-dest-check", "vip-range", "vip-route"});
}

TEST_CASE("an endpoint out of reach is one error, and nothing else is waited for") {
  Bench bench;
  bench.survey.reached = failure(Code::timed_out, "ec2.eu-west-1.amazonaws.com:443: no answer");
  const Finding finding = bench.only("endpoint");
  CHECK(finding.grade == Grade::error);
  CHECK(has(finding.fact, "ec2.eu-west-1.amazonaws.com:443: no answer"));
  CHECK(has(finding.remedy, "create-vpc-endpoint"));
  CHECK(bench.survey.calls == std::vector<std::string>{"reach ec2"});
  CHECK(bench.of("peer-port").front().grade == Grade::unknown);
}

TEST_CASE("the way to the endpoint is told: NAT, VPC endpoint or proxy") {
  Bench bench;
  const auto way = [&] {
    for (const Finding& each : bench.look().findings) {
      if (each.check == "endpoint") return each.fact;
    }
    return std::string();
  };
  CHECK(has(way(), "by a NAT, or an internet gateway"));
  bench.survey.reached->address = "10.0.9.9";
  CHECK(has(way(), "at the private address 10.0.9.9: a VPC endpoint"));
  bench.survey.reached->proxy = "proxy.corp:3128";
  CHECK(has(way(), "through the proxy proxy.corp:3128"));
}

TEST_CASE("a clock that is off is a warning, one that AWS would refuse an error") {
  Bench bench;
  bench.survey.reached->skew = 4s;
  CHECK(bench.of("clock").empty());
  bench.survey.reached->skew = 30s;
  CHECK(bench.only("clock").grade == Grade::warning);
  CHECK(has(bench.only("clock").fact, "30 s behind AWS's"));
  bench.survey.reached->skew = -5min;
  CHECK(bench.only("clock").grade == Grade::error);
  CHECK(has(bench.only("clock").fact, "300 s ahead of AWS's"));
}

TEST_CASE("a metadata service that says nothing is an error with its own words") {
  Bench bench;
  bench.aws.faults["identity"].push_back({.error = {Code::unavailable, "hop limit"}});
  const Finding finding = bench.only("identity");
  CHECK(finding.grade == Grade::error);
  CHECK(has(finding.fact, "hop limit"));
}

TEST_CASE("an instance or a zone that is not the configured one is a warning") {
  Bench bench;
  bench.config.nodes[0].instance = "i-b";
  CHECK(has(bench.only("identity").remedy, "instance = \"i-a\""));
  bench.config.nodes[0].instance = "i-a";
  bench.config.nodes[0].zone = "eu-west-1c";
  CHECK(has(bench.only("identity").remedy, "zone = \"eu-west-1a\""));
}

TEST_CASE("a path address that no interface has is an error") {
  Bench bench;
  bench.host.addresses.clear();
  CHECK(has(bench.only("path-address").fact, "10.0.1.10"));
}

TEST_CASE("an ENI of another instance, in another VPC, or under another name is an error") {
  Bench bench;
  bench.params()["eni_id"] = std::string("eni-b");
  CHECK(
      has(bench.only("interface").fact, "eni-b is no interface of this instance, which has eni-a"));
  bench.params()["eni_id"] = std::string("eni-a");
  bench.params()["vpc_id"] = std::string("vpc-2");
  CHECK(has(bench.only("interface").remedy, "vpc_id = \"vpc-1\""));
  bench.params()["vpc_id"] = std::string("vpc-1");
  bench.params()["interface"] = std::string("eth0");
  CHECK(has(bench.only("interface").remedy, "interface = \"ens5\""));
  bench.params()["interface"] = std::string("ens5");
  CHECK(bench.of("interface").empty());
  bench.host.macs.clear();
  CHECK(has(bench.only("interface").fact, "shows no interface for eni-a"));
}

TEST_CASE("ids that are left out are those of the instance") {
  Bench bench;
  bench.params()["eni_id"] = std::string();
  bench.params()["vpc_id"] = std::string();
  for (const Finding& finding : bench.look().findings) CHECK(finding.grade == Grade::good);
}

TEST_CASE("an address inside a range of the VPC is an error") {
  Bench bench;
  bench.aws.cidrs = {"10.0.0.0/16", "10.1.0.0/16"};
  CHECK(has(bench.only("vip-range").fact, "10.1.0.20 lies in 10.1.0.0/16 of vpc-1"));
}

TEST_CASE("a missing route is mended towards the node that has the address, not towards this one") {
  Bench bench;
  bench.aws.tables[1].routes.clear();
  const Finding finding = bench.only("vip-route");
  CHECK(finding.grade == Grade::error);
  CHECK(finding.repair == Repair{RepairKind::add_route, "eni-b", "rtb-2", "10.1.0.20/32"});
  CHECK(finding.remedy ==
        "aws ec2 create-route --route-table-id rtb-2 --destination-cidr-block 10.1.0.20/32 "
        "--network-interface-id eni-b");
}

TEST_CASE("where no table has the route yet, it leads here") {
  Bench bench;
  for (auto& each : bench.aws.tables) each.routes.clear();
  const Findings found = bench.of("vip-route");
  REQUIRE(found.size() == 2);
  for (const Finding& each : found) CHECK(each.repair->eni == "eni-a");
}

TEST_CASE(
    "the main table counts if a subnet has none of its own; a table without subnets does not") {
  Bench bench;
  bench.aws.tables.push_back(table("rtb-idle", {}, ""));
  AwsRouteTable main = table("rtb-main", {}, "");
  main.main = true;
  bench.aws.tables.push_back(main);
  CHECK(bench.of("vip-route").empty());
  bench.survey.all_subnets->push_back({"subnet-c", "", "eu-west-1c", "10.0.3.0/24"});
  CHECK(has(bench.only("vip-route").fact, "rtb-main"));
  bench.survey.all_subnets = failure(Code::denied, "no");
  CHECK(bench.only("vip-route").grade == Grade::unknown);
}

TEST_CASE("Source/Dest. Check is found, and can be disabled") {
  Bench bench;
  bench.survey.interfaces["eni-a"].interface.source_dest_check = true;
  const Finding finding = bench.only("source-dest-check");
  CHECK(finding.grade == Grade::error);
  REQUIRE(finding.repair.has_value());
  CHECK(testing::run(bench.clock, repair(*finding.repair, bench.survey, {})).has_value());
  CHECK(bench.survey.calls.back() == "disable_source_dest_check eni-a");
}

TEST_CASE("a route that somebody else has added meanwhile is no failure of the repair") {
  Bench bench;
  const Repair route{RepairKind::add_route, "eni-b", "rtb-2", "10.1.0.20/32"};
  bench.survey.created = failure(Code::conflict, "RouteAlreadyExists");
  CHECK(testing::run(bench.clock, repair(route, bench.survey, {})).has_value());
  CHECK(bench.survey.calls.back() == "create_route rtb-2 10.1.0.20/32 eni-b");
  bench.survey.created = failure(Code::denied, "not permitted");
  CHECK_FALSE(testing::run(bench.clock, repair(route, bench.survey, {})).has_value());
}

TEST_CASE("a permission that is missing is named, with the statement that grants it") {
  Bench bench;
  bench.survey.may_replace = failure(Code::denied, "role r is not permitted to do it");
  const Findings found = bench.of("permission");
  REQUIRE(found.size() == 2);  // one for each table
  CHECK(has(found[0].fact, "ec2:ReplaceRoute is not permitted: role r"));
  CHECK(found[0].remedy ==
        "Add to the policy of the role: {\"Effect\": \"Allow\", \"Action\": \"ec2:ReplaceRoute\", "
        "\"Resource\": \"arn:aws:ec2:eu-west-1:*:route-table/*\", \"Condition\": {\"ArnLike\": "
        "{\"ec2:Vpc\": \"arn:aws:ec2:eu-west-1:*:vpc/vpc-1\"}}}");
}

TEST_CASE("what a forced stop needs is tried out: on the other node, and the own protection") {
  Bench bench;
  CHECK(bench.of("permission").empty());
  CHECK(bench.aws.count("may_stop") == 0);
  bench.config.arbitration.forced_stop.kind = ForcedStopKind::ec2;
  bench.config.arbitration.forced_stop.action = ForcedStopAction::reboot;
  CHECK(bench.of("permission").empty());
  CHECK(bench.aws.count("may_stop i-b") == 1);
  CHECK(bench.aws.count("may_start i-b") == 1);
  CHECK(bench.aws.count("may_protect i-a") == 1);
  const testing::Fault denied{.error = {Code::denied, "role r may not"}};
  bench.aws.faults["may_stop"].push_back(denied);
  CHECK(has(bench.only("permission").fact, "ec2:StopInstances is not permitted: role r may not"));
  bench.aws.faults["may_protect"].push_back(denied);
  const Finding protection = bench.only("permission");
  CHECK(has(protection.fact, "ec2:ModifyInstanceAttribute is not permitted"));
  CHECK(has(protection.remedy, "\"Action\": \"ec2:ModifyInstanceAttribute\""));
  // With an arbiter the right to stop is won there.
  bench.config.arbitration.arbiter.kind = ArbiterKind::etcd;
  bench.config.arbitration.forced_stop.action = ForcedStopAction::stop;
  bench.aws.calls.clear();
  CHECK(bench.of("permission").empty());
  CHECK(bench.aws.count("may_protect") == 0);
  CHECK(bench.aws.count("may_start") == 0);
}

TEST_CASE("against an explicit denial no further statement is offered") {
  Bench bench;
  bench.survey.may_replace = failure(Code::denied, "role r: A policy denies it explicitly");
  CHECK(bench.of("permission").front().remedy == "Remove the statement that denies it.");
}

TEST_CASE("a description that is denied is a missing permission, and leaves its checks unknown") {
  Bench bench;
  bench.aws.faults["route_tables"].push_back({.error = {Code::denied, "no"}});
  CHECK(has(bench.only("permission").fact, "ec2:DescribeRouteTables"));
  bench.aws.faults["route_tables"].push_back({.error = {Code::throttled, "later"}});
  CHECK(bench.only("vip-route").grade == Grade::unknown);
}

TEST_CASE("ports that no group permits are errors, by protocol, range and source") {
  Bench bench;
  bench.group().inbound = {rule("tcp", 29002), rule("tcp", 29001)};
  const Finding finding = bench.only("peer-port");
  CHECK(has(finding.fact, "udp port 29002 from 10.0.2.10"));
  CHECK(has(finding.remedy, "--group-id sg-1 --protocol udp --port 29002 --cidr 10.0.2.10/32"));
  bench.group().inbound[0] = rule("udp", 29002);
  bench.group().inbound[0].cidrs = {"10.0.1.0/24"};
  CHECK(bench.of("peer-port").size() == 1);
  bench.group().inbound[0].groups = {"sg-2"};
  CHECK(bench.of("peer-port").empty());
  bench.group().inbound[0].groups = {"sg-3"};
  CHECK(bench.only("peer-port").grade == Grade::error);
  bench.group().inbound[0].prefix_lists = {"pl-1"};
  CHECK(bench.only("peer-port").grade == Grade::unknown);
  bench.group().inbound = {{.protocol = "-1",
                            .first_port = -1,
                            .last_port = -1,
                            .cidrs = {"0.0.0.0/0"},
                            .groups = {},
                            .prefix_lists = {}}};
  CHECK(bench.of("peer-port").empty());
}

TEST_CASE("the worst findings come first") {
  Bench bench;
  bench.survey.reached->skew = 30s;
  bench.survey.interfaces["eni-a"].interface.source_dest_check = true;
  const Report report = bench.look();
  CHECK(report.findings[0].grade == Grade::error);
  CHECK(report.findings[1].grade == Grade::warning);
  CHECK(report.findings[2].grade == Grade::good);
}

}  // namespace
}  // namespace mainstay::doctor
