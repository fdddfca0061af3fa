// Elastic IPs and secondary private addresses: healthy, and with everything amiss that can be.
#include <doctest/doctest.h>

#include "doctor/repair.h"
#include "doctor/testing.h"

namespace mainstay::doctor {
namespace {

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
  const World world{bench.aws, bench.survey, bench.host, bench.resolver,
                    [&](const std::string& arn) {
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

TEST_CASE("permission to assign a secondary address is what IAM simulates, if it may be asked") {
  SipBench bench;
  bench.survey.may_assign = failure(Code::denied, "none permits it");
  const Finding finding = bench.only("permission");
  CHECK(has(finding.fact, "ec2:AssignPrivateIpAddresses is not permitted: none permits it"));
  bench.survey.may_assign = failure(Code::unavailable, "IAM could not be asked");
  CHECK(bench.of("permission").empty());
  bench.survey.may_assign = failure(Code::throttled, "Rate exceeded");
  CHECK(bench.only("permission").grade == Grade::unknown);
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

}  // namespace
}  // namespace mainstay::doctor
