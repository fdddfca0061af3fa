// A cluster of real daemons in the lab: real packets, real processes, the stock aws command as a
// witness. What it costs in time is measured by ./run bench, not here.
#include <doctest/doctest.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "harness/cases.h"
#include "harness/cluster.h"
#include "harness/lab.h"
#include "harness/measure.h"
#include "harness/programs.h"

namespace mainstay::bench {
namespace {

constexpr Duration patience = 60s;

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}
// One lab and one cluster for all stories of this file: each leaves it formed.
struct Stage {
  Stage()
      : programs(must(find_programs())),
        folder(must(RunFolder::make("e2e"))),
        lab(must(Lab::up(programs, folder.path()))),
        site(must(lab.site())) {
    cluster.emplace(must(Cluster::start(lab, programs, site)));
  }

  std::string owner() { return must(cluster->wait_until_formed(patience)).owner; }
  std::string eni_of(const std::string& node) {
    return std::ranges::find(site.nodes, node, &SiteNode::name)->eni;
  }
  // What EC2 says, asked by a client that is not ours.
  std::string routes_by_aws_command(const std::string& instance) {
    return must(lab.exec(instance, {"aws", "ec2", "describe-route-tables", "--query",
                                    "RouteTables[].Routes[?DestinationCidrBlock=='10.1.0.20/32']"
                                    "[].NetworkInterfaceId[]",
                                    "--output", "text"}));
  }
  void terminate_daemon(const std::string& node) {
    const auto status = nlohmann::json::parse(must(cluster->ask(node, {"status", "--json"})));
    const int pid = status.at("daemon").at("pid");
    must(lab.exec(node, {"kill", "-TERM", fmt::format("{}", pid)}));
  }
  // A service that does not end when it is asked to.
  void make_service_stubborn(const std::string& node) {
    const auto written =
        lab.write(node, "/etc/mainstay/web",
                  fmt::format("#!/bin/sh\ntrap '' TERM\n"
                              "{} web --listen 0.0.0.0:80 --name \"$MAINSTAY_NODE\" &\n"
                              "while :; do sleep 1; done\n",
                              programs.lab));
    REQUIRE(written);
    must(cluster->ask(node, {"group", "restart", std::string(group_name)}, patience));
  }
  std::string addresses_of(const std::string& node) {
    return must(lab.exec(node, {"ip", "-o", "address"}));
  }
  void check_served_by(const std::string& node) {
    CHECK(must(lab.exec("client", {"curl", "-s", "-m", "5", "http://10.1.0.20/"})).find(node) !=
          std::string::npos);
    const std::string routes = routes_by_aws_command(node);
    CHECK(routes.find(eni_of(node)) != std::string::npos);
    CHECK(routes.find(eni_of(cluster->other(node))) == std::string::npos);
  }

  Programs programs;
  RunFolder folder;
  Lab lab;
  Site site;
  std::optional<Cluster> cluster;
};

TEST_CASE("a cluster in the lab: formed, moved, struck and healed") {
  Stage stage;
  const std::string first = stage.owner();
  CHECK(first == "server1");
  stage.check_served_by(first);

  SUBCASE("a planned move takes address and service along, on the old node's word") {
    const auto outcome =
        must(run_case("planned-move", stage.lab, *stage.cluster, stage.programs, 200ms));
    CHECK(outcome.evidence == "reported");
    CHECK(outcome.result.both_active_ms == 0);
    CHECK(stage.owner() == "server2");
    stage.check_served_by("server2");
  }

  SUBCASE("the owner dies: the other serves, and the dead node returns without disturbing it") {
    const auto outcome =
        must(run_case("node-killed", stage.lab, *stage.cluster, stage.programs, 200ms));
    CHECK(outcome.evidence == "presumed");
    const auto healed = must(stage.cluster->wait_until_formed(patience));
    CHECK(healed.owner == "server2");
    stage.check_served_by("server2");
    CHECK(must(stage.cluster->last_activation("server2")).term == healed.term);
  }

  SUBCASE("a program that dies is started again where it was") {
    const std::uint64_t term = must(stage.cluster->view(first)).term;
    must(run_case("program-killed", stage.lab, *stage.cluster, stage.programs, 200ms));
    const auto after = must(stage.cluster->wait_until_formed(patience));
    CHECK(after.owner == first);
    CHECK(after.term == term);
    stage.check_served_by(first);
  }

  SUBCASE("a daemon that is told twice to end leaves neither its address nor its programs behind") {
    stage.make_service_stubborn(first);
    REQUIRE(stage.addresses_of(first).find("10.1.0.20") != std::string::npos);
    stage.terminate_daemon(first);
    stage.terminate_daemon(first);
    must(stage.cluster->wait_until_moved_from(first, patience));
    CHECK(stage.addresses_of(first).find("10.1.0.20") == std::string::npos);
    stage.check_served_by("server2");
    CHECK(must(stage.cluster->last_activation("server2")).evidence == "reported");
  }

  SUBCASE("a frozen owner that thaws stops at once") {
    const auto outcome =
        must(run_case("node-frozen", stage.lab, *stage.cluster, stage.programs, 200ms));
    CHECK(outcome.evidence == "presumed");
    CHECK(outcome.result.both_active_ms < 1000);
    CHECK(stage.owner() == "server2");
    stage.check_served_by("server2");
  }
}

}  // namespace
}  // namespace mainstay::bench
