// Looking names up in zones, and remembering.
#include "lab/dns_resolver.h"

#include <algorithm>

namespace mainstay::lab {
namespace {

const DnsZone* closest_zone(const std::vector<DnsZone>& zones, const std::string& name) {
  const DnsZone* best = nullptr;
  for (const DnsZone& zone : zones) {
    if (!name_in_zone(name, zone.name)) continue;
    if (best == nullptr || zone.name.size() > best->name.size()) best = &zone;
  }
  return best;
}

const RecordSet* find_record(const DnsZone& zone, const std::string& name,
                             const std::string& type) {
  for (const RecordSet& set : *zone.records) {
    if (set.name == name && set.type == type) return &set;
  }
  return nullptr;
}

bool name_exists(const DnsZone& zone, const std::string& name) {
  return std::ranges::any_of(*zone.records,
                             [&](const RecordSet& set) { return name_in_zone(set.name, name); });
}

// "*.example.com." answers for every name below example.com. that is not there itself.
std::string wildcard_for(const DnsZone& zone, const std::string& name) {
  std::string_view rest = name;
  while (rest.size() > zone.name.size()) {
    rest.remove_prefix(rest.find('.') + 1);
    std::string wildcard = "*." + std::string(rest);
    if (name_exists(zone, wildcard)) return wildcard;
  }
  return {};
}

}  // namespace

DnsAnswer look_up_in_zones(const std::vector<DnsZone>& zones, const DnsQuestion& question) {
  DnsAnswer answer{.authoritative = true};
  std::string name = question.name;
  for (int followed = 0; followed <= aliases_max; ++followed) {
    const DnsZone* zone = closest_zone(zones, name);
    if (zone == nullptr) {
      if (answer.answers.empty()) return {.code = DnsCode::refused};
      return answer;
    }
    std::string owner = name;
    if (!name_exists(*zone, name)) owner = wildcard_for(*zone, name);
    const RecordSet* found = find_record(*zone, owner, question.type);
    const RecordSet* alias = found != nullptr ? nullptr : find_record(*zone, owner, "CNAME");
    if (const RecordSet* shown = found != nullptr ? found : alias) {
      RecordSet copy = *shown;
      copy.name = name;
      answer.answers.push_back(std::move(copy));
      if (found != nullptr) return answer;
      const auto target = parse_dns_name(alias->values[0]);
      if (!target) return {.code = DnsCode::server_failure};
      name = *target;
      continue;
    }
    if (owner.empty()) answer.code = DnsCode::no_such_name;
    if (const RecordSet* soa = find_record(*zone, zone->name, "SOA"))
      answer.authority.push_back(*soa);
    return answer;
  }
  return {.code = DnsCode::server_failure};
}

DnsAnswer DnsResolver::answer(const DnsQuestion& question, std::int64_t now_ms, const Ask& ask) {
  const auto known = cache_.find(question);
  if (known != cache_.end() && known->second.until_ms > now_ms) {
    DnsAnswer left = known->second.answer;
    const auto age = static_cast<std::uint32_t>((now_ms - known->second.since_ms) / 1000);
    for (RecordSet& set : left.answers) set.ttl -= std::min(set.ttl, age);
    return left;
  }
  DnsAnswer fresh = ask(question);
  fresh.authoritative = false;
  fresh.recursion_available = true;
  std::uint32_t life = absence_ttl_max;
  if (!fresh.answers.empty())
    life = std::ranges::min_element(fresh.answers, {}, &RecordSet::ttl)->ttl;
  if (cache_.size() >= dns_cache_max) cache_.clear();
  if (fresh.code == DnsCode::no_error || fresh.code == DnsCode::no_such_name) {
    cache_[question] = {fresh, now_ms, now_ms + std::int64_t{life} * 1000};
  }
  return fresh;
}

}  // namespace mainstay::lab
