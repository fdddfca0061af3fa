// Checks of names in Route 53: their hosted zone, and what their record set says now.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/ip_address.h"
#include "doctor/checks.h"

namespace mainstay::doctor {
namespace {

// Clients go on to the former node for as long as resolvers remember it.
constexpr Duration ttl_noticed = 5min;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

bool lies_in(const std::string& name, const std::string& zone) {
  const std::string whole = lower(name);
  const std::string end = lower(zone);
  return whole == end || whole.ends_with("." + end);
}

std::string own_vpc(const Facts& facts) {
  if (!facts.identity || facts.identity->interfaces.empty()) return {};
  return facts.identity->interfaces.front().vpc;
}

Findings zone_findings(const DnsName& name, const AwsHostedZone& zone, const std::string& vpc) {
  Findings findings;
  const std::string what =
      fmt::format("{}: hosted zone {} ({})", name.resource, zone.id, zone.name);
  if (!lies_in(name.record.name, zone.name)) {
    findings.push_back(
        trouble(Grade::error,
                {fmt::format("{} does not hold {}", what, name.record.name),
                 "Route 53 refuses a name outside the zone: the activation fails on every node.",
                 fmt::format("Correct \"zone_id\", or choose a \"record_name\" that ends with {}",
                             zone.name)}));
  }
  const bool known = !vpc.empty() && !zone.vpcs.empty();
  if (zone.is_private && known && std::ranges::find(zone.vpcs, vpc) == zone.vpcs.end()) {
    findings.push_back(
        trouble(Grade::error,
                {fmt::format("{} is not associated with {}", what, vpc),
                 "Nobody in this VPC can resolve the name.",
                 fmt::format("aws route53 associate-vpc-with-hosted-zone --hosted-zone-id {} --vpc "
                             "VPCRegion=REGION,VPCId={}",
                             zone.id, vpc)}));
  }
  if (findings.empty()) {
    findings.push_back(good(fmt::format("{}, {}, holds {}", what,
                                        zone.is_private ? "private" : "public", name.record.name)));
  }
  return findings;
}

Findings record_findings(const DnsName& name, const std::optional<AwsRecord>& record) {
  const std::string what = fmt::format("{}: {}", name.resource, name.record.name);
  if (!record) return {good(fmt::format("{} has no record set yet", what))};
  if (record->addresses.empty()) {
    return {trouble(Grade::warning, {fmt::format("{} is an alias now", what),
                                     "The next activation replaces it by an address.",
                                     "Check whether something else uses this name."})};
  }
  std::vector<std::string> strange;
  for (const std::string& address : record->addresses) {
    const bool ours = std::ranges::any_of(
        name.addresses, [&](const std::string& each) { return same_ip(each, address); });
    if (!ours) strange.push_back(address);
  }
  if (strange.empty()) {
    return {good(fmt::format("{} is {}", what, fmt::join(record->addresses, ", ")))};
  }
  return {trouble(
      Grade::warning,
      {fmt::format("{} is {}, which is no node's \"ip\"", what, fmt::join(strange, ", ")),
       "The next activation replaces it.", "Check whether another cluster uses this name."})};
}

Findings ttl_findings(const DnsName& name, const std::optional<AwsRecord>& record) {
  const auto seconds = [](Duration ttl) {
    return std::chrono::duration_cast<std::chrono::seconds>(ttl).count();
  };
  if (name.record.ttl > ttl_noticed) {
    return {trouble(Grade::warning, {fmt::format("{}: the TTL of {} is {} s", name.resource,
                                                 name.record.name, seconds(name.record.ttl)),
                                     "Clients go on to the failed node for as long.",
                                     "Set a \"ttl\" of 60s or less."})};
  }
  if (!record || record->addresses.empty() || record->ttl <= name.record.ttl) return {};
  return {trouble(Grade::warning,
                  {fmt::format("{}: {} has a TTL of {} s now, not of {} s", name.resource,
                               name.record.name, seconds(record->ttl), seconds(name.record.ttl)),
                   "Clients go on to the failed node for as long as they were told.",
                   "Restart the group once: its activation writes the configured TTL."})};
}

}  // namespace

Findings check_hosted_zones(const Case& given) {
  Findings findings;
  for (const DnsName& name : given.facts.names) {
    const auto zone = given.facts.zones.find(name.record.zone);
    if (zone == given.facts.zones.end()) continue;
    const std::string what = fmt::format("{}: hosted zone {}", name.resource, name.record.zone);
    if (zone->second) {
      std::ranges::move(zone_findings(name, *zone->second, own_vpc(given.facts)),
                        std::back_inserter(findings));
    } else if (zone->second.error().code == Code::not_found) {
      findings.push_back(
          trouble(Grade::error,
                  {fmt::format("{}: {}", what, zone->second.error().message),
                   "There is no zone to write the name to: the activation fails on every node.",
                   "aws route53 list-hosted-zones shows the zones; correct \"zone_id\"."}));
    } else {
      findings.push_back(unasked(what, zone->second.error()));
    }
  }
  return findings;
}

Findings check_records(const Case& given) {
  Findings findings;
  for (const DnsName& name : given.facts.names) {
    const auto record = given.facts.records.find(name.record.name);
    if (record == given.facts.records.end()) continue;
    if (!record->second) {
      // Of a zone that does not exist, its own finding tells.
      if (record->second.error().code == Code::not_found) continue;
      findings.push_back(
          unasked(fmt::format("{}: {}", name.resource, name.record.name), record->second.error()));
      continue;
    }
    std::ranges::move(record_findings(name, *record->second), std::back_inserter(findings));
    std::ranges::move(ttl_findings(name, *record->second), std::back_inserter(findings));
  }
  return findings;
}

}  // namespace mainstay::doctor
