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

Anchor anchor_of(const ResourceConfig& resource, const Params& params, const Facts& facts) {
  Anchor anchor{.resource = resource.name.value,
                .vpc = text_of(params, "vpc_id"),
                .eni = text_of(params, "eni_id"),
                .interface = text_of(params, "interface")};
  const AwsInterface* own = own_interface(facts, anchor.eni);
  if (own == nullptr) return anchor;
  anchor.eni = own->id;
  if (anchor.vpc.empty()) anchor.vpc = own->vpc;
  return anchor;
}

Vip vip_from(const ResourceConfig& resource, const Params& params, const Facts& facts) {
  Vip vip{
      .anchor = anchor_of(resource, params, facts), .ip = text_of(params, "ip"), .destination = {}};
  const auto number = ip_number(vip.ip);
  vip.destination = fmt::format("{}/{}", vip.ip, number ? number->bits() : 32);
  return vip;
}

DnsName name_from(const ResourceConfig& resource, const Params& params) {
  const std::string ip = text_of(params, "ip");
  const auto number = ip_number(ip);
  return {.resource = resource.name.value,
          .record = {.zone = text_of(params, "zone_id"),
                     .name = text_of(params, "record_name"),
                     .type = number && number->v6 ? RecordType::aaaa : RecordType::a,
                     .addresses = {ip},
                     .ttl = value_of<Duration>(params, "ttl")},
          .addresses = values_of(on_all_nodes(resource, "ip"))};
}

void add_subject(const ResourceConfig& resource, const Params& params, Facts& facts) {
  if (resource.type == "awsvip") facts.vips.push_back(vip_from(resource, params, facts));
  if (resource.type == "awseip") {
    facts.eips.push_back({.anchor = anchor_of(resource, params, facts),
                          .allocation = text_of(params, "allocation_id"),
                          .private_ip = text_of(params, "private_ip"),
                          .enis = values_of(on_all_nodes(resource, "eni_id"))});
  }
  if (resource.type == "awssip") {
    facts.sips.push_back({.anchor = anchor_of(resource, params, facts),
                          .ip = text_of(params, "ip"),
                          .enis = on_all_nodes(resource, "eni_id")});
  }
  if (resource.type == "awsdns") facts.names.push_back(name_from(resource, params));
}

}  // namespace

void add_subjects(const ClusterConfig& config, Facts& facts) {
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      const auto params = resource.params.find(facts.self);
      if (params != resource.params.end()) add_subject(resource, params->second, facts);
    }
  }
}

}  // namespace mainstay::doctor
