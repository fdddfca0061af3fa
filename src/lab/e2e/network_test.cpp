// Packets go where the VPC's routes say, and nowhere else.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lab/analysis.h"
#include "lab/e2e/fixture.h"
#include "lab/files.h"
#include "lab/shared_ledger.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

void own_vip(const Lab& lab, const std::string& instance) {
  run(lab, instance, {"ip", "addr", "replace", vip + "/32", "dev", "eth0"});
}

// ReplaceRoute of the VIP in every route table that has it, by the server's own role.
void move_vip(const Lab& lab, const std::string& to) {
  for (const char* table : {"Public-AB", "Private-A", "Private-B"}) {
    const std::string answer = api(
        lab, to,
        fmt::format(
            "Action=ReplaceRoute&RouteTableId={}&DestinationCidrBlock={}/32&NetworkInterfaceId={}",
            value_of(lab, fmt::format("route_tables/{}/id", table)), vip,
            value_of(lab, fmt::format("instances/{}/eni", to))));
    REQUIRE_MESSAGE(answer.find("<return>true</return>") != std::string::npos, answer);
  }
}

std::string who_answers(const Lab& lab, const std::string& from) {
  return run(lab, from, {"curl", "-s", "-m", "1", fmt::format("http://{}:8080/", vip)}).out;
}

void serve(const Lab& lab, const std::string& instance) {
  const auto started =
      lab.start(instance, {lab.program(), "web", "--listen", "0.0.0.0:8080", "--name", instance});
  REQUIRE(started.has_value());
}

}  // namespace

TEST_CASE("instances of one VPC reach each other") {
  const Lab& lab = shared_lab();
  CHECK(pings(lab, "client", "10.0.110.10"));
  CHECK(pings(lab, "server1", "10.0.120.10"));
  CHECK_FALSE(pings(lab, "client", "10.0.110.77"));
}

TEST_CASE("a VIP outside of the VPC's range reaches the interface its routes name") {
  const Lab& lab = shared_lab();
  for (const char* server : {"server1", "server2"}) {
    own_vip(lab, server);
    serve(lab, server);
  }
  move_vip(lab, "server1");
  REQUIRE(becomes_true(2s, [&] { return who_answers(lab, "client") == "server1\n"; }));
  move_vip(lab, "server2");
  // No waiting: the answer to the call means that packets take the new way.
  CHECK(who_answers(lab, "client") == "server2\n");
  CHECK(who_answers(lab, "nat1") == "server2\n");
  move_vip(lab, "server1");
  CHECK(who_answers(lab, "client") == "server1\n");
}

TEST_CASE("no packet is lost while a route is replaced again and again") {
  const Lab& lab = shared_lab();
  for (const char* server : {"server1", "server2"}) own_vip(lab, server);
  move_vip(lab, "server1");
  REQUIRE(lab.start("client", {"ping", "-q", "-i0.005", "-c300", vip}, "/run/lab/pings"));
  for (const char* server : {"server2", "server1", "server2", "server1"}) move_vip(lab, server);
  const auto summary = [&] { return read_file(lab.shared() + "/pings").value_or(""); };
  REQUIRE(becomes_true(20s, [&] { return summary().find("packet loss") != std::string::npos; }));
  CHECK_MESSAGE(summary().find("300 received, 0% packet loss") != std::string::npos, summary());
}

TEST_CASE("the probe measures what clients go through when a server dies") {
  const Lab& lab = shared_lab();
  fault(lab, "reboot server1 --hard");  // nothing is left of other tests
  fault(lab, "reboot server2 --hard");
  for (const char* server : {"server1", "server2"}) own_vip(lab, server);
  const auto web = [&](const std::string& name) {
    return lab.start(name, {lab.program(), "web", "--listen", "0.0.0.0:80", "--name", name,
                            "--ledger", "/run/lab/ledger", "--shared-ledger", "10.0.200.10:7000",
                            "--term", name == "server1" ? "1" : "2"});
  };
  REQUIRE(lab.start("client", {lab.program(), "shared-ledger", "--listen", "10.0.200.10:7000",
                               "--out", "/run/lab/shared-ledger"}));
  move_vip(lab, "server1");
  REQUIRE(web("server1").has_value());
  REQUIRE(lab.start("client", {lab.program(), "probe", "--url", "http://" + vip + "/", "--duration",
                               "4s", "--out", "/run/lab/probe"}));
  const auto records = [&] {
    return parse_probe_records(read_file(lab.shared() + "/probe").value_or(""))
        .value_or(std::vector<ProbeRecord>());
  };
  REQUIRE(becomes_true(5s, [&] { return analyse_requests(records()).nodes.size() == 1; }));
  fault(lab, "kill server1");
  REQUIRE(web("server2").has_value());
  move_vip(lab, "server2");
  REQUIRE(becomes_true(10s, [&] { return records().size() >= 195; }));
  const OutageReport report = analyse_requests(records());
  CHECK(report.nodes == std::vector<std::string>{"server1", "server2"});
  CHECK(report.failed > 0);
  CHECK(report.outage > 0ms);
  CHECK(report.outage < 3s);
  const auto ledger = parse_ledger(read_file(lab.shared() + "/ledger").value_or(""));
  REQUIRE(ledger.has_value());
  CHECK(both_active(*ledger) == 0ms);
  const auto shared = parse_shared_ledger(read_file(lab.shared() + "/shared-ledger").value_or(""));
  REQUIRE(shared.has_value());
  const auto has = [&](const std::string& name, std::uint64_t term, const std::string& asked_at) {
    return std::ranges::any_of(*shared, [&](const SharedLine& line) {
      return line.name == name && line.term == term && line.asked_at == asked_at;
    });
  };
  CHECK(has("server1", 1, ""));
  CHECK(has("server1", 1, vip));
  CHECK(has("server2", 2, ""));
  CHECK(has("server2", 2, vip));
  CHECK(late_lines(*shared) == LateLines{});
  fault(lab, "start server1");
}

