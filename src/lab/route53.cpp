// The calls of Route 53, and the zones they act on.
#include "lab/route53.h"

#include <fmt/format.h>

#include <charconv>

#include "lab/ec2.h"
#include "lab/route53_changes.h"
#include "lab/xml.h"

namespace mainstay::lab {
namespace {

constexpr std::size_t page_max = 300;
constexpr std::uint32_t ns_ttl = 172'800;
constexpr std::uint32_t soa_ttl = 900;

using Answer = std::expected<std::string, AwsError>;

std::unexpected<AwsError> refuse(int status, std::string code, std::string message) {
  return std::unexpected(AwsError{status, std::move(code), std::move(message)});
}

// The parts of the path after the version: {"hostedzone", "Z…", "rrset"}.
std::vector<std::string> parts_of(const HttpRequest& request) {
  std::vector<std::string> parts;
  std::string_view path = request.path();
  if (!path.starts_with(route53_root)) return parts;
  path.remove_prefix(route53_root.size());
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0) parts.push_back(url_decode(path.substr(0, slash), false));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

std::string parameter(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : parse_form(request.query())) {
    if (key == name) return value;
  }
  return {};
}

std::expected<std::size_t, AwsError> page_size(const HttpRequest& request) {
  const std::string text = parameter(request, "maxitems");
  if (text.empty()) return page_max;
  std::size_t size = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (problem != std::errc() || end != text.data() + text.size() || size == 0) {
    return refuse(400, "InvalidInput", fmt::format("'{}' is no value for maxitems", text));
  }
  return std::min(size, page_max);
}

void write_record(Xml& xml, const RecordSet& set) {
  std::string name = set.name;
  if (name.starts_with('*')) name.replace(0, 1, "\\052");
  xml.node("ResourceRecordSet", [&] {
    xml.leaf("Name", name).leaf("Type", set.type).leaf("TTL", std::to_string(set.ttl));
    xml.node("ResourceRecords", [&] {
      for (const std::string& value : set.values) {
        xml.node("ResourceRecord", [&] { xml.leaf("Value", value); });
      }
    });
  });
}

void write_zone(Xml& xml, const HostedZone& zone) {
  xml.node("HostedZone", [&] {
    xml.leaf("Id", "/hostedzone/" + zone.id).leaf("Name", zone.name);
    xml.leaf("CallerReference", "lab-" + zone.id);
    xml.node("Config", [&] { xml.leaf("PrivateZone", zone.is_private() ? "true" : "false"); });
    xml.leaf("ResourceRecordSetCount", std::to_string(zone.records.size()));
  });
}

std::string show_zone(const HostedZone& zone, const std::string& region) {
  Xml xml;
  write_zone(xml, zone);
  if (zone.is_private()) {
    xml.node("VPCs", [&] {
      for (const std::string& vpc : zone.vpcs) {
        xml.node("VPC", [&] { xml.leaf("VPCRegion", region).leaf("VPCId", vpc); });
      }
    });
    return xml.text();
  }
  xml.node("DelegationSet", [&] {
    xml.node("NameServers", [&] {
      for (const std::string& name : route53_name_servers()) xml.leaf("NameServer", name);
    });
  });
  return xml.text();
}

auto listing_order(const RecordSet& set) {
  return std::make_pair(reversed_labels(set.name), set.type);
}

}  // namespace

const std::vector<std::string>& route53_name_servers() {
  static const std::vector<std::string> names = {"ns-1.awsdns-01.com", "ns-513.awsdns-02.net",
                                                 "ns-1025.awsdns-03.org",
                                                 "ns-1537.awsdns-04.co.uk"};
  return names;
}

std::string route53_action(const HttpRequest& request) {
  const auto parts = parts_of(request);
  if (parts.empty()) return {};
  const bool get = request.method == "GET";
  if (parts.size() == 1 && get) {
    if (parts[0] == "hostedzone") return "ListHostedZones";
    if (parts[0] == "hostedzonesbyname") return "ListHostedZonesByName";
    if (parts[0] == "hostedzonesbyvpc") return "ListHostedZonesByVPC";
  }
  if (parts.size() == 2 && get) {
    if (parts[0] == "hostedzone") return "GetHostedZone";
    if (parts[0] == "change") return "GetChange";
  }
  if (parts.size() == 3 && parts[0] == "hostedzone" && parts[2] == "rrset") {
    if (get) return "ListResourceRecordSets";
    if (request.method == "POST") return "ChangeResourceRecordSets";
  }
  return {};
}

