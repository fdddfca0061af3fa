// DNS names: healthy, and with everything amiss that can be.
#include <doctest/doctest.h>

#include "doctor/testing.h"

namespace mainstay::doctor {
namespace {

struct DnsFields {
  std::string zone_id;
};

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
    resolver.names["service.hz1.local."] = std::vector<std::string>{"10.0.2.10"};
  }
  AwsHostedZone& zone() { return aws.hosted_zones["Z1234567890"]; }
  AwsRecord& record() { return aws.records["service.hz1.local."]; }
};

TEST_CASE("a name in a zone of this VPC is good, with a record set and without") {
  DnsBench bench;
  check_all_good(bench, {"endpoint", "hosted-zone", "record-set", "permission", "name-resolution"});
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

// The bench with a public zone.
struct PublicBench : DnsBench {
  PublicBench() {
    zone() = {"Z1234567890", "hz1.local.", false, {"ns-1.example.net", "ns-2.example.net"}};
    resolver.domains["hz1.local."] =
        std::vector<std::string>{"ns-1.example.net", "ns-2.example.net"};
  }
};

TEST_CASE("a public zone that the world is sent to is good, and a private one has no registrar") {
  PublicBench bench;
  check_all_good(bench, {"hosted-zone", "name-resolution"});
  DnsBench other;
  check_all_good(other, {"name-resolution"});
  CHECK(other.resolver.calls == std::vector<std::string>{"resolve service.hz1.local."});
}

TEST_CASE("a registrar that names other servers is an error, with what to set there") {
  PublicBench bench;
  bench.resolver.domains["hz1.local."] = std::vector<std::string>{"ns.old.example"};
  const Finding finding = bench.only("name-resolution");
  CHECK(finding.grade == Grade::error);
  CHECK(has(finding.fact, "awsdns1: the registrar's NS records of hz1.local name ns.old.example"));
  CHECK(has(finding.remedy, "at its registrar to ns-1.example.net, ns-2.example.net"));
  bench.resolver.domains["hz1.local."] = failure(Code::not_found, "no such name");
  CHECK(has(bench.only("name-resolution").fact, "the registrar names no name server of hz1.local"));
  bench.resolver.domains.clear();
  CHECK(bench.only("name-resolution").grade == Grade::unknown);
}

TEST_CASE(
    "a node that resolves the name otherwise than Route 53 is told before its monitor says it") {
  DnsBench bench;
  const std::string name = "service.hz1.local.";
  bench.resolver.names[name] = std::vector<std::string>{"10.0.7.7"};
  const Finding other = bench.only("name-resolution");
  CHECK(other.grade == Grade::warning);
  CHECK(has(other.fact, "gives 10.0.7.7, and Route 53 has 10.0.2.10"));
  CHECK(has(other.remedy, "/etc/hosts"));
  bench.resolver.names[name] = failure(Code::not_found, "no such name");
  const Finding absent = bench.only("name-resolution");
  CHECK(absent.grade == Grade::error);
  CHECK(has(absent.fact, "fails, and Route 53 has a record set: no such name"));
  CHECK(has(absent.remedy, "the VPC's own resolver"));
  bench.resolver.names.clear();
  CHECK(bench.only("name-resolution").grade == Grade::unknown);
  // Before the first activation there is nothing to resolve.
  bench.aws.records.clear();
  CHECK(bench.of("name-resolution").empty());
}

}  // namespace
}  // namespace mainstay::doctor
