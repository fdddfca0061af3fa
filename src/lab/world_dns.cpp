// The names of the lab: zones of Route 53, of the endpoints and of the VPC's hosts, and the servers
// that answer for them.
#include <fmt/format.h>

#include <set>

#include "lab/world.h"

namespace mainstay::lab {
namespace {

constexpr std::uint32_t own_ttl = 60;  // of the names that are not in Route 53
constexpr std::string_view aws_zone = "amazonaws.com.";

RecordSet address_record(const std::string& name, Ipv4 address) {
  return {name, "A", own_ttl, {to_text(address)}};
}

}  // namespace

Status World::make_zones(const Layout& layout) {
  route53_.emplace(layout.region, random_.next());
  for (const LayoutZone& zone : layout.hosted_zones) {
    std::vector<std::string> vpcs;
    if (zone.is_private) vpcs.push_back(model_.vpc_id);
    const std::string id = route53_->add_zone(zone.name, vpcs);
    for (const RecordSet& record : zone.records) {
      if (auto added = route53_->add_record(id, record); !added) return added;
    }
  }
  return {};
}

// `inside`, a service with an endpoint in the VPC has that endpoint's addresses.
std::vector<RecordSet> World::endpoint_records(bool inside) const {
  std::vector<RecordSet> records;
  std::set<std::string> taken;
  for (const VpcEndpoint& endpoint : model_.endpoints) {
    for (const std::string& name : endpoint_dns_names(model_, endpoint)) {
      if (!inside) continue;
      RecordSet record{name + ".", "A", own_ttl, {}};
      for (const EndpointPlace& place : endpoint.places) {
        record.values.push_back(to_text(place.address));
      }
      records.push_back(record);
      taken.insert(name);
    }
  }
  for (const std::string& name : endpoint_names(model_.region)) {
    if (!taken.contains(name)) records.push_back(address_record(name + ".", endpoint_address));
  }
  return records;
}

std::vector<RecordSet> World::internal_records() const {
  std::vector<RecordSet> records;
  for (const Eni& eni : model_.enis) {
    for (const Ipv4 address : eni.addresses()) {
      records.push_back(address_record(private_dns_name(model_, address) + ".", address));
    }
  }
  return records;
}

// `inside`: as the VPC sees it, with its private zones.
DnsAnswer World::look_up_locked(const DnsQuestion& question, bool inside) {
  route53_->advance(wall_clock_ms());
  const std::vector<RecordSet> endpoints = endpoint_records(inside);
  const std::vector<RecordSet> hosts = internal_records();
  std::vector<RecordSet> servers;
  for (const std::string& name : route53_name_servers()) {
    servers.push_back(address_record(name + ".", name_server_address));
  }
  std::vector<DnsZone> zones = {{std::string(aws_zone), &endpoints}};
  for (const RecordSet& server : servers) zones.push_back({server.name, &servers});
  if (inside) {
    zones.push_back({fmt::format("{}.compute.internal.", model_.region), &hosts});
    for (const auto& [id, zone] : route53_->zones()) {
      if (zone.is_private()) zones.push_back({zone.name, &zone.served});
    }
  }
  for (const auto& [id, zone] : route53_->zones()) {
    if (!zone.is_private()) zones.push_back({zone.name, &zone.served});
  }
  return look_up_in_zones(zones, question);
}

// Somebody else's servers, to whom a registrar sends those who ask for a domain, know it and
// nothing in it.
std::optional<DnsAnswer> World::look_up_elsewhere_locked(const DnsQuestion& question) const {
  for (const auto& [domain, servers] : delegations_) {
    if (!name_in_zone(question.name, domain)) continue;
    if (question.name != domain) return DnsAnswer{.code = DnsCode::no_such_name};
    DnsAnswer answer;
    if (question.type == "NS") answer.answers.push_back({domain, "NS", own_ttl, servers});
    return answer;
  }
  return std::nullopt;
}

DnsAnswer World::resolve_locked(const DnsQuestion& question, bool inside) {
  DnsResolver& resolver = inside ? vpc_resolver_ : internet_resolver_;
  return resolver.answer(question, wall_clock_ms(), [&](const DnsQuestion& asked) {
    if (auto elsewhere = look_up_elsewhere_locked(asked)) return *elsewhere;
    DnsAnswer answer = look_up_locked(asked, inside);
    // To a resolver, what no zone is about does not exist: there is no other internet.
    if (answer.code == DnsCode::refused) answer.code = DnsCode::no_such_name;
    return answer;
  });
}

std::optional<DnsAnswer> World::on_vpc_dns(const DnsQuestion& question, Ipv4 peer) {
  const std::lock_guard lock(mutex_);
  const std::string instance = caller_at(to_text(peer));
  for (const std::string& out : dns_out_) {
    if (out == "*" || out == instance) return std::nullopt;
  }
  return resolve_locked(question, true);
}

DnsAnswer World::on_internet_dns(const DnsQuestion& question) {
  const std::lock_guard lock(mutex_);
  return resolve_locked(question, false);
}

DnsAnswer World::on_name_server_dns(const DnsQuestion& question) {
  const std::lock_guard lock(mutex_);
  route53_->advance(wall_clock_ms());
  std::vector<DnsZone> zones;
  for (const auto& [id, zone] : route53_->zones()) {
    if (!zone.is_private()) zones.push_back({zone.name, &zone.served});
  }
  return look_up_in_zones(zones, question);
}

Status World::start_dns_servers() {
  struct Wanted {
    const Fd& where;
    Ipv4 address;
    DnsServer::Handler handler;
  };
  const auto vpc = [this](const DnsQuestion& question, Ipv4 peer) {
    return on_vpc_dns(question, peer);
  };
  const auto internet = [this](const DnsQuestion& question, Ipv4) {
    return std::optional(on_internet_dns(question));
  };
  const auto name_server = [this](const DnsQuestion& question, Ipv4) {
    return std::optional(on_name_server_dns(question));
  };
  for (const Wanted& wanted : {Wanted{network_->router(), vpc_dns_address(model_.vpc), vpc},
                               Wanted{network_->router(), local_dns_address, vpc},
                               Wanted{network_->outside(), resolver_address, internet},
                               Wanted{network_->outside(), name_server_address, name_server}}) {
    auto server = DnsServer::start(wanted.where, wanted.address, wanted.handler);
    if (!server) return std::unexpected(server.error());
    dns_servers_.push_back(std::move(*server));
  }
  return {};
}

}  // namespace mainstay::lab
