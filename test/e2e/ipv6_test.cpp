// A group with a virtual address of IPv6 beside the one of IPv4, with real daemons and packets.
#include "e2e/fixture.h"

namespace mainstay::bench {
namespace {

void add_second_address(Site& site) {
  site.more = fmt::format(
      "\n[[resource]]\nname = \"awsvip6\"\ntype = \"awsvip\"\ngroup = \"{}\"\nip = \"{}\"\n"
      "vpc_id = \"{}\"\n",
      group_name, virtual_ipv6, site.vpc);
  for (const SiteNode& node : site.nodes) {
    site.more += fmt::format("[resource.node.{}]\neni_id = \"{}\"\n", node.name, node.eni);
  }
}

// All that route tables hold for it, as the stock client reads them.
std::string targets(PatternStage& stage, const std::string& asked_on) {
  return stage.aws(
      asked_on, {"ec2", "describe-route-tables", "--query",
                 fmt::format("join(' ', RouteTables[].Routes[?DestinationIpv6CidrBlock=='{}/128']"
                             "[].NetworkInterfaceId)",
                             virtual_ipv6)});
}

bool has_address(const PatternStage& stage, const std::string& node) {
  const auto shown = stage.lab.exec(node, {"ip", "-6", "-o", "address", "show"});
  return shown && shown->find(fmt::format(" {}/128 ", virtual_ipv6)) != std::string::npos;
}

bool answers(const PatternStage& stage) {
  return stage.lab.exec("client", {"ping", "-6", "-c", "1", "-W", "1", std::string(virtual_ipv6)})
      .has_value();
}

void follows(PatternStage& stage, const std::string& owner) {
  const std::string eni = stage.eni_of(owner);
  CHECK(stage.waits_for([&] { return stage.serves(owner); }));
  CHECK(stage.waits_for([&] { return targets(stage, owner) == fmt::format("{0} {0} {0}", eni); }));
  CHECK(stage.waits_for([&] { return has_address(stage, owner) && answers(stage); }));
}

}  // namespace

TEST_CASE("a virtual address of IPv6 follows its group: moved, and its node lost") {
  PatternStage stage(Setting{.ipv6 = true}, add_second_address);
  const std::string first = stage.owner();
  const std::string second = stage.cluster->other(first);
  follows(stage, first);
  must(stage.cluster->ask(first, {"group", "move", std::string(group_name), second}));
  must(stage.cluster->wait_until_moved_from(first, patience));
  follows(stage, second);
  CHECK_FALSE(has_address(stage, first));
  REQUIRE(stage.lab.fault({"kill", second}));
  must(stage.cluster->wait_until_moved_from(second, patience));
  follows(stage, first);
}

}  // namespace mainstay::bench
