// What is proposed for the instances of a VPC, and what is refused.
#include "doctor/discover.h"

#include <doctest/doctest.h>

#include "config/parse.h"
#include "doctor/fake_survey.h"
#include "ports/testing.h"

namespace mainstay::doctor {
namespace {

struct VipFields {
  std::string ip;
  std::string vpc_id;
  std::string eni_id;
};

Catalog small_catalog() {
  TypeSchema vip;
  vip.type = "awsvip";
  vip.fields = {field(&VipFields::ip, "ip").required().format(TextFormat::ip),
                field(&VipFields::vpc_id, "vpc_id").format(TextFormat::vpc_id),
                field(&VipFields::eni_id, "eni_id").format(TextFormat::eni_id)};
  return {.resources = {vip}, .monitors = {}};
}

AwsPlacedInterface placed(const std::string& id, const std::string& subnet,
                          const std::string& address, int index) {
  AwsPlacedInterface out;
  out.interface.id = id;
  out.interface.subnet = subnet;
  out.interface.private_ip = address;
  out.device_index = index;
  return out;
}

constexpr const char* first = "i-0a1b2c3d4e5f60701";
constexpr const char* second = "i-0a1b2c3d4e5f60702";
constexpr const char* eni_one = "eni-0a1b2c3d4e5f60711";
constexpr const char* eni_two = "eni-0a1b2c3d4e5f60712";
constexpr const char* nat = "eni-0a1b2c3d4e5f60799";
constexpr const char* vpc = "vpc-0a1b2c3d4e5f60718";

struct Bench {
  testing::FakeClock clock;
  testing::FakeAws aws{clock};
  testing::FakeSurvey survey;

  Bench() {
    // The second interface of the first instance stands before its first one.
    survey.instances[first] = {first,
                               "web server 1",
                               "eu-west-1a",
                               vpc,
                               {placed("eni-0a1b2c3d4e5f60713", "subnet-x", "10.0.9.1", 1),
                                placed(eni_one, "subnet-a", "10.0.1.10", 0)}};
    survey.instances[second] = {
        second, "", "eu-west-1b", vpc, {placed(eni_two, "subnet-b", "10.0.2.10", 0)}};
    survey.interfaces[nat] = placed(nat, "subnet-public", "10.0.0.5", 0);
    AwsRouteTable main{.id = "rtb-1", .name = "", .main = true, .subnets = {}, .routes = {}};
    main.routes = {{"10.0.0.0/16", "", "local", true}, {"0.0.0.0/0", nat, "", true}};
    aws.tables = {main};
  }
  Result<std::string> propose(DiscoveryOrder order) {
    return testing::run(clock, discover(std::move(order), aws, survey, {clock.now() + 10s, {}}));
  }
  ClusterConfig proposed(DiscoveryOrder order) {
    const auto text = propose(std::move(order));
    REQUIRE(text.has_value());
    CAPTURE(*text);
    auto config = parse_config(*text, small_catalog());
    if (!config) MESSAGE(to_text(config.error().front(), "proposal"));
    REQUIRE(config.has_value());
    return *config;
  }
};

TEST_CASE("the proposal is a valid configuration with every id in its place") {
  Bench bench;
  const ClusterConfig config = bench.proposed({.instances = {first, second}});
  REQUIRE(config.nodes.size() == 2);
  CHECK(config.nodes[0] == NodeConfig{NodeName("web-server-1"), first, "eu-west-1a"});
  CHECK(config.nodes[1] == NodeConfig{NodeName(second), second, "eu-west-1b"});
  CHECK(config.paths[0].addresses.at(NodeName("web-server-1")) == "10.0.1.10");
  const ResourceConfig& vip = config.groups[0].resources[0];
  CHECK(vip.params.at(NodeName("web-server-1")).at("eni_id") == Value(eni_one));
  CHECK(vip.params.at(NodeName(second)).at("eni_id") == Value(eni_two));
  CHECK(vip.params.at(NodeName(second)).at("vpc_id") == Value(vpc));
  CHECK(vip.params.at(NodeName(second)).at("ip") == Value("10.255.255.20"));
  REQUIRE(config.arbitration.reachability.size() == 1);
  CHECK(config.arbitration.reachability[0].targets.at(NodeName(second))[0].host == "10.0.0.5");
}

TEST_CASE("a host route that leads to one of them names the address") {
  Bench bench;
  bench.aws.tables[0].routes.push_back({"10.1.0.20/32", eni_two, "", true});
  bench.aws.tables[0].routes.push_back({"10.1.0.0/24", eni_two, "", true});
  const ClusterConfig config = bench.proposed({.instances = {first, second}});
  CHECK(config.groups[0].resources[0].params.at(NodeName(second)).at("ip") == Value("10.1.0.20"));
}

TEST_CASE("an address that a range or a route covers is not proposed, one inside not accepted") {
  Bench bench;
  bench.aws.cidrs = {"10.0.0.0/8"};
  bench.aws.tables[0].routes.push_back({"172.16.0.0/12", "", "tgw-1", true});
  const ClusterConfig config = bench.proposed({.instances = {first, second}});
  CHECK(config.groups[0].resources[0].params.at(NodeName(second)).at("ip") ==
        Value("192.168.255.20"));
  const auto inside = bench.propose({.instances = {first, second}, .vip = "10.1.0.20"});
  CHECK(inside.error().message.find("10.1.0.20 lies inside") != std::string::npos);
  CHECK(bench.propose({.instances = {first, second}, .vip = "vip"}).error().code == Code::invalid);
}

TEST_CASE("without NAT instances nothing is proposed as a reachability check") {
  Bench bench;
  bench.aws.tables[0].routes[1] = {"0.0.0.0/0", "", "nat-1", true};
  CHECK(bench.proposed({.instances = {first, second}, .name = "shop"})
            .arbitration.reachability.empty());
}

TEST_CASE("instances that do not fit together are refused, with the reason") {
  Bench bench;
  CHECK(bench.propose({.instances = {first}}).error().message.find("2 to 32 nodes") !=
        std::string::npos);
  CHECK(bench.propose({.instances = {first, first}}).error().code == Code::conflict);
  CHECK(bench.propose({.instances = {first, "i-none"}}).error().code == Code::not_found);
  bench.survey.instances[second].vpc = "vpc-2";
  CHECK(bench.propose({.instances = {first, second}}).error().message.find("share a VPC") !=
        std::string::npos);
  bench.survey.instances[second].interfaces.clear();
  CHECK(bench.propose({.instances = {first, second}}).error().message.find("terminated") !=
        std::string::npos);
}

}  // namespace
}  // namespace mainstay::doctor
