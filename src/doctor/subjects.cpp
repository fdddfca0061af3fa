#include "doctor/subjects.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/ip_address.h"

namespace mainstay::doctor {
namespace {

template <class T>
T value_of(const Params& params, const char* key) {
  const auto found = params.find(key);
  const auto* value = found == params.end() ? nullptr : std::get_if<T>(&found->second);
  return value == nullptr ? T{} : *value;
}

std::string text_of(const Params& params, const char* key) {
  return value_of<std::string>(params, key);
}

const AwsInterface* own_interface(const Facts& facts, const std::string& eni) {
  if (!facts.identity || facts.identity->interfaces.empty()) return nullptr;
  const auto& all = facts.identity->interfaces;
  const auto found = std::ranges::find(all, eni, &AwsInterface::id);
  if (found != all.end()) return &*found;
  return eni.empty() ? &all.front() : nullptr;
}

// What every node has under a key, without those that have nothing.
std::map<NodeName, std::string> on_all_nodes(const ResourceConfig& resource, const char* key) {
  std::map<NodeName, std::string> all;
  for (const auto& [node, params] : resource.params) {
    if (std::string text = text_of(params, key); !text.empty()) all[node] = std::move(text);
  }
  return all;
}

std::set<std::string> values_of(const std::map<NodeName, std::string>& all) {
  std::set<std::string> values;
  for (const auto& [node, text] : all) values.insert(text);
  return values;
}

// A resource as this node has it.
struct Own {
  const ResourceConfig& resource;
  const Params& params;
  std::string role;
};

Anchor anchor_of(const Own& own, const Facts& facts) {
  Anchor anchor{.resource = own.resource.name.value,
                .role = own.role,
                .vpc = text_of(own.params, "vpc_id"),
                .eni = text_of(own.params, "eni_id"),
                .interface = text_of(own.params, "interface")};
  const AwsInterface* interface = own_interface(facts, anchor.eni);
  if (interface == nullptr) return anchor;
  anchor.eni = interface->id;
  if (anchor.vpc.empty()) anchor.vpc = interface->vpc;
  return anchor;
}

Vip vip_from(const Own& own, const Facts& facts) {
  Vip vip{.anchor = anchor_of(own, facts), .ip = text_of(own.params, "ip"), .destination = {}};
  const auto number = ip_number(vip.ip);
  vip.destination = fmt::format("{}/{}", vip.ip, number ? number->bits() : 32);
  return vip;
}

DnsName name_from(const Own& own) {
  const std::string ip = text_of(own.params, "ip");
  const auto number = ip_number(ip);
  return {.resource = own.resource.name.value,
          .role = own.role,
          .record = {.zone = text_of(own.params, "zone_id"),
                     .name = text_of(own.params, "record_name"),
                     .type = number && number->v6 ? RecordType::aaaa : RecordType::a,
                     .addresses = {ip},
                     .ttl = value_of<Duration>(own.params, "ttl")},
          .addresses = values_of(on_all_nodes(own.resource, "ip"))};
}

void add_subject(const Own& own, Facts& facts) {
  const std::string& type = own.resource.type;
  if (type == "awsvip") facts.vips.push_back(vip_from(own, facts));
  if (type == "awseip") {
    facts.eips.push_back({.anchor = anchor_of(own, facts),
                          .allocation = text_of(own.params, "allocation_id"),
                          .private_ip = text_of(own.params, "private_ip"),
                          .enis = values_of(on_all_nodes(own.resource, "eni_id"))});
  }
  if (type == "awssip") {
    facts.sips.push_back({.anchor = anchor_of(own, facts),
                          .ip = text_of(own.params, "ip"),
                          .enis = on_all_nodes(own.resource, "eni_id")});
  }
  if (type == "awsdns") facts.names.push_back(name_from(own));
}

}  // namespace

void add_subjects(const ClusterConfig& config, Facts& facts) {
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      const auto params = resource.params.find(facts.self);
      if (params == resource.params.end()) continue;
      add_subject({resource, params->second, role_of(config, params->second)}, facts);
    }
  }
}

}  // namespace mainstay::doctor
