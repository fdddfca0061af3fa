// Whether clients find what Route 53 says: the system's resolver on this node, and the delegation
// of a public zone.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/ip_address.h"
#include "doctor/checks.h"
#include "ports/delegation.h"

namespace mainstay::doctor {
namespace {

bool same_addresses(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  const auto holds = [](const std::vector<std::string>& all, const std::string& one) {
    return std::ranges::any_of(all, [&](const std::string& each) { return same_ip(each, one); });
  };
  return std::ranges::all_of(some, [&](const auto& each) { return holds(others, each); }) &&
         std::ranges::all_of(others, [&](const auto& each) { return holds(some, each); });
}

Finding delegation_finding(const DnsName& name, const AwsHostedZone& zone,
                           const Result<std::vector<std::string>>& delegated) {
  const std::string what = fmt::format("{}: the name servers of {}", name.resource, zone.name);
  const std::string fact = delegation_fault(zone, delegated);
  if (!fact.empty()) {
    return trouble(Grade::error, {fmt::format("{}: {}", name.resource, fact),
                                  "Clients ask servers that do not know where the group runs.",
                                  delegation_remedy(zone) + "."});
  }
  if (!delegated) return unasked(what, delegated.error());
  return good(fmt::format("{} are those of hosted zone {}", what, zone.id));
}

Finding resolution_finding(const DnsName& name, const AwsRecord& record, bool in_private_zone,
                           const Result<std::vector<IpAddress>>& resolved) {
  const std::string what =
      fmt::format("{}: this node's resolution of {}", name.resource, name.record.name);
  const std::string remedy = in_private_zone
                                 ? "The nodes must ask the VPC's own resolver (/etc/resolv.conf), "
                                   "and the VPC have DNS support and DNS host names enabled."
                                 : "Check /etc/resolv.conf, and whether the resolver it names can "
                                   "reach the zone's name servers.";
  if (!resolved && resolved.error().code == Code::not_found) {
    return trouble(
        Grade::error,
        {fmt::format("{} fails, and Route 53 has a record set: {}", what, resolved.error().message),
         "Clients that ask as this node does do not find the group; its monitor reports "
         "error 9.",
         remedy});
  }
  if (!resolved) return unasked(what, resolved.error());
  if (same_addresses(*resolved, record.addresses)) {
    return good(fmt::format("{} gives {}", what, fmt::join(*resolved, ", ")));
  }
  return trouble(Grade::warning,
                 {fmt::format("{} gives {}, and Route 53 has {}", what, fmt::join(*resolved, ", "),
                              fmt::join(record.addresses, ", ")),
                  "Clients that ask as this node does go elsewhere; its monitor reports error 10.",
                  "If it stays so after the TTL: remove the name from /etc/hosts, and check "
                  "/etc/resolv.conf."});
}

}  // namespace

Findings check_name_resolution(const Case& given) {
  const Facts& facts = given.facts;
  Findings findings;
  for (const DnsName& name : facts.names) {
    const auto zone = facts.zones.find(name.record.zone);
    if (zone == facts.zones.end() || !zone->second) continue;
    const auto delegated = facts.delegations.find(name.record.zone);
    if (delegated != facts.delegations.end()) {
      findings.push_back(delegation_finding(name, *zone->second, delegated->second));
    }
    const auto resolved = facts.resolved.find(name.record.name);
    if (resolved == facts.resolved.end()) continue;
    const AwsRecord& record = **facts.records.at(name.record.name);
    // An alias leads to addresses that Route 53 chooses.
    if (record.addresses.empty()) continue;
    findings.push_back(
        resolution_finding(name, record, zone->second->is_private, resolved->second));
  }
  return findings;
}

}  // namespace mainstay::doctor
