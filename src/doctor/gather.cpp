// Asking for the facts: this node first, then what hangs on who it is.
#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "config/ip_address.h"
#include "doctor/facts.h"

namespace mainstay::doctor {
namespace {

using Questions = std::vector<Task<Status>>;

// Puts the answer where it belongs.
template <class T>
Task<Status> into(Result<T>& place, Task<Result<T>> question) {
  place = co_await std::move(question);
  co_return Status{};
}

Task<Status> into(Status& place, Task<Status> question) {
  place = co_await std::move(question);
  co_return Status{};
}

std::string text_of(const Params& params, const char* key) {
  const auto found = params.find(key);
  const auto* text = found == params.end() ? nullptr : std::get_if<std::string>(&found->second);
  return text == nullptr ? "" : *text;
}

const AwsInterface* own_interface(const Facts& facts, const std::string& eni) {
  if (!facts.identity || facts.identity->interfaces.empty()) return nullptr;
  const auto& all = facts.identity->interfaces;
  const auto found = std::ranges::find(all, eni, &AwsInterface::id);
  if (found != all.end()) return &*found;
  return eni.empty() ? &all.front() : nullptr;
}

Vip vip_from(const ResourceConfig& resource, const Params& params, const Facts& facts) {
  Vip vip{.resource = resource.name.value,
          .ip = text_of(params, "ip"),
          .destination = {},
          .vpc = text_of(params, "vpc_id"),
          .eni = text_of(params, "eni_id"),
          .interface = text_of(params, "interface"),
          .eni_configured = false};
  const auto number = ip_number(vip.ip);
  vip.destination = fmt::format("{}/{}", vip.ip, number ? number->bits() : 32);
  vip.eni_configured = !vip.eni.empty();
  const AwsInterface* own = own_interface(facts, vip.eni);
  if (own == nullptr) return vip;
  vip.eni = own->id;
  if (vip.vpc.empty()) vip.vpc = own->vpc;
  return vip;
}

std::vector<Vip> vips_of(const ClusterConfig& config, const Facts& facts) {
  std::vector<Vip> vips;
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      const auto params = resource.params.find(facts.self);
      if (resource.type != "awsvip" || params == resource.params.end()) continue;
      vips.push_back(vip_from(resource, params->second, facts));
    }
  }
  return vips;
}

// The peers' addresses are looked for in the VPC of our own interface of the path.
void add_peers(const ClusterConfig& config, Facts& facts) {
  for (const PathConfig& path : config.paths) {
    for (const auto& [node, address] : path.addresses) {
      if (node != facts.self) {
        facts.peers.push_back({node, path.name.value, address,
                               failure(Code::unavailable, "this node's own VPC is not known")});
      }
    }
  }
}

std::string vpc_of_path(const ClusterConfig& config, const Facts& facts, const std::string& name) {
  if (!facts.identity || facts.identity->interfaces.empty()) return {};
  const auto& own = facts.identity->interfaces;
  for (const PathConfig& path : config.paths) {
    const auto address = path.addresses.find(facts.self);
    if (path.name.value != name || address == path.addresses.end()) continue;
    for (const AwsInterface& each : own) {
      if (same_ip(each.private_ip, address->second)) return each.vpc;
    }
  }
  return own.front().vpc;
}

void ask_about_vpcs(Facts& facts, World world, const Call& call, Questions& questions) {
  for (const Vip& vip : facts.vips) {
    if (vip.vpc.empty() || facts.vpcs.contains(vip.vpc)) continue;
    VpcFacts& vpc = facts.vpcs[vip.vpc];
    questions.push_back(into(vpc.cidrs, world.aws.vpc_cidrs(vip.vpc, call)));
    questions.push_back(into(vpc.tables, world.aws.route_tables(vip.vpc, call)));
    questions.push_back(into(vpc.subnets, world.survey.subnets(vip.vpc, call)));
  }
}

