// Elastic IPs, secondary private addresses and DNS names: healthy, and with everything amiss that
// can be.
#include <doctest/doctest.h>

#include "doctor/repair.h"
#include "doctor/testing.h"

namespace mainstay::doctor {
namespace {

TypeSchema schema_of(std::string type, std::vector<std::string> actions) {
  TypeSchema schema;
  schema.type = std::move(type);
  schema.iam_actions = std::move(actions);
  return schema;
}

struct DnsFields {
  std::string zone_id;
};

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

struct EipBench : AddressBench {
  EipBench()
      : AddressBench("awseip",
                     {"ec2:DescribeAddresses", "ec2:AssociateAddress", "ec2:DisassociateAddress"}) {
    for (const auto& [node, eni] : {std::pair(self, "eni-a"), std::pair(other, "eni-b")}) {
      on(node) = {{"allocation_id", std::string("eipalloc-1")},
                  {"eni_id", std::string(eni)},
                  {"private_ip", std::string()}};
    }
    aws.addresses["eipalloc-1"] = {"eipalloc-1", "198.51.100.20", "eipassoc-1", "eni-b",
                                   "10.0.2.10"};
  }
  AwsAddress& address() { return aws.addresses["eipalloc-1"]; }
};

void check_all_good(Bench& bench, std::initializer_list<const char*> expected) {
  std::set<std::string> checks;
  for (const Finding& finding : bench.look().findings) {
    CAPTURE(finding.check + ": " + finding.fact);
    CHECK(finding.grade == Grade::good);
    checks.insert(finding.check);
  }
  for (const char* check : expected) CHECK(checks.contains(check));
}

TEST_CASE("an Elastic IP that a node has, or nobody, is good") {
  EipBench bench;
  check_all_good(bench, {"elastic-ip", "interface", "permission"});
  bench.address() = {"eipalloc-1", "198.51.100.20", "", "", ""};
  check_all_good(bench, {"elastic-ip", "interface", "permission"});
}

TEST_CASE("an Elastic IP on a node's other interface is the cluster's") {
  EipBench bench;
  bench.address().eni = "eni-c";
  bench.survey.interfaces["eni-c"] = {interface("b", "10.0.9.10"), 1, {}};
  CHECK(bench.of("elastic-ip").empty());
}

TEST_CASE("an Elastic IP that a stranger has is a warning, with who that is") {
  EipBench bench;
  bench.address().eni = "eni-c";
  bench.survey.interfaces["eni-c"] = {interface("c", "10.0.9.10"), 0, {}};
  const Finding finding = bench.only("elastic-ip");
  CHECK(finding.grade == Grade::warning);
  CHECK(has(finding.fact, "eni-c of i-c"));
  CHECK(has(finding.remedy, "--association-id eipassoc-1"));
  bench.survey.interfaces.erase("eni-c");
  CHECK(bench.only("elastic-ip").grade == Grade::unknown);
}

TEST_CASE("an allocation that does not exist is an error") {
  EipBench bench;
  bench.aws.addresses.clear();
  const Finding finding = bench.only("elastic-ip");
  CHECK(finding.grade == Grade::error);
  CHECK(has(finding.fact, "The allocation ID 'eipalloc-1' does not exist"));
}

TEST_CASE("an Elastic IP needs the private address that it is to lead to") {
  EipBench bench;
  bench.on(self)["private_ip"] = std::string("10.0.1.11");
  const Finding finding = bench.only("elastic-ip");
  CHECK(finding.grade == Grade::error);
  CHECK(has(finding.fact, "eni-a does not have 10.0.1.11"));
  bench.survey.interfaces["eni-a"].interface.secondary_ips = {"10.0.1.11"};
  CHECK(bench.of("elastic-ip").empty());
}

TEST_CASE("the ENI of an Elastic IP is this instance's") {
  EipBench bench;
  bench.on(self)["eni_id"] = std::string("eni-b");
  CHECK(has(bench.only("interface").fact, "awseip1: eni-b is no interface of this instance"));
}

TEST_CASE("permissions for an Elastic IP are tried out, both ways") {
  EipBench bench;
  bench.survey.may_associate = failure(Code::denied, "role r is not permitted to do it");
  bench.survey.may_disassociate = failure(Code::denied, "role r is not permitted to do it");
  const Findings found = bench.of("permission");
  REQUIRE(found.size() == 2);
  CHECK(has(found[0].fact, "ec2:AssociateAddress is not permitted"));
  CHECK(has(found[0].remedy, "\"Action\": \"ec2:AssociateAddress\""));
  CHECK(has(found[1].fact, "ec2:DisassociateAddress is not permitted"));
}

TEST_CASE("a description that only the doctor asks for is not a missing permission") {
  EipBench bench;
  bench.address().eni = "eni-c";
  bench.survey.refused = Error{Code::denied, "no"};
  CHECK(bench.of("permission").empty());
  CHECK(bench.only("elastic-ip").grade == Grade::unknown);
  bench.aws.faults["address"].push_back({.error = {Code::denied, "no"}});
  CHECK(has(bench.only("permission").fact, "ec2:DescribeAddresses"));
}

TEST_CASE("a resource with a role is asked about with its rights, and so tried out") {
  EipBench bench;
  const std::string role = "arn:aws:iam::111122223333:role/eip";
  bench.on(self)["role_arn"] = role;
  testing::FakeAws other_aws(bench.clock);
  other_aws.addresses = bench.aws.addresses;
  testing::FakeSurvey other_survey;
  other_survey.interfaces = bench.survey.interfaces;
  other_survey.may_associate = failure(Code::denied, "not permitted");
  std::vector<std::string> roles;
  const World world{bench.aws, bench.survey, bench.host, [&](const std::string& arn) {
                      roles.push_back(arn);
                      return Rights{other_aws, other_survey};
                    }};
  const Facts facts =
      testing::run(bench.clock, gather(bench.config, self, world, {bench.clock.now() + 10s, {}}));
  CHECK(bench.aws.count("address") == 0);
  CHECK(other_aws.count("address") == 1);
  for (const std::string& each : roles) CHECK(each == role);
  const Report report = examine({bench.config, bench.catalog, facts});
  CHECK(report.findings.front().check == "permission");
  CHECK(has(report.findings.front().remedy, "\"Action\": \"ec2:AssociateAddress\""));
}

struct SipBench : AddressBench {
  SipBench() : AddressBench("awssip", {"ec2:AssignPrivateIpAddresses"}) {
    for (const auto& [node, eni] : {std::pair(self, "eni-a"), std::pair(other, "eni-b")}) {
      on(node) = {{"ip", std::string("10.0.1.100")}, {"eni_id", std::string(eni)}};
    }
    survey.interfaces["eni-b"].interface.subnet = "subnet-a";
  }
};

TEST_CASE("a secondary address that is free, or a node's, is good") {
  SipBench bench;
  check_all_good(bench, {"secondary-ip", "interface"});
  bench.survey.interfaces["eni-b"].interface.secondary_ips = {"10.0.1.100"};
  check_all_good(bench, {"secondary-ip", "interface"});
}

TEST_CASE("a secondary address outside the interface's subnet is an error") {
  SipBench bench;
  bench.survey.all_subnets->front().cidr = "10.0.7.0/24";
  const Finding finding = bench.only("secondary-ip");
  CHECK(finding.grade == Grade::error);
  CHECK(has(finding.fact, "10.0.1.100 does not lie in subnet-a (10.0.7.0/24)"));
}

TEST_CASE("nodes in two subnets cannot share a secondary address") {
  SipBench bench;
  bench.survey.interfaces["eni-b"].interface.subnet = "subnet-b";
  const Finding finding = bench.only("secondary-ip");
  CHECK(finding.grade == Grade::error);
  CHECK(has(finding.fact, "eni-b of server2 lies in subnet-b, eni-a of this node in subnet-a"));
}

TEST_CASE(
    "a secondary address that is somebody's primary one is an error, a stranger's a warning") {
  SipBench bench;
  bench.survey.interfaces["eni-c"] = {interface("c", "10.0.1.100"), 0, {}};
  CHECK(bench.only("secondary-ip").grade == Grade::error);
  bench.survey.interfaces["eni-c"].interface.private_ip = "10.0.1.77";
  bench.survey.interfaces["eni-c"].interface.secondary_ips = {"10.0.1.100"};
  CHECK(bench.only("secondary-ip").grade == Grade::warning);
  CHECK(has(bench.only("secondary-ip").fact, "eni-c of i-c has 10.0.1.100"));
}

struct DnsBench : AddressBench {
  DnsBench()
      : AddressBench("awsdns", {"route53:ChangeResourceRecordSets",
                                "route53:ListResourceRecordSets", "route53:GetHostedZone"}) {
    catalog.resources[0].fields = {
        field(&DnsFields::zone_id, "zone_id").format(TextFormat::hosted_zone_id)};
    for (const auto& [node, ip] : {std::pair(self, "10.0.1.10"), std::pair(other, "10.0.2.10")}) {
      on(node) = {{"zone_id", std::string("Z1234567890")},
                  {"record_name", std::string("service.hz1.local.")},
                  {"ip", std::string(ip)},
                  {"ttl", Duration(5s)}};
    }
    aws.hosted_zones["Z1234567890"] = {"Z1234567890", "hz1.local.", true, {}, {"vpc-1"}};
    aws.records["service.hz1.local."] = {
        "Z1234567890", "service.hz1.local.", RecordType::a, {"10.0.2.10"}, 5s};
  }
  AwsHostedZone& zone() { return aws.hosted_zones["Z1234567890"]; }
  AwsRecord& record() { return aws.records["service.hz1.local."]; }
};

TEST_CASE("a name in a zone of this VPC is good, with a record set and without") {
  DnsBench bench;
  check_all_good(bench, {"endpoint", "hosted-zone", "record-set", "permission"});
  bench.aws.records.clear();
  check_all_good(bench, {"endpoint", "hosted-zone", "record-set", "permission"});
}

TEST_CASE("the doctor leaves record sets as they are") {
  DnsBench bench;
  const auto before = bench.aws.records;
  bench.look();
  CHECK(bench.aws.count("remove_record") == 1);
  CHECK(bench.aws.count("upsert_record") == 0);
  CHECK(bench.aws.records == before);
}

TEST_CASE("a zone that does not exist, holds another domain or another VPC is an error") {
  DnsBench bench;
  bench.zone().vpcs = {"vpc-9"};
  CHECK(has(bench.only("hosted-zone").fact, "is not associated with vpc-1"));
  CHECK(has(bench.only("hosted-zone").remedy, "associate-vpc-with-hosted-zone"));
  bench.zone().vpcs = {"vpc-1"};
  bench.zone().name = "z1.local.";
  CHECK(has(bench.only("hosted-zone").fact, "does not hold service.hz1.local."));
  bench.aws.hosted_zones.clear();
  CHECK(bench.only("hosted-zone").grade == Grade::error);
  CHECK(has(bench.only("hosted-zone").fact, "No hosted zone found with ID: Z1234567890"));
  CHECK(bench.of("record-set").empty());
}

TEST_CASE("a record set that is a stranger's or an alias is a warning") {
  DnsBench bench;
  bench.record().addresses = {"10.0.7.7"};
  CHECK(bench.only("record-set").grade == Grade::warning);
  CHECK(has(bench.only("record-set").fact, "is 10.0.7.7, which is no node's \"ip\""));
  bench.record().addresses.clear();
  CHECK(has(bench.only("record-set").fact, "is an alias"));
}

TEST_CASE("a TTL that keeps clients at a failed node is a warning") {
  DnsBench bench;
  bench.record().ttl = 300s;
  CHECK(has(bench.only("record-set").fact, "has a TTL of 300 s now, not of 5 s"));
  bench.on(self)["ttl"] = Duration(1h);
  CHECK(has(bench.only("record-set").fact, "the TTL of service.hz1.local. is 3600 s"));
}

TEST_CASE("Route 53 out of reach is an error of its own, and its zone is not asked for") {
  DnsBench bench;
  bench.survey.reached_route53 = failure(Code::timed_out, "route53.amazonaws.com: no answer");
  const Finding finding = bench.only("endpoint");
  CHECK(has(finding.fact, "Route 53 cannot be reached"));
  CHECK(bench.aws.count("hosted_zone") == 0);
}

TEST_CASE("permission to change records is asked without a change") {
  DnsBench bench;
  bench.aws.faults["remove_record"].push_back({.error = {Code::denied, "role r may not"}});
  const Finding finding = bench.only("permission");
  CHECK(has(finding.fact, "route53:ChangeResourceRecordSets is not permitted: role r may not"));
  CHECK(has(finding.remedy, "hostedzone/Z1234567890"));
}

}  // namespace
}  // namespace mainstay::doctor
