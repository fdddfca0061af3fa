// The layout file: JSON, every key known, every reference resolved.
#include "lab/layout.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

namespace mainstay::lab {
namespace {

using nlohmann::json;

// Thrown only inside this file: parse_layout turns it into a Result.
struct Wrong {
  std::string message;
};

void known_keys(const json& object, const std::string& where, const std::set<std::string>& keys) {
  if (!object.is_object()) throw Wrong{fmt::format("{} must be an object", where)};
  for (const auto& [key, value] : object.items()) {
    if (!keys.contains(key)) {
      throw Wrong{fmt::format("{} has the unknown key '{}'; known are: {}", where, key,
                              fmt::join(keys, ", "))};
    }
  }
}

std::string text(const json& object, const std::string& where, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string() || found->get<std::string>().empty()) {
    throw Wrong{fmt::format("{} needs '{}', a text that is not empty", where, key)};
  }
  return found->get<std::string>();
}

std::string text_or(const json& object, const std::string& where, const char* key,
                    const std::string& otherwise) {
  return object.contains(key) ? text(object, where, key) : otherwise;
}

bool flag_or(const json& object, const std::string& where, const char* key, bool otherwise) {
  if (!object.contains(key)) return otherwise;
  if (!object.at(key).is_boolean())
    throw Wrong{fmt::format("{}: '{}' is true or false", where, key)};
  return object.at(key).get<bool>();
}

const json& list(const json& object, const std::string& where, const char* key) {
  static const json nothing = json::array();
  if (!object.contains(key)) return nothing;
  if (!object.at(key).is_array()) throw Wrong{fmt::format("{}: '{}' is a list", where, key)};
  return object.at(key);
}

template <class T>
T must(Result<T> result, const std::string& where) {
  if (!result) throw Wrong{fmt::format("{}: {}", where, result.error().message)};
  return *result;
}

std::vector<std::string> texts(const json& object, const std::string& where, const char* key) {
  std::vector<std::string> all;
  for (const json& entry : list(object, where, key)) {
    if (!entry.is_string()) throw Wrong{fmt::format("{}: '{}' is a list of texts", where, key)};
    all.push_back(entry.get<std::string>());
  }
  return all;
}

LayoutTable parse_table(const json& object) {
  known_keys(object, "a route table", {"name", "routes"});
  LayoutTable table{.name = text(object, "a route table", "name")};
  const std::string where = "route table " + table.name;
  for (const json& entry : list(object, where, "routes")) {
    known_keys(entry, where, {"destination", "target"});
    LayoutRoute route{.target = text(entry, where, "target")};
    const std::string destination = text(entry, where, "destination");
    if (destination.find(':') == std::string::npos) {
      route.destination = must(parse_cidr(destination), where);
    } else {
      route.destination6 = must(parse_cidr6(destination), where);
    }
    table.routes.push_back(route);
  }
  return table;
}

LayoutSubnet parse_subnet(const json& object) {
  known_keys(object, "a subnet", {"name", "zone", "cidr", "ipv6", "route_table"});
  const std::string name = text(object, "a subnet", "name");
  const std::string where = "subnet " + name;
  LayoutSubnet subnet{name, text(object, where, "zone"),
                      must(parse_cidr(text(object, where, "cidr")), where),
                      text(object, where, "route_table")};
  if (object.contains("ipv6")) subnet.cidr6 = must(parse_cidr6(text(object, where, "ipv6")), where);
  return subnet;
}

LayoutVolume parse_volume(const json& object, const std::string& where) {
  known_keys(object, where, {"device", "size_mib"});
  LayoutVolume volume{.device = text(object, where, "device")};
  const auto size = object.find("size_mib");
  if (size == object.end() || !size->is_number_unsigned() || size->get<std::uint64_t>() == 0 ||
      size->get<std::uint64_t>() > volume_mib_max) {
    throw Wrong{fmt::format("{}, {}: a volume has 'size_mib', 1 to {}", where, volume.device,
                            volume_mib_max)};
  }
  volume.size_mib = size->get<std::uint64_t>();
  return volume;
}

LayoutInstance parse_instance(const json& object) {
  known_keys(object, "an instance",
             {"name", "subnet", "address", "elastic_ip", "source_dest_check", "nat", "role",
              "secondary_addresses", "ipv6", "public_ip", "proxy", "security_groups", "volumes"});
  LayoutInstance instance{.name = text(object, "an instance", "name"), .subnet = {}};
  const std::string where = "instance " + instance.name;
  instance.subnet = text_or(object, where, "subnet", "");
  instance.address = must(parse_ipv4(text(object, where, "address")), where);
  instance.elastic_ip = text_or(object, where, "elastic_ip", "");
  if (!instance.elastic_ip.empty()) must(parse_ipv4(instance.elastic_ip), where);
  instance.source_dest_check = flag_or(object, where, "source_dest_check", true);
  instance.nat = flag_or(object, where, "nat", false);
  instance.role = text_or(object, where, "role", "");
  for (const std::string& address : texts(object, where, "secondary_addresses")) {
    instance.secondary.push_back(must(parse_ipv4(address), where));
  }
  if (object.contains("ipv6"))
    instance.address6 = must(parse_ipv6(text(object, where, "ipv6")), where);
  instance.public_ip = flag_or(object, where, "public_ip", false);
  instance.proxy = flag_or(object, where, "proxy", false);
  instance.groups = texts(object, where, "security_groups");
  for (const json& volume : list(object, where, "volumes")) {
    instance.volumes.push_back(parse_volume(volume, where));
  }
  return instance;
}

LayoutRole parse_role(const json& object) {
  known_keys(object, "a role", {"name", "denied", "policies"});
  const std::string name = text(object, "a role", "name");
  LayoutRole role{name, texts(object, "role " + name, "denied")};
  for (const json& document : list(object, "role " + name, "policies")) {
    const std::string policy = fmt::format("{}-{}", name, role.policies.size() + 1);
    role.policies.push_back(must(parse_policy(policy, document.dump()), "role " + name));
  }
  return role;
}

int number_or(const json& object, const std::string& where, const char* key, int otherwise) {
  if (!object.contains(key)) return otherwise;
  if (!object.at(key).is_number_integer())
    throw Wrong{fmt::format("{}: '{}' is a number", where, key)};
  return object.at(key).get<int>();
}

LayoutGroupRule parse_group_rule(const json& object, const std::string& where) {
  known_keys(object, where, {"protocol", "port", "to_port", "source", "group"});
  LayoutGroupRule rule{.protocol = text(object, where, "protocol")};
  if (rule.protocol != "tcp" && rule.protocol != "udp" && rule.protocol != "icmp" &&
      rule.protocol != "-1") {
    throw Wrong{where + ": a protocol is tcp, udp, icmp or -1 for all"};
  }
  rule.from_port = number_or(object, where, "port", 0);
  rule.to_port = number_or(object, where, "to_port", rule.from_port == 0 ? 65'535 : rule.from_port);
  if (object.contains("source") == object.contains("group"))
    throw Wrong{where + ": a rule has either 'source' or 'group'"};
  rule.group = text_or(object, where, "group", "");
  if (rule.group.empty()) rule.source = must(parse_cidr(text(object, where, "source")), where);
  return rule;
}

LayoutGroup parse_group(const json& object) {
  known_keys(object, "a security group", {"name", "ingress"});
  LayoutGroup group{.name = text(object, "a security group", "name")};
  const std::string where = "security group " + group.name;
  for (const json& entry : list(object, where, "ingress")) {
    group.ingress.push_back(parse_group_rule(entry, where));
  }
  return group;
}

LayoutEndpoint parse_endpoint_of_vpc(const json& object) {
  known_keys(object, "a VPC endpoint", {"service", "private_dns", "addresses"});
  LayoutEndpoint endpoint{.service = text(object, "a VPC endpoint", "service")};
  const std::string where = "VPC endpoint " + endpoint.service;
  if (endpoint.service != "ec2" && endpoint.service != "sts" && endpoint.service != "dynamodb")
    throw Wrong{where + ": the lab has endpoints for ec2, sts and dynamodb"};
  endpoint.private_dns = flag_or(object, where, "private_dns", true);
  if (!object.contains("addresses") || !object.at("addresses").is_object())
    throw Wrong{where + ": 'addresses' is an object of subnets and addresses"};
  for (const auto& [subnet, address] : object.at("addresses").items()) {
    const std::string written = address.is_string() ? address.get<std::string>() : "";
    endpoint.places.push_back({subnet, must(parse_ipv4(written), where)});
  }
  return endpoint;
}

RecordSet parse_record(const json& object, const std::string& where) {
  known_keys(object, where, {"name", "type", "ttl", "values"});
  RecordSet record{.name = must(parse_dns_name(text(object, where, "name")), where),
                   .type = text(object, where, "type"),
                   .values = texts(object, where, "values")};
  if (!object.contains("ttl") || !object.at("ttl").is_number_unsigned()) {
    throw Wrong{where + ": a record needs 'ttl', a number of seconds"};
  }
  record.ttl = object.at("ttl").get<std::uint32_t>();
  return record;
}

LayoutZone parse_zone(const json& object) {
  known_keys(object, "a hosted zone", {"name", "private", "records"});
  LayoutZone zone{.name =
                      must(parse_dns_name(text(object, "a hosted zone", "name")), "hosted zone")};
  const std::string where = "hosted zone " + zone.name;
  zone.is_private = flag_or(object, where, "private", false);
  for (const json& entry : list(object, where, "records")) {
    zone.records.push_back(parse_record(entry, where));
  }
  return zone;
}

template <class T>
const T& find_named(const std::vector<T>& all, const std::string& name, const std::string& where) {
  const auto found = std::ranges::find(all, name, &T::name);
  if (found == all.end()) throw Wrong{fmt::format("{}: there is no '{}'", where, name)};
  return *found;
}

template <class T>
void check_names(const std::vector<T>& all, const char* kind) {
  std::set<std::string> seen;
  for (const T& one : all) {
    const bool plain = std::ranges::all_of(one.name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (!plain || one.name.size() > 60) {
      throw Wrong{fmt::format("{} '{}': a name has at most 60 letters, digits and hyphens", kind,
                              one.name)};
    }
    if (!seen.insert(one.name).second) {
      throw Wrong{fmt::format("there are two {}s named '{}'", kind, one.name)};
    }
  }
}

void check_subnets(const Layout& layout) {
  for (const LayoutSubnet& subnet : layout.subnets) {
    const std::string where = "subnet " + subnet.name;
    if (std::ranges::find(layout.zones, subnet.zone) == layout.zones.end()) {
      throw Wrong{fmt::format("{}: '{}' is not one of the zones", where, subnet.zone)};
    }
    if (!layout.vpc.contains(subnet.cidr) || subnet.cidr.length > 28) {
      throw Wrong{fmt::format("{}: {} must lie in the VPC {} and be a /28 or larger", where,
                              to_text(subnet.cidr), to_text(layout.vpc))};
    }
    for (const LayoutSubnet& other : layout.subnets) {
      if (&other != &subnet && other.cidr.contains(subnet.cidr)) {
        throw Wrong{fmt::format("{} and subnet {} overlap", where, other.name)};
      }
    }
    if (subnet.cidr6 && (!layout.vpc6 || !layout.vpc6->contains(*subnet.cidr6)))
      throw Wrong{fmt::format("{}: {} must lie in vpc_ipv6", where, to_text(*subnet.cidr6))};
    find_named(layout.tables, subnet.route_table, where);
  }
}

void check_address(const Cidr& cidr, Ipv4 address, const std::string& where) {
  const std::uint32_t offset = address.value - cidr.address.value;
  const std::uint32_t size = std::uint32_t{1} << (32 - cidr.length);
  if (!cidr.contains(address) || offset < 4 || offset == size - 1) {
    throw Wrong{
        fmt::format("{}: {} is not a free address of {} (the first four and the last are AWS's)",
                    where, to_text(address), to_text(cidr))};
  }
}

void check_volumes(const LayoutInstance& instance, const std::string& where) {
  if (instance.volumes.size() > volumes_max) {
    throw Wrong{fmt::format("{}: an instance has at most {} volumes", where, volumes_max)};
  }
  std::set<std::string> devices;
  for (const LayoutVolume& volume : instance.volumes) {
    const std::string& device = volume.device;
    const bool plain =
        device.starts_with("/dev/") && device.size() > 5 && device.size() < 32 &&
        device.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789", 5) == std::string::npos;
    if (!plain) throw Wrong{fmt::format("{}: '{}' is no device like /dev/sdf", where, device)};
    if (!devices.insert(device).second) {
      throw Wrong{fmt::format("{}: there are two volumes at {}", where, device)};
    }
  }
}

void check_instance(const Layout& layout, const LayoutInstance& instance) {
  const std::string where = "instance " + instance.name;
  check_volumes(instance, where);
  if (!instance.role.empty()) find_named(layout.roles, instance.role, where);
  if (instance.subnet.empty()) {
    if (layout.vpc.contains(instance.address)) {
      throw Wrong{where +
                  ": a machine without a subnet is on the internet, outside the VPC's CIDR"};
    }
    return;
  }
  const Cidr cidr = find_named(layout.subnets, instance.subnet, where).cidr;
  check_address(cidr, instance.address, where);
  const auto& cidr6 = find_named(layout.subnets, instance.subnet, where).cidr6;
  if (instance.address6 && (!cidr6 || !cidr6->contains(*instance.address6))) {
    throw Wrong{fmt::format("{}: {} is no address of the IPv6 block of its subnet", where,
                            to_text(*instance.address6))};
  }
  for (const Ipv4 address : instance.secondary) check_address(cidr, address, where);
  for (const std::string& group : instance.groups) find_named(layout.groups, group, where);
}

void check_services(const Layout& layout) {
  for (const LayoutGroup& group : layout.groups) {
    for (const LayoutGroupRule& rule : group.ingress) {
      if (!rule.group.empty())
        find_named(layout.groups, rule.group, "security group " + group.name);
    }
  }
  for (const LayoutEndpoint& endpoint : layout.endpoints) {
    const std::string where = "VPC endpoint " + endpoint.service;
    for (const LayoutEndpointPlace& place : endpoint.places) {
      check_address(find_named(layout.subnets, place.subnet, where).cidr, place.address, where);
    }
  }
}

void check(const Layout& layout) {
  check_names(layout.tables, "route table");
  check_names(layout.subnets, "subnet");
  check_names(layout.instances, "instance");
  check_names(layout.roles, "role");
  check_names(layout.groups, "security group");
  if (layout.tables.empty() || layout.subnets.empty()) {
    throw Wrong{"a lab needs at least one route table and one subnet"};
  }
  if (layout.instances.empty() || layout.instances.size() > instances_max) {
    throw Wrong{fmt::format("a lab has 1 to {} instances", instances_max)};
  }
  check_subnets(layout);
  check_services(layout);
  std::set<Ipv4> addresses;
  const auto take = [&](Ipv4 address) {
    if (addresses.insert(address).second) return;
    throw Wrong{fmt::format("two instances have the address {}", to_text(address))};
  };
  for (const LayoutInstance& instance : layout.instances) {
    check_instance(layout, instance);
    take(instance.address);
    for (const Ipv4 address : instance.secondary) take(address);
  }
  for (const LayoutTable& table : layout.tables) {
    for (const LayoutRoute& route : table.routes) {
      const std::string where = fmt::format(
          "route table {}, {}", table.name,
          route.destination6 ? to_text(*route.destination6) : to_text(route.destination));
      if (route.destination6 && route.target == "internet")
        throw Wrong{where + ": the lab's internet knows no IPv6"};
      if (!route.destination6 && layout.vpc.contains(route.destination))
        throw Wrong{where + ": lies in the VPC's CIDR"};
      if (route.target != "internet") find_named(layout.instances, route.target, where);
    }
  }
}

Layout parse(const json& object) {
  known_keys(
      object, "the layout",
      {"region", "account", "vpc", "vpc_ipv6", "zones", "route_tables", "subnets", "instances",
       "roles", "hosted_zones", "security_groups", "vpc_endpoints", "spare_elastic_ips"});
  Layout layout;
  layout.region = text_or(object, "the layout", "region", "ap-northeast-1");
  layout.account = text_or(object, "the layout", "account", "123456789012");
  layout.vpc = must(parse_cidr(text(object, "the layout", "vpc")), "vpc");
  if (object.contains("vpc_ipv6"))
    layout.vpc6 = must(parse_cidr6(text(object, "the layout", "vpc_ipv6")), "vpc_ipv6");
  layout.zones = texts(object, "the layout", "zones");
  for (const json& entry : list(object, "the layout", "route_tables")) {
    layout.tables.push_back(parse_table(entry));
  }
  for (const json& entry : list(object, "the layout", "subnets")) {
    layout.subnets.push_back(parse_subnet(entry));
  }
  for (const json& entry : list(object, "the layout", "instances")) {
    layout.instances.push_back(parse_instance(entry));
  }
  for (const json& entry : list(object, "the layout", "roles")) {
    layout.roles.push_back(parse_role(entry));
  }
  for (const json& entry : list(object, "the layout", "hosted_zones")) {
    layout.hosted_zones.push_back(parse_zone(entry));
  }
  for (const json& entry : list(object, "the layout", "security_groups")) {
    layout.groups.push_back(parse_group(entry));
  }
  for (const json& entry : list(object, "the layout", "vpc_endpoints")) {
    layout.endpoints.push_back(parse_endpoint_of_vpc(entry));
  }
  layout.spare_elastic_ips = texts(object, "the layout", "spare_elastic_ips");
  for (const std::string& address : layout.spare_elastic_ips) must(parse_ipv4(address), address);
  check(layout);
  return layout;
}

}  // namespace

Result<Layout> parse_layout(std::string_view text_of_file) {
  try {
    return parse(json::parse(text_of_file));
  } catch (const Wrong& wrong) {
    return failure(Code::invalid, "layout: " + wrong.message);
  } catch (const json::exception& problem) {
    return failure(Code::invalid, fmt::format("layout: not JSON: {}", problem.what()));
  }
}

}  // namespace mainstay::lab