void ask_about_interfaces(const ClusterConfig& config, Facts& facts, World world, const Call& call,
                          Questions& questions) {
  for (const Vip& vip : facts.vips) {
    if (vip.eni.empty() || facts.interfaces.contains(vip.eni)) continue;
    questions.push_back(
        into(facts.interfaces[vip.eni], world.survey.placed_interface(vip.eni, call)));
  }
  if (facts.identity) {
    for (const AwsInterface& each : facts.identity->interfaces) {
      questions.push_back(
          into(facts.kernel_names[each.mac], world.host.interface_with_mac(each.mac, call)));
    }
  }
  for (const PathConfig& path : config.paths) {
    const auto address = path.addresses.find(facts.self);
    const std::string vpc = vpc_of_path(config, facts, path.name.value);
    if (address == path.addresses.end() || vpc.empty()) continue;
    questions.push_back(into(facts.own_interfaces[address->second],
                             world.survey.interface_with_address(vpc, address->second, call)));
  }
  for (PeerFacts& peer : facts.peers) {
    const std::string vpc = vpc_of_path(config, facts, peer.path);
    if (vpc.empty()) continue;
    questions.push_back(
        into(peer.interface, world.survey.interface_with_address(vpc, peer.address, call)));
  }
}

void ask_for_permissions(Facts& facts, World world, const Call& call, Questions& questions) {
  for (const Vip& vip : facts.vips) {
    const auto vpc = facts.vpcs.find(vip.vpc);
    if (vpc == facts.vpcs.end() || !vpc->second.tables || vip.eni.empty()) continue;
    for (const AwsRouteTable& table : *vpc->second.tables) {
      const bool holds = std::ranges::any_of(table.routes, [&](const AwsRoute& route) {
        return same_cidr(route.destination, vip.destination);
      });
      if (!holds || facts.may_replace.contains(table.id)) continue;
      questions.push_back(
          into(facts.may_replace[table.id],
               world.survey.may_replace_route(table.id, vip.destination, vip.eni, call)));
    }
  }
}

std::vector<std::string> own_groups(const Facts& facts) {
  std::set<std::string> ids;
  for (const auto& [address, interface] : facts.own_interfaces) {
    if (interface) ids.insert(interface->groups.begin(), interface->groups.end());
  }
  return {ids.begin(), ids.end()};
}

// With the endpoint out of reach every further question would wait in vain.
void leave_unasked(Facts& facts) {
  const auto unasked = failure(Code::unavailable, "EC2's endpoint is out of reach");
  facts.groups = unasked;
  for (PeerFacts& peer : facts.peers) peer.interface = unasked;
}

}  // namespace

Task<Facts> gather(const ClusterConfig& config, NodeName self, World world, Call call) {
  Facts facts;
  facts.self = std::move(self);
  facts.groups = failure(Code::unavailable, "this node's interfaces are not known");
  Questions first;
  first.push_back(into(facts.identity, world.aws.identity(call)));
  first.push_back(into(facts.reach, world.survey.reach("ec2", call)));
  for (const PathConfig& path : config.paths) {
    const auto address = path.addresses.find(facts.self);
    if (address == path.addresses.end()) continue;
    first.push_back(
        into(facts.own_addresses[address->second], world.host.has_address(address->second, call)));
  }
  co_await when_all(std::move(first));
  facts.vips = vips_of(config, facts);
  add_peers(config, facts);
  if (!facts.reach) {
    leave_unasked(facts);
    co_return facts;
  }
  Questions second;
  ask_about_vpcs(facts, world, call, second);
  ask_about_interfaces(config, facts, world, call, second);
  co_await when_all(std::move(second));
  Questions third;
  ask_for_permissions(facts, world, call, third);
  const auto groups = own_groups(facts);
  if (!groups.empty()) {
    third.push_back(into(facts.groups, world.survey.security_groups(groups, call)));
  }
  co_await when_all(std::move(third));
  co_return facts;
}

}  // namespace mainstay::doctor
