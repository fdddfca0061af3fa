// Checks of virtual IP addresses: their interface, their range, their routes, and the permission to
// move them.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "config/iam_policy.h"
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
Findings interface_findings(const Case& given, const Vip& vip, const AwsIdentity& identity) {
  const auto own = std::ranges::find(identity.interfaces, vip.eni, &AwsInterface::id);
  if (own == identity.interfaces.end()) {
    return {wrong_interface(
        fmt::format("{}: {} is no interface of this instance, which has {}", vip.resource,
                    vip.eni.empty() ? "the ENI" : vip.eni, names_of(identity.interfaces)),
        fmt::format("Set eni_id for {} to its own, or leave it out.", given.facts.self))};
  }
  if (own->vpc != vip.vpc) {
    return {wrong_interface(
        fmt::format("{}: {} lies in {}, not in {}", vip.resource, vip.eni, own->vpc, vip.vpc),
        fmt::format("Set vpc_id = \"{}\".", own->vpc))};
  }
  const auto kernel = given.facts.kernel_names.find(own->mac);
  if (kernel == given.facts.kernel_names.end()) return {};
  if (!kernel->second) {
    return {wrong_interface(fmt::format("{}: the operating system shows no interface for {}: {}",
                                        vip.resource, vip.eni, kernel->second.error().message),
                            "ip link")};
  }
  if (!vip.interface.empty() && vip.interface != *kernel->second) {
    return {wrong_interface(
        fmt::format("{}: the configuration names the interface {}, but {} is {} here", vip.resource,
                    vip.interface, vip.eni, *kernel->second),
        fmt::format("Leave \"interface\" out, or set interface = \"{}\" for {}.", *kernel->second,
                    given.facts.self))};
  }
  return {good(fmt::format("{}: {} is {} here", vip.resource, vip.eni, *kernel->second))};
}

// The tables that some subnet of the VPC uses: those with subnets of their own, and the main one
// where a subnet has none.
bool is_used(const AwsRouteTable& table, const VpcFacts& vpc) {
  if (!table.subnets.empty()) return true;
  if (!table.main || !vpc.subnets) return table.main;
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
  return vip.eni;
}

Finding missing_route(const Vip& vip, const AwsRouteTable& table, const std::string& eni) {
  Finding finding{.check = {},
                  .grade = Grade::error,
                  .fact = fmt::format("{}: route table {} has no route for {}", vip.resource,
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
  if (!vpc.tables) return {unasked(vip.resource + ": the route tables", vpc.tables.error())};
  Findings findings;
  std::size_t held = 0;
  for (const AwsRouteTable& table : *vpc.tables) {
    if (route_of(table, vip) != nullptr) {
      ++held;
    } else if (is_used(table, vpc)) {
      findings.push_back(missing_route(vip, table, holder(vip, *vpc.tables)));
    }
  }
  if (findings.empty()) {
    findings.push_back(good(fmt::format("{}: {} route table(s) of {} hold {}", vip.resource, held,
                                        vip.vpc, vip.destination)));
  }
  return findings;
}

// The statement that grants an action, as it stands in the policy for this configuration.
std::string statement_for(const Case& given, const std::string& action) {
  PolicyPlace place;
  if (given.facts.identity) place.region = given.facts.identity->region;
  for (const auto& statement : iam_policy(given.config, given.catalog, place, PolicyUse::nodes)) {
    if (std::ranges::find(statement.actions, action) == statement.actions.end()) continue;
    return statement_text({{action}, statement.scope});
  }
  return {};
}

Finding missing_permission(const Case& given, const std::string& action, const Error& error) {
  const std::string statement = statement_for(given, action);
  // What is denied outright cannot be permitted by another statement.
  const bool forbidden = error.message.find("denies it explicitly") != std::string::npos;
  return {.check = {},
          .grade = Grade::error,
          .fact = fmt::format("{} is not permitted: {}", action, error.message),
          .why = "The failover that needs it would end here.",
          .remedy = forbidden           ? "Remove the statement that denies it."
                    : statement.empty() ? "mainstay iam-policy prints what the role needs."
                                        : "Add to the policy of the role: " + statement,
          .repair = {}};
}

// The descriptions were asked for in earnest; what was denied is known from them.
std::vector<std::pair<std::string, const Error*>> denied_descriptions(const Facts& facts) {
  std::vector<std::pair<std::string, const Error*>> denied;
  const auto note = [&](const char* action, const auto& result) {
    if (!result && result.error().code == Code::denied)
      denied.emplace_back(action, &result.error());
  };
  for (const auto& [id, vpc] : facts.vpcs) {
    note("ec2:DescribeVpcs", vpc.cidrs);
    note("ec2:DescribeRouteTables", vpc.tables);
  }
  for (const auto& [eni, interface] : facts.interfaces) {
    note("ec2:DescribeNetworkInterfaces", interface);
  }
  return denied;
}

}  // namespace

Findings check_interfaces(const Case& given) {
  if (!given.facts.identity) return {};
  Findings findings;
  for (const Vip& vip : given.facts.vips) {
    std::ranges::move(interface_findings(given, vip, *given.facts.identity),
                      std::back_inserter(findings));
  }
  return findings;
}

Findings check_permissions(const Case& given) {
  Findings findings;
  std::set<std::string> told;
  for (const auto& [action, error] : denied_descriptions(given.facts)) {
    if (told.insert(action).second) findings.push_back(missing_permission(given, action, *error));
  }
  for (const auto& [table, allowed] : given.facts.may_replace) {
    const std::string change = "ec2:ReplaceRoute in " + table;
    if (allowed) {
      findings.push_back(good(change + " is permitted"));
    } else if (allowed.error().code == Code::denied) {
      findings.push_back(missing_permission(given, "ec2:ReplaceRoute", allowed.error()));
    } else {
      findings.push_back(unasked(change, allowed.error()));
    }
  }
  return findings;
}

Findings check_vip_ranges(const Case& given) {
  Findings findings;
  for (const Vip& vip : given.facts.vips) {
    const auto vpc = given.facts.vpcs.find(vip.vpc);
    if (vpc == given.facts.vpcs.end()) continue;
    const auto& cidrs = vpc->second.cidrs;
    if (!cidrs) {
      findings.push_back(unasked(vip.resource + ": the ranges of " + vip.vpc, cidrs.error()));
      continue;
    }
    const auto ip = ip_number(vip.ip);
    const auto inside = std::ranges::find_if(*cidrs, [&](const std::string& text) {
      const auto block = cidr_block(text);
      return block && ip && contains(*block, *ip);
    });
    if (inside == cidrs->end()) {
      findings.push_back(
          good(fmt::format("{}: {} lies outside {}", vip.resource, vip.ip, vip.vpc)));
      continue;
    }
    findings.push_back(
        {.check = {},
         .grade = Grade::error,
         .fact = fmt::format("{}: {} lies in {} of {}", vip.resource, vip.ip, *inside, vip.vpc),
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
    const auto vpc = given.facts.vpcs.find(vip.vpc);
    if (vpc == given.facts.vpcs.end()) continue;
    std::ranges::move(route_findings(vip, vpc->second), std::back_inserter(findings));
  }
  return findings;
}

Findings check_source_dest(const Case& given) {
  Findings findings;
  for (const auto& [eni, interface] : given.facts.interfaces) {
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
