// Asking for the facts: this node first, then what hangs on who it is.
#include <algorithm>
#include <limits>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "config/ip_address.h"
#include "doctor/facts.h"
#include "doctor/subjects.h"

namespace mainstay::doctor {
namespace {

using Questions = std::vector<Task<Status>>;

Rights rights_of(const World& world, const std::string& role) {
  if (role.empty() || !world.as) return {world.aws, world.survey};
  return world.as(role);
}

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

void ask_about_vpcs(Facts& facts, const World& world, const Call& call, Questions& questions) {
  for (const Vip& vip : facts.vips) {
    const std::string& id = vip.anchor.vpc;
    if (id.empty() || facts.vpcs.contains(id)) continue;
    VpcFacts& vpc = facts.vpcs[id];
    const Rights rights = rights_of(world, vip.anchor.role);
    questions.push_back(into(vpc.cidrs, rights.aws.vpc_cidrs(id, call)));
    questions.push_back(into(vpc.tables, rights.aws.route_tables(id, call)));
    questions.push_back(into(vpc.subnets, rights.survey.subnets(id, call)));
  }
  for (const SecondaryIp& sip : facts.sips) {
    const std::string& id = sip.anchor.vpc;
    if (id.empty() || facts.subnets.contains(id)) continue;
    const Rights rights = rights_of(world, sip.anchor.role);
    questions.push_back(into(facts.subnets[id], rights.survey.subnets(id, call)));
  }
}

void ask_about_interface(Facts& facts, const std::string& eni, AwsSurvey& survey, const Call& call,
                         Questions& questions) {
  if (eni.empty() || facts.interfaces.contains(eni)) return;
  questions.push_back(into(facts.interfaces[eni], survey.placed_interface(eni, call)));
}

void ask_about_interfaces(const ClusterConfig& config, Facts& facts, const World& world,
                          const Call& call, Questions& questions) {
  const auto ask = [&](const Anchor& anchor, const std::string& eni) {
    ask_about_interface(facts, eni, rights_of(world, anchor.role).survey, call, questions);
  };
  for (const Vip& vip : facts.vips) ask(vip.anchor, vip.anchor.eni);
  for (const ElasticIp& eip : facts.eips) ask(eip.anchor, eip.anchor.eni);
  for (const SecondaryIp& sip : facts.sips) {
    ask(sip.anchor, sip.anchor.eni);
    for (const auto& [node, eni] : sip.enis) ask(sip.anchor, eni);
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

void ask_about_addresses(Facts& facts, const World& world, const Call& call, Questions& questions) {
  for (const ElasticIp& eip : facts.eips) {
    const std::string& id = eip.allocation;
    if (facts.addresses.contains(id)) continue;
    questions.push_back(
        into(facts.addresses[id], rights_of(world, eip.anchor.role).aws.address(id, call)));
  }
  for (const SecondaryIp& sip : facts.sips) {
    if (sip.anchor.vpc.empty() || facts.holders.contains(sip.ip)) continue;
    const Rights rights = rights_of(world, sip.anchor.role);
    questions.push_back(into(facts.holders[sip.ip],
                             rights.survey.interface_with_address(sip.anchor.vpc, sip.ip, call)));
  }
}

// Route 53 has no trials. A removal of what cannot be there says as much: it is refused for want of
// permission, or because nothing is like that: an address that only documents use, for longer than
// resolvers remember.
Task<Status> may_change_records(Aws& aws, AwsRecord record, Call call) {
  record.addresses = {record.type == RecordType::a ? "192.0.2.1" : "2001:db8::1"};
  record.ttl = std::chrono::seconds(std::numeric_limits<std::int32_t>::max());
  const auto removed = co_await aws.change_record(RecordChange::remove, std::move(record), call);
  if (removed || removed.error().code == Code::not_found) co_return Status{};
  co_return std::unexpected(removed.error());
}

void ask_about_names(Facts& facts, const World& world, const Call& call, Questions& questions) {
  if (!facts.reach_route53 || !*facts.reach_route53) return;
  for (const DnsName& name : facts.names) {
    const AwsRecord& record = name.record;
    const Rights rights = rights_of(world, name.role);
    if (!facts.zones.contains(record.zone)) {
      questions.push_back(
          into(facts.zones[record.zone], rights.aws.hosted_zone(record.zone, call)));
      questions.push_back(
          into(facts.may_change[record.zone], may_change_records(rights.aws, record, call)));
    }
    if (facts.records.contains(record.name)) continue;
    questions.push_back(into(facts.records[record.name],
                             rights.aws.record(record.zone, record.name, record.type, call)));
  }
}

// What this node makes of a name, and whom the world asks about it.
void ask_for_resolution(Facts& facts, const World& world, const Call& call, Questions& questions) {
  for (const DnsName& name : facts.names) {
    const AwsRecord& record = name.record;
    const auto zone = facts.zones.find(record.zone);
    const auto held = facts.records.find(record.name);
    if (zone == facts.zones.end() || !zone->second) continue;
    if (!zone->second->is_private && !facts.delegations.contains(record.zone)) {
      questions.push_back(into(facts.delegations[record.zone],
                               world.resolver.name_servers(zone->second->name, call)));
    }
    const bool exists = held != facts.records.end() && held->second && *held->second;
    if (!exists || facts.resolved.contains(record.name)) continue;
    const IpFamily family = record.type == RecordType::a ? IpFamily::v4 : IpFamily::v6;
    questions.push_back(
        into(facts.resolved[record.name], world.resolver.resolve(record.name, family, call)));
  }
}

// Of an address that somebody else has, the interface tells who that is.
void ask_about_holders(Facts& facts, const World& world, const Call& call, Questions& questions) {
  for (const ElasticIp& eip : facts.eips) {
    const auto& address = facts.addresses[eip.allocation];
    if (!address || eip.enis.contains(address->eni)) continue;
    ask_about_interface(facts, address->eni, rights_of(world, eip.anchor.role).survey, call,
                        questions);
  }
}

void ask_for_routes(Facts& facts, const World& world, const Call& call, Questions& questions) {
  for (const Vip& vip : facts.vips) {
    const std::string& eni = vip.anchor.eni;
    const Rights rights = rights_of(world, vip.anchor.role);
    const auto vpc = facts.vpcs.find(vip.anchor.vpc);
    if (vpc == facts.vpcs.end() || !vpc->second.tables || eni.empty()) continue;
    for (const AwsRouteTable& table : *vpc->second.tables) {
      const bool holds = std::ranges::any_of(table.routes, [&](const AwsRoute& route) {
        return same_cidr(route.destination, vip.destination);
      });
      if (!holds || facts.may_replace.contains(table.id)) continue;
      questions.push_back(
          into(facts.may_replace[table.id],
               rights.survey.may_replace_route(table.id, vip.destination, eni, call)));
    }
  }
}

void ask_for_addresses(Facts& facts, const World& world, const Call& call, Questions& questions) {
  for (const ElasticIp& eip : facts.eips) {
    const std::string& id = eip.allocation;
    const auto& address = facts.addresses[id];
    if (!address || eip.anchor.eni.empty() || facts.may_associate.contains(id)) continue;
    const Rights rights = rights_of(world, eip.anchor.role);
    questions.push_back(into(facts.may_associate[id],
                             rights.survey.may_associate_address(id, eip.anchor.eni, call)));
    if (address->association.empty()) continue;
    questions.push_back(into(facts.may_disassociate[id],
                             rights.survey.may_disassociate_address(address->association, call)));
  }
}

void ask_for_assignments(Facts& facts, const World& world, const Call& call, Questions& questions) {
  for (const SecondaryIp& sip : facts.sips) {
    const std::string& eni = sip.anchor.eni;
    if (eni.empty() || facts.may_assign.contains(eni)) continue;
    const Rights rights = rights_of(world, sip.anchor.role);
    questions.push_back(
        into(facts.may_assign[eni], rights.survey.may_assign_private_ip(eni, call)));
  }
}

// What a forced stop does, and what keeps two nodes from stopping each other where no arbiter does.
void ask_for_forced_stop(const ClusterConfig& config, Facts& facts, const World& world,
                         const Call& call, Questions& questions) {
  const ArbitrationConfig& arbitration = config.arbitration;
  if (arbitration.forced_stop.kind != ForcedStopKind::ec2) return;
  const auto ask = [&](std::map<std::string, Status>& outcomes, InstanceChange change,
                       const std::string& instance) {
    if (instance.empty() || outcomes.contains(instance)) return;
    questions.push_back(
        into(outcomes[instance], world.aws.may_change_instance(change, instance, call)));
  };
  for (const PeerFacts& peer : facts.peers) {
    if (!peer.interface) continue;
    const std::string& instance = peer.interface->interface.instance;
    ask(facts.may_stop, InstanceChange::stop, instance);
    if (arbitration.forced_stop.action == ForcedStopAction::reboot) {
      ask(facts.may_start, InstanceChange::start, instance);
    }
  }
  if (facts.identity && arbitration.arbiter.kind == ArbiterKind::none) {
    ask(facts.may_protect, InstanceChange::protect, facts.identity->instance);
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

Task<Facts> gather(const ClusterConfig& config, NodeName self, const World& world, Call call) {
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
  add_subjects(config, facts);
  add_peers(config, facts);
  if (!facts.names.empty()) {
    facts.reach_route53 = co_await world.survey.reach("route53", call);
  }
  if (!facts.reach) {
    leave_unasked(facts);
    co_return facts;
  }
  Questions second;
  ask_about_vpcs(facts, world, call, second);
  ask_about_interfaces(config, facts, world, call, second);
  ask_about_addresses(facts, world, call, second);
  ask_about_names(facts, world, call, second);
  co_await when_all(std::move(second));
  Questions third;
  ask_about_holders(facts, world, call, third);
  ask_for_routes(facts, world, call, third);
  ask_for_addresses(facts, world, call, third);
  ask_for_assignments(facts, world, call, third);
  ask_for_forced_stop(config, facts, world, call, third);
  ask_for_resolution(facts, world, call, third);
  const auto groups = own_groups(facts);
  if (!groups.empty()) {
    third.push_back(into(facts.groups, world.survey.security_groups(groups, call)));
  }
  co_await when_all(std::move(third));
  co_return facts;
}

}  // namespace mainstay::doctor
