// Checks of virtual IP addresses: their interface, which other addresses have, too, their range and
// their routes.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "config/ip_address.h"
#include "doctor/checks.h"

namespace mainstay::doctor {
namespace {

std::string label(const AwsRouteTable& table) {
  return table.name.empty() ? table.id : fmt::format("{} ({})", table.id, table.name);
}

const AwsRoute* route_of(const AwsRouteTable& table, const Vip& vip) {
  const auto found = std::ranges::find_if(table.routes, [&](const AwsRoute& route) {
    return same_cidr(route.destination, vip.destination);
  });
  return found == table.routes.end() ? nullptr : &*found;
}

std::string names_of(const std::vector<AwsInterface>& interfaces) {
  std::string text;
  for (const auto& each : interfaces) text += (text.empty() ? "" : ", ") + each.id;
  return text.empty() ? "none" : text;
}

Finding wrong_interface(std::string fact, std::string remedy) {
  return {.check = {},
          .grade = Grade::error,
          .fact = std::move(fact),
          .why =
              "The routes would be pointed at a machine that is not this one, or the activation "
              "would fail.",
          .remedy = std::move(remedy),
          .repair = {}};
}

// What is configured against what the metadata service says.
Findings interface_findings(const Case& given, const Anchor& anchor, const AwsIdentity& identity) {
  const auto own = std::ranges::find(identity.interfaces, anchor.eni, &AwsInterface::id);
  if (own == identity.interfaces.end()) {
    return {wrong_interface(
        fmt::format("{}: {} is no interface of this instance, which has {}", anchor.resource,
                    anchor.eni.empty() ? "the ENI" : anchor.eni, names_of(identity.interfaces)),
        fmt::format("Set eni_id for {} to its own, or leave it out.", given.facts.self))};
  }
  if (own->vpc != anchor.vpc) {
    return {wrong_interface(fmt::format("{}: {} lies in {}, not in {}", anchor.resource, anchor.eni,
                                        own->vpc, anchor.vpc),
                            fmt::format("Set vpc_id = \"{}\".", own->vpc))};
  }
  const auto kernel = given.facts.kernel_names.find(own->mac);
  if (kernel == given.facts.kernel_names.end()) return {};
  if (!kernel->second) {
    return {
        wrong_interface(fmt::format("{}: the operating system shows no interface for {}: {}",
                                    anchor.resource, anchor.eni, kernel->second.error().message),
                        "ip link")};
  }
  if (!anchor.interface.empty() && anchor.interface != *kernel->second) {
    return {wrong_interface(
        fmt::format("{}: the configuration names the interface {}, but {} is {} here",
                    anchor.resource, anchor.interface, anchor.eni, *kernel->second),
        fmt::format("Leave \"interface\" out, or set interface = \"{}\" for {}.", *kernel->second,
                    given.facts.self))};
  }
  return {good(fmt::format("{}: {} is {} here", anchor.resource, anchor.eni, *kernel->second))};
}

// Whether some subnet of the VPC uses the table: one of its own, or, of the main one, one that has
// none. Nothing: it cannot be told.
std::optional<bool> is_used(const AwsRouteTable& table, const VpcFacts& vpc) {
  if (!table.subnets.empty() || !table.main) return !table.subnets.empty();
  if (!vpc.subnets) return std::nullopt;
  std::set<std::string> placed;
  for (const AwsRouteTable& each : *vpc.tables) {
    placed.insert(each.subnets.begin(), each.subnets.end());
  }
  return std::ranges::any_of(*vpc.subnets,
                             [&](const AwsSubnet& each) { return !placed.contains(each.id); });
}

// Where the other tables send the address by now: a new route must not lead elsewhere.
std::string holder(const Vip& vip, const std::vector<AwsRouteTable>& tables) {
  for (const AwsRouteTable& table : tables) {
    const AwsRoute* route = route_of(table, vip);
    if (route != nullptr && !route->eni.empty()) return route->eni;
  }
  return vip.anchor.eni;
}

Finding missing_route(const Vip& vip, const AwsRouteTable& table, const std::string& eni) {
  Finding finding{.check = {},
                  .grade = Grade::error,
                  .fact = fmt::format("{}: route table {} has no route for {}", vip.anchor.resource,
                                      label(table), vip.destination),
                  .why =
                      "A failover replaces routes and makes none: clients in the subnets of this "
                      "table never reach the address.",
                  .remedy = fmt::format("aws ec2 create-route --route-table-id {} "
                                        "--destination-cidr-block {} --network-interface-id {}",
                                        table.id, vip.destination, eni),
                  .repair = {}};
  if (vip.destination.find(':') != std::string::npos) {
    finding.remedy = fmt::format(
        "aws ec2 create-route --route-table-id {} "
        "--destination-ipv6-cidr-block {} --network-interface-id {}",
        table.id, vip.destination, eni);
  }
  if (!eni.empty()) {
    finding.repair = Repair{.kind = RepairKind::add_route,
                            .eni = eni,
                            .table = table.id,
                            .destination = vip.destination};
  }
  return finding;
}

Findings route_findings(const Vip& vip, const VpcFacts& vpc) {
  if (!vpc.tables) return {unasked(vip.anchor.resource + ": the route tables", vpc.tables.error())};
  Findings findings;
  std::size_t held = 0;
  for (const AwsRouteTable& table : *vpc.tables) {
    if (route_of(table, vip) != nullptr) {
      ++held;
    } else if (const auto used = is_used(table, vpc); !used) {
      findings.push_back(
          unasked(fmt::format("{}: whether a subnet uses {}", vip.anchor.resource, label(table)),
                  vpc.subnets.error()));
    } else if (*used) {
      findings.push_back(missing_route(vip, table, holder(vip, *vpc.tables)));
    }
  }
  if (findings.empty()) {
    findings.push_back(good(fmt::format("{}: {} route table(s) of {} hold {}", vip.anchor.resource,
                                        held, vip.anchor.vpc, vip.destination)));
  }
  return findings;
}

}  // namespace

Findings check_interfaces(const Case& given) {
  if (!given.facts.identity) return {};
  Findings findings;
  const auto look = [&](const auto& subjects) {
    for (const auto& subject : subjects) {
      std::ranges::move(interface_findings(given, subject.anchor, *given.facts.identity),
                        std::back_inserter(findings));
    }
  };
  look(given.facts.vips);
  look(given.facts.eips);
  look(given.facts.sips);
  return findings;
}

Findings check_vip_ranges(const Case& given) {
  Findings findings;
  for (const Vip& vip : given.facts.vips) {
    const auto vpc = given.facts.vpcs.find(vip.anchor.vpc);
    if (vpc == given.facts.vpcs.end()) continue;
    const auto& cidrs = vpc->second.cidrs;
    if (!cidrs) {
      findings.push_back(
          unasked(vip.anchor.resource + ": the ranges of " + vip.anchor.vpc, cidrs.error()));
      continue;
    }
    const auto ip = ip_number(vip.ip);
    const auto inside = std::ranges::find_if(*cidrs, [&](const std::string& text) {
      const auto block = cidr_block(text);
      return block && ip && contains(*block, *ip);
    });
    if (inside == cidrs->end()) {
      findings.push_back(
          good(fmt::format("{}: {} lies outside {}", vip.anchor.resource, vip.ip, vip.anchor.vpc)));
      continue;
    }
    findings.push_back({.check = {},
                        .grade = Grade::error,
                        .fact = fmt::format("{}: {} lies in {} of {}", vip.anchor.resource, vip.ip,
                                            *inside, vip.anchor.vpc),
                        .why = "EC2 routes a VPC's own ranges by itself: no route for the address "
                               "can lead elsewhere.",
                        .remedy = "Choose an address outside all ranges of the VPC.",
                        .repair = {}});
  }
  return findings;
}

Findings check_routes(const Case& given) {
  Findings findings;
  for (const Vip& vip : given.facts.vips) {
    const auto vpc = given.facts.vpcs.find(vip.anchor.vpc);
    if (vpc == given.facts.vpcs.end()) continue;
    std::ranges::move(route_findings(vip, vpc->second), std::back_inserter(findings));
  }
  return findings;
}

Findings check_source_dest(const Case& given) {
  std::set<std::string> enis;
  for (const Vip& vip : given.facts.vips) enis.insert(vip.anchor.eni);
  Findings findings;
  for (const auto& [eni, interface] : given.facts.interfaces) {
    if (!enis.contains(eni)) continue;
    if (!interface) {
      findings.push_back(unasked("Source/Dest. Check of " + eni, interface.error()));
    } else if (!interface->interface.source_dest_check) {
      findings.push_back(good(fmt::format("Source/Dest. Check of {} is disabled", eni)));
    } else {
      findings.push_back(
          {.check = {},
           .grade = Grade::error,
           .fact = fmt::format("Source/Dest. Check of {} is enabled", eni),
           .why = "EC2 drops packets for a virtual IP address before they reach this node; every "
                  "check on the node itself looks healthy.",
           .remedy = fmt::format("aws ec2 modify-network-interface-attribute "
                                 "--network-interface-id {} --no-source-dest-check",
                                 eni),
           .repair = Repair{.kind = RepairKind::disable_source_dest_check,
                            .eni = eni,
                            .table = {},
                            .destination = {}}});
    }
  }
  return findings;
}

}  // namespace mainstay::doctor