TEST_CASE("the route of one table concerns the subnets of that table alone") {
  const Lab& lab = shared_lab();
  move_vip(lab, "server1");
  own_vip(lab, "server1");
  own_vip(lab, "server2");
  const std::string answer = api(
      lab, "server2",
      fmt::format(
          "Action=ReplaceRoute&RouteTableId={}&DestinationCidrBlock={}/32&NetworkInterfaceId={}",
          value_of(lab, "route_tables/Public-AB/id"), vip, value_of(lab, "instances/server2/eni")));
  REQUIRE(answer.find("<return>true</return>") != std::string::npos);
  run(lab, "server1", {"ip", "addr", "del", vip + "/32", "dev", "eth0"});
  CHECK(pings(lab, "client", vip));
  // Private-A still leads to server1, which no longer has the address and forwards nothing.
  run(lab, "server1", {"sysctl", "-qw", "net.ipv4.ip_forward=0"});
  CHECK_FALSE(pings(lab, "server1", vip));
  move_vip(lab, "server1");
  own_vip(lab, "server1");
  CHECK(pings(lab, "client", vip));
}

TEST_CASE("with source/dest. check on, an interface gets and sends only its own addresses") {
  const Lab& lab = shared_lab();
  own_vip(lab, "server1");
  move_vip(lab, "server1");
  REQUIRE(pings(lab, "client", vip));
  const auto set_check = [&](const char* value) {
    return api(
        lab, "server1",
        fmt::format(
            "Action=ModifyNetworkInterfaceAttribute&NetworkInterfaceId={}&SourceDestCheck.Value={}",
            value_of(lab, "instances/server1/eni"), value));
  };
  REQUIRE(set_check("true").find("<return>true</return>") != std::string::npos);
  CHECK_FALSE(pings(lab, "client", vip));
  CHECK(pings(lab, "client", "10.0.110.10"));
  // The other direction: a packet that leaves with a source that is not the interface's.
  CHECK(run(lab, "server1", {"ping", "-c1", "-W0.4", "-q", "-I", vip, "10.0.200.10"}).code != 0);
  REQUIRE(set_check("false").find("<return>true</return>") != std::string::npos);
  CHECK(pings(lab, "client", vip));
  CHECK(run(lab, "server1", {"ping", "-c1", "-W0.4", "-q", "-I", vip, "10.0.200.10"}).code == 0);
}

TEST_CASE("a private subnet reaches the endpoints only through its zone's NAT instance") {
  const Lab& lab = shared_lab();
  const auto reaches = [&](const std::string& from) {
    return run(lab, from, {"curl", "-s", "-m", "1", "http://ec2.ap-northeast-1.amazonaws.com/"})
               .code == 0;
  };
  CHECK(reaches("server1"));
  CHECK(reaches("server2"));
  CHECK(reaches("nat1"));
  CHECK_FALSE(reaches("client"));  // a public subnet, but no public address
  fault(lab, "freeze nat1");
  CHECK_FALSE(reaches("server1"));
  CHECK(reaches("server2"));
  fault(lab, "thaw nat1");
  CHECK(reaches("server1"));
}

TEST_CASE("an Elastic IP is reached from outside where it is associated") {
  const Lab& lab = shared_lab();
  CHECK(pings(lab, "visitor", "198.51.100.11"));
  CHECK_FALSE(pings(lab, "visitor", "198.51.100.20"));
  CHECK_FALSE(pings(lab, "visitor", "10.0.10.5"));
  const std::string allocation = value_of(lab, "addresses/2/allocation");
  REQUIRE(value_of(lab, "addresses/2/public_ip") == "198.51.100.20");
  const std::string answer =
      api(lab, "server1",
          fmt::format("Action=AssociateAddress&AllocationId={}&NetworkInterfaceId={}", allocation,
                      value_of(lab, "instances/client/eni")));
  CHECK(answer.find("<associationId>eipassoc-") != std::string::npos);
  CHECK(becomes_true(2s, [&] { return pings(lab, "visitor", "198.51.100.20"); }));
  CHECK(pings(lab, "client", "203.0.113.200"));
  const std::string association = value_of(lab, "addresses/2/association");
  api(lab, "server1", "Action=DisassociateAddress&AssociationId=" + association);
  CHECK(becomes_true(2s, [&] { return !pings(lab, "visitor", "198.51.100.20"); }));
}
