#include "doctor/discover.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "config/ip_address.h"
#include "config/model.h"

namespace mainstay::doctor {
namespace {

constexpr std::size_t name_size_max = 31;

struct Member {
  std::string name;
  AwsNamedInstance instance;
  AwsPlacedInterface interface;  // its first one
  std::string gateway;           // private address of the NAT instance of its subnet, "" if none
};

struct Land {
  std::vector<Member> members;
  std::string vpc;
  std::vector<std::string> cidrs;
  std::vector<AwsRouteTable> tables;
  std::string vip;
};

// A node is called by the instance's Name where that makes a name.
std::string node_name(const AwsNamedInstance& instance) {
  std::string name;
  for (const char c : instance.name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
    name += fits ? c : '-';
  }
  name = name.substr(0, name_size_max);
  return name.empty() ? instance.id : name;
}

Result<Member> member_from(AwsNamedInstance instance) {
  const auto first =
      std::ranges::min_element(instance.interfaces, {}, &AwsPlacedInterface::device_index);
  if (first == instance.interfaces.end()) {
    return failure(Code::conflict, fmt::format("instance {} has no network interface: is it "
                                               "terminated?",
                                               instance.id));
  }
  Member member{.name = node_name(instance), .instance = {}, .interface = *first, .gateway = {}};
  member.instance = std::move(instance);
  return member;
}

Status fits(const Land& land) {
  std::set<std::string> names;
  for (const Member& member : land.members) {
    if (member.instance.vpc != land.vpc) {
      return failure(Code::conflict,
                     fmt::format("{} lies in {}, {} in {}: nodes of one cluster share a VPC",
                                 land.members.front().instance.id, land.vpc, member.instance.id,
                                 member.instance.vpc));
    }
    if (!names.insert(member.name).second) {
      return failure(Code::conflict,
                     fmt::format("two instances are named {}: give them different Name tags, or "
                                 "name each instance once",
                                 member.name));
    }
  }
  return {};
}

const AwsRouteTable* table_of(const Land& land, const std::string& subnet) {
  const AwsRouteTable* main = nullptr;
  for (const AwsRouteTable& table : land.tables) {
    if (std::ranges::find(table.subnets, subnet) != table.subnets.end()) return &table;
    if (table.main) main = &table;
  }
  return main;
}

// The interface that a subnet's packets to the world go through; "" if that is no interface.
std::string way_out(const Land& land, const std::string& subnet) {
  const AwsRouteTable* table = table_of(land, subnet);
  if (table == nullptr) return {};
  for (const AwsRoute& route : table->routes) {
    if (route.destination == "0.0.0.0/0") return route.eni;
  }
  return {};
}

bool in_vpc(const Land& land, const IpNumber& ip) {
  return std::ranges::any_of(land.cidrs, [&](const std::string& text) {
    const auto block = cidr_block(text);
    return block && contains(*block, ip);
  });
}

// A host route outside the VPC that leads to one of the members.
std::string routed_address(const Land& land) {
  for (const AwsRouteTable& table : land.tables) {
    for (const AwsRoute& route : table.routes) {
      const auto block = cidr_block(route.destination);
      if (!block || block->prefix != block->network.bits() || in_vpc(land, block->network))
        continue;
      for (const Member& member : land.members) {
        if (member.interface.interface.id == route.eni) return to_text(block->network);
      }
    }
  }
  return {};
}

// One that no range of the VPC and no route but the default one covers.
std::string free_address(const Land& land) {
  for (const char* candidate : {"10.255.255.20", "172.31.255.20", "192.168.255.20"}) {
    const auto ip = ip_number(candidate);
    const auto covers = [&](const AwsRoute& route) {
      const auto block = cidr_block(route.destination);
      return block && block->prefix > 0 && contains(*block, *ip);
    };
    const bool taken =
        in_vpc(land, *ip) || std::ranges::any_of(land.tables, [&](const AwsRouteTable& table) {
          return std::ranges::any_of(table.routes, covers);
        });
    if (!taken) return candidate;
  }
  return {};
}

Status choose_vip(const std::string& wanted, Land& land) {
  land.vip = wanted.empty() ? routed_address(land) : wanted;
  if (land.vip.empty()) land.vip = free_address(land);
  if (land.vip.empty()) {
    return failure(Code::conflict, "no address is free for the VIP: name one with --vip");
  }
  const auto ip = ip_number(land.vip);
  if (!ip) return failure(Code::invalid, fmt::format("{} is no IP address", land.vip));
  if (!in_vpc(land, *ip)) return {};
  return failure(
      Code::conflict,
      fmt::format("{} lies inside {}: a VIP must lie outside all its ranges", land.vip, land.vpc));
}

std::string nodes_text(const Land& land) {
  std::string text;
  std::string addresses;
  for (const Member& member : land.members) {
    text += fmt::format("\n[[node]]\nname = \"{}\"\ninstance = \"{}\"\nzone = \"{}\"\n",
                        member.name, member.instance.id, member.instance.zone);
    addresses += fmt::format("{}\"{}\" = \"{}\"", addresses.empty() ? "" : ", ", member.name,
                             member.interface.interface.private_ip);
  }
  return text + fmt::format("\n[[path]]\nname = \"path1\"\naddress = {{ {} }}\n", addresses);
}

std::string reachability_text(const Land& land) {
  const bool all = std::ranges::none_of(
      land.members, [](const Member& member) { return member.gateway.empty(); });
  if (!all) {
    return "\n# Not every node's subnet goes out through a NAT instance that could be asked \"am I "
           "cut off?\".\n# docs/safety.md says what else can tell: an arbiter, a forced stop, a "
           "reachability check.\n";
  }
  std::string text =
      "\n[arbitration]\nisolation_action = \"stop_groups\"\n\n"
      "# Each node asks the NAT instance of its own subnet whether it is cut off.\n"
      "[[arbitration.reachability]]\nname = \"nat\"\nkind = \"ping\"\n";
  for (const Member& member : land.members) {
    text += fmt::format("[arbitration.reachability.node.\"{}\"]\ntargets = [\"{}\"]\n", member.name,
                        member.gateway);
  }
  return text;
}

std::string resources_text(const Land& land) {
  std::string text = fmt::format(
      "\n[[group]]\nname = \"failover1\"\n\n"
      "# Every route table whose subnets need it must hold a route for {0}/32;\n"
      "# 'mainstay doctor --fix' adds those that are missing.\n"
      "[[resource]]\nname = \"awsvip1\"\ntype = \"awsvip\"\nip = \"{0}\"\nvpc_id = \"{1}\"\n",
      land.vip, land.vpc);
  for (const Member& member : land.members) {
    text += fmt::format("[resource.node.\"{}\"]\neni_id = \"{}\"\n", member.name,
                        member.interface.interface.id);
  }
  return text +
         "\n# Add the service itself as a resource of type script: 'mainstay help script'.\n";
}

Task<Result<Land>> explore(DiscoveryOrder order, Aws& aws, AwsSurvey& survey, Call call) {
  Land land;
  for (const std::string& id : order.instances) {
    auto instance = co_await survey.named_instance(id, call);
    if (!instance) co_return std::unexpected(instance.error());
    auto member = member_from(std::move(*instance));
    if (!member) co_return std::unexpected(member.error());
    land.members.push_back(std::move(*member));
  }
  land.vpc = land.members.front().instance.vpc;
  if (const Status status = fits(land); !status) co_return std::unexpected(status.error());
  auto cidrs = co_await aws.vpc_cidrs(land.vpc, call);
  if (!cidrs) co_return std::unexpected(cidrs.error());
  land.cidrs = std::move(*cidrs);
  auto tables = co_await aws.route_tables(land.vpc, call);
  if (!tables) co_return std::unexpected(tables.error());
  land.tables = std::move(*tables);
  for (Member& member : land.members) {
    const std::string eni = way_out(land, member.interface.interface.subnet);
    if (eni.empty()) continue;
    const auto gateway = co_await survey.placed_interface(eni, call);
    if (!gateway) co_return std::unexpected(gateway.error());
    member.gateway = gateway->interface.private_ip;
  }
  co_return land;
}

}  // namespace

Task<Result<std::string>> discover(DiscoveryOrder order, Aws& aws, AwsSurvey& survey, Call call) {
  if (order.instances.size() < 2 || order.instances.size() > nodes_max) {
    co_return failure(Code::invalid, fmt::format("a cluster has 2 to {} nodes; {} given", nodes_max,
                                                 order.instances.size()));
  }
  const std::string name = order.name;
  const std::string wanted = order.vip;
  auto land = co_await explore(std::move(order), aws, survey, call);
  if (!land) co_return std::unexpected(land.error());
  if (const Status chosen = choose_vip(wanted, *land); !chosen) {
    co_return std::unexpected(chosen.error());
  }
  co_return fmt::format(
      "# Proposed by 'mainstay discover'; read it before it is used.\n\n"
      "name = \"{}\"\nkey_file = \"/etc/mainstay/cluster.key\"\n{}{}{}",
      name, nodes_text(*land), reachability_text(*land), resources_text(*land));
}

}  // namespace mainstay::doctor