std::string route53_id(const HttpRequest& request) {
  const auto parts = parts_of(request);
  return parts.size() < 2 ? "" : parts[1];
}

std::string route53_response(const std::string& action, const std::string& content) {
  return fmt::format(
      "<{0}Response xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">{1}"
      "</{0}Response>\n",
      action, content);
}

std::string Route53::add_zone(const std::string& name, const std::vector<std::string>& vpcs) {
  HostedZone zone{
      .id = make_id("Z", name + (vpcs.empty() ? "" : vpcs[0])), .name = name, .vpcs = vpcs};
  std::erase(zone.id, '-');
  for (char& c : zone.id) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::vector<std::string> servers;
  for (const std::string& server : route53_name_servers()) servers.push_back(server + ".");
  if (!vpcs.empty()) {
    servers = {"ns-0.awsdns-00.com.", "ns-512.awsdns-00.net.", "ns-1024.awsdns-00.org.",
               "ns-1536.awsdns-00.co.uk."};
  }
  zone.records = {{name, "NS", ns_ttl, servers},
                  {name,
                   "SOA",
                   soa_ttl,
                   {servers[0] + " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}}};
  zone.served = zone.records;
  return zones_.emplace(zone.id, zone).first->first;
}

Status Route53::add_record(const std::string& zone_id, const RecordSet& record) {
  HostedZone& zone = zones_.at(zone_id);
  auto records = apply_changes(zone.name, zone.records, {{ChangeAction::create, record}});
  if (!records) return failure(Code::invalid, records.error().message);
  zone.records = zone.served = std::move(*records);
  return {};
}

std::expected<HostedZone*, AwsError> Route53::find_zone(std::string_view id) {
  const auto found = zones_.find(std::string(id));
  if (found == zones_.end()) {
    return refuse(404, "NoSuchHostedZone", fmt::format("No hosted zone found with ID: {}", id));
  }
  return &found->second;
}

void Route53::advance(std::int64_t now_ms) {
  std::erase_if(pending_, [&](const std::string& id) {
    RecordedChange& change = changes_.at(id);
    if (change.insync_ms > now_ms) return false;
    zones_.at(change.zone_id).served = std::move(change.records);
    return true;
  });
}

Answer Route53::change_records(const HttpRequest& request, std::int64_t now_ms) {
  const auto zone = find_zone(route53_id(request));
  if (!zone) return std::unexpected(zone.error());
  const auto batch = parse_change_batch(request.body);
  if (!batch) return std::unexpected(batch.error());
  auto records = apply_changes((*zone)->name, (*zone)->records, *batch);
  if (!records) return std::unexpected(records.error());
  if (records->size() > records_max) {
    return refuse(400, "LimitExceededException", "the zone holds as many records as it may");
  }
  (*zone)->records = *records;
  const std::int64_t drawn = static_cast<std::int64_t>(
      random_.below(static_cast<std::uint64_t>(propagation_.max_ms - propagation_.min_ms) + 1));
  RecordedChange change{.zone_id = (*zone)->id,
                        .submitted_ms = now_ms,
                        .insync_ms = now_ms + propagation_.min_ms + drawn,
                        .records = std::move(*records)};
  // A zone's servers do not go back to an older state: what was asked for later is never there
  // earlier.
  for (const auto& [other_id, other] : changes_) {
    if (other.zone_id == change.zone_id)
      change.insync_ms = std::max(change.insync_ms, other.insync_ms);
  }
  const std::string id = fmt::format("C{:016X}", random_.next());
  changes_.emplace(id, std::move(change));
  change_order_.push_back(id);
  pending_.push_back(id);
  if (change_order_.size() > changes_kept_max && change_order_.front() != pending_.front()) {
    changes_.erase(change_order_.front());
    change_order_.erase(change_order_.begin());
  }
  return get_change(id, now_ms);
}

Answer Route53::get_change(const std::string& id, std::int64_t now_ms) const {
  const auto found = changes_.find(id);
  if (found == changes_.end()) {
    return refuse(404, "NoSuchChange",
                  fmt::format("Could not find resource with ID: /change/{}", id));
  }
  Xml xml;
  xml.node("ChangeInfo", [&] {
    xml.leaf("Id", "/change/" + id);
    xml.leaf("Status", found->second.insync_ms <= now_ms ? "INSYNC" : "PENDING");
    xml.leaf("SubmittedAt", ec2::utc_text(found->second.submitted_ms));
  });
  return xml.text();
}

Answer Route53::list_records(const HttpRequest& request) const {
  const auto zone = zones_.find(route53_id(request));
  if (zone == zones_.end()) {
    return refuse(404, "NoSuchHostedZone",
                  fmt::format("No hosted zone found with ID: {}", route53_id(request)));
  }
  const auto size = page_size(request);
  if (!size) return std::unexpected(size.error());
  const std::string from = parameter(request, "name");
  const std::string type = parameter(request, "type");
  if (!type.empty() && from.empty()) {
    return refuse(400, "InvalidInput",
                  "The input is not valid: a type is given without a name to start at");
  }
  std::vector<RecordSet> records = zone->second.records;
  std::ranges::sort(records, {}, listing_order);
  if (!from.empty()) {
    const auto name = parse_dns_name(from);
    if (!name) return refuse(400, "InvalidInput", name.error().message);
    const auto start = std::make_pair(reversed_labels(*name), type);
    std::erase_if(records, [&](const RecordSet& one) { return listing_order(one) < start; });
  }
  Xml xml;
  xml.node("ResourceRecordSets", [&] {
    for (std::size_t i = 0; i < std::min(*size, records.size()); ++i) write_record(xml, records[i]);
  });
  const bool more = records.size() > *size;
  xml.leaf("IsTruncated", more ? "true" : "false");
  if (more) {
    xml.leaf("NextRecordName", records[*size].name).leaf("NextRecordType", records[*size].type);
  }
  xml.leaf("MaxItems", std::to_string(*size));
  return xml.text();
}

Answer Route53::list_zones_by_name(const HttpRequest& request) const {
  const auto size = page_size(request);
  if (!size) return std::unexpected(size.error());
  const std::string from = parameter(request, "dnsname");
  std::string start;
  if (!from.empty()) {
    const auto name = parse_dns_name(from);
    if (!name) return refuse(400, "InvalidDomainName", name.error().message);
    start = reversed_labels(*name);
  }
  std::vector<const HostedZone*> zones;
  for (const auto& [id, zone] : zones_) {
    if (reversed_labels(zone.name) >= start) zones.push_back(&zone);
  }
  std::ranges::sort(zones, {}, [](const HostedZone* zone) { return reversed_labels(zone->name); });
  Xml xml;
  xml.node("HostedZones", [&] {
    for (std::size_t i = 0; i < std::min(*size, zones.size()); ++i) write_zone(xml, *zones[i]);
  });
  if (!from.empty()) xml.leaf("DNSName", from);
  xml.leaf("IsTruncated", zones.size() > *size ? "true" : "false");
  xml.leaf("MaxItems", std::to_string(*size));
  return xml.text();
}

Answer Route53::list_zones_by_vpc(const HttpRequest& request) const {
  const std::string vpc = parameter(request, "vpcid");
  if (vpc.empty()) return refuse(400, "InvalidInput", "the parameter vpcid is missing");
  Xml xml;
  xml.node("HostedZoneSummaries", [&] {
    for (const auto& [id, zone] : zones_) {
      if (std::ranges::find(zone.vpcs, vpc) == zone.vpcs.end()) continue;
      xml.node("HostedZoneSummary", [&] { xml.leaf("HostedZoneId", id).leaf("Name", zone.name); });
    }
  });
  xml.leaf("MaxItems", std::to_string(page_max));
  return xml.text();
}

Answer Route53::call(const HttpRequest& request, std::int64_t now_ms) {
  const std::string action = route53_action(request);
  if (action == "ChangeResourceRecordSets") return change_records(request, now_ms);
  if (action == "ListResourceRecordSets") return list_records(request);
  if (action == "GetChange") return get_change(route53_id(request), now_ms);
  if (action == "ListHostedZonesByName") return list_zones_by_name(request);
  if (action == "ListHostedZonesByVPC") return list_zones_by_vpc(request);
  if (action == "ListHostedZones") {
    Xml xml;
    xml.node("HostedZones", [&] {
      for (const auto& [id, zone] : zones_) write_zone(xml, zone);
    });
    xml.leaf("IsTruncated", "false").leaf("MaxItems", std::to_string(hosted_zones_max));
    return xml.text();
  }
  if (action == "GetHostedZone") {
    const auto zone = find_zone(route53_id(request));
    if (!zone) return std::unexpected(zone.error());
    return show_zone(**zone, region_);
  }
  return refuse(404, "InvalidAction",
                "Unable to determine service/operation name to be authorized");
}

}  // namespace mainstay::lab
