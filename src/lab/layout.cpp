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
    table.routes.push_back(
        {must(parse_cidr(text(entry, where, "destination")), where), text(entry, where, "target")});
  }
  return table;
}

LayoutSubnet parse_subnet(const json& object) {
  known_keys(object, "a subnet", {"name", "zone", "cidr", "route_table"});
  const std::string name = text(object, "a subnet", "name");
  const std::string where = "subnet " + name;
  return {name, text(object, where, "zone"), must(parse_cidr(text(object, where, "cidr")), where),
          text(object, where, "route_table")};
}

LayoutInstance parse_instance(const json& object) {
  known_keys(object, "an instance",
             {"name", "subnet", "address", "elastic_ip", "source_dest_check", "nat", "role"});
  LayoutInstance instance{.name = text(object, "an instance", "name"), .subnet = {}};
  const std::string where = "instance " + instance.name;
  instance.subnet = text_or(object, where, "subnet", "");
  instance.address = must(parse_ipv4(text(object, where, "address")), where);
  instance.elastic_ip = text_or(object, where, "elastic_ip", "");
  if (!instance.elastic_ip.empty()) must(parse_ipv4(instance.elastic_ip), where);
  instance.source_dest_check = flag_or(object, where, "source_dest_check", true);
  instance.nat = flag_or(object, where, "nat", false);
  instance.role = text_or(object, where, "role", "");
  return instance;
}

LayoutRole parse_role(const json& object) {
  known_keys(object, "a role", {"name", "denied"});
  const std::string name = text(object, "a role", "name");
  return {name, texts(object, "role " + name, "denied")};
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
    find_named(layout.tables, subnet.route_table, where);
  }
}

void check_instance(const Layout& layout, const LayoutInstance& instance) {
  const std::string where = "instance " + instance.name;
  if (!instance.role.empty()) find_named(layout.roles, instance.role, where);
  if (instance.subnet.empty()) {
    if (layout.vpc.contains(instance.address)) {
      throw Wrong{where +
                  ": a machine without a subnet is on the internet, outside the VPC's CIDR"};
    }
    return;
  }
  const Cidr cidr = find_named(layout.subnets, instance.subnet, where).cidr;
  const std::uint32_t offset = instance.address.value - cidr.address.value;
  const std::uint32_t size = std::uint32_t{1} << (32 - cidr.length);
  if (!cidr.contains(instance.address) || offset < 4 || offset == size - 1) {
    throw Wrong{
        fmt::format("{}: {} is not a free address of {} (the first four and the last are AWS's)",
                    where, to_text(instance.address), to_text(cidr))};
  }
}

void check(const Layout& layout) {
  check_names(layout.tables, "route table");
  check_names(layout.subnets, "subnet");
  check_names(layout.instances, "instance");
  check_names(layout.roles, "role");
  if (layout.tables.empty() || layout.subnets.empty()) {
    throw Wrong{"a lab needs at least one route table and one subnet"};
  }
  if (layout.instances.empty() || layout.instances.size() > instances_max) {
    throw Wrong{fmt::format("a lab has 1 to {} instances", instances_max)};
  }
  check_subnets(layout);
  std::set<Ipv4> addresses;
  for (const LayoutInstance& instance : layout.instances) {
    check_instance(layout, instance);
    if (!addresses.insert(instance.address).second) {
      throw Wrong{fmt::format("two instances have the address {}", to_text(instance.address))};
    }
  }
  for (const LayoutTable& table : layout.tables) {
    for (const LayoutRoute& route : table.routes) {
      const std::string where =
          fmt::format("route table {}, {}", table.name, to_text(route.destination));
      if (layout.vpc.contains(route.destination)) throw Wrong{where + ": lies in the VPC's CIDR"};
      if (route.target != "internet") find_named(layout.instances, route.target, where);
    }
  }
}

Layout parse(const json& object) {
  known_keys(object, "the layout",
             {"region", "account", "vpc", "zones", "route_tables", "subnets", "instances", "roles",
              "hosted_zones", "spare_elastic_ips"});
  Layout layout;
  layout.region = text_or(object, "the layout", "region", "ap-northeast-1");
  layout.account = text_or(object, "the layout", "account", "123456789012");
  layout.vpc = must(parse_cidr(text(object, "the layout", "vpc")), "vpc");
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
  layout.spare_elastic_ips = texts(object, "the layout", "spare_elastic_ips");
  for (const std::string& address : layout.spare_elastic_ips) must(parse_ipv4(address), address);
  check(layout);
  return layout;
}

}  // namespace

const std::string& default_layout_text() {
  static const std::string text = R"({
  "region": "ap-northeast-1",
  "vpc": "10.0.0.0/16",
  "zones": ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"],
  "route_tables": [
    {"name": "Public-AB", "routes": [
      {"destination": "0.0.0.0/0", "target": "internet"},
      {"destination": "10.1.0.20/32", "target": "server1"}]},
    {"name": "Private-A", "routes": [
      {"destination": "0.0.0.0/0", "target": "nat1"},
      {"destination": "10.1.0.20/32", "target": "server1"}]},
    {"name": "Private-B", "routes": [
      {"destination": "0.0.0.0/0", "target": "nat2"},
      {"destination": "10.1.0.20/32", "target": "server1"}]}
  ],
  "subnets": [
    {"name": "Subnet-1A", "zone": "ap-northeast-1a", "cidr": "10.0.10.0/24",
     "route_table": "Public-AB"},
    {"name": "Subnet-1B", "zone": "ap-northeast-1c", "cidr": "10.0.20.0/24",
     "route_table": "Public-AB"},
    {"name": "Subnet-2A", "zone": "ap-northeast-1a", "cidr": "10.0.110.0/24",
     "route_table": "Private-A"},
    {"name": "Subnet-2B", "zone": "ap-northeast-1c", "cidr": "10.0.120.0/24",
     "route_table": "Private-B"},
    {"name": "Subnet-Clients", "zone": "ap-northeast-1d", "cidr": "10.0.200.0/24",
     "route_table": "Public-AB"}
  ],
  "roles": [{"name": "ha-node"}, {"name": "reader", "denied": [
    "ec2:ReplaceRoute", "ec2:CreateRoute", "ec2:DeleteRoute", "ec2:AssociateAddress",
    "ec2:DisassociateAddress", "ec2:ModifyNetworkInterfaceAttribute", "ec2:StopInstances",
    "ec2:StartInstances", "ec2:RebootInstances"]}],
  "instances": [
    {"name": "nat1", "subnet": "Subnet-1A", "address": "10.0.10.5", "elastic_ip": "198.51.100.11",
     "source_dest_check": false, "nat": true},
    {"name": "nat2", "subnet": "Subnet-1B", "address": "10.0.20.5", "elastic_ip": "198.51.100.12",
     "source_dest_check": false, "nat": true},
    {"name": "server1", "subnet": "Subnet-2A", "address": "10.0.110.10", "source_dest_check": false,
     "role": "ha-node"},
    {"name": "server2", "subnet": "Subnet-2B", "address": "10.0.120.10", "source_dest_check": false,
     "role": "ha-node"},
    {"name": "client", "subnet": "Subnet-Clients", "address": "10.0.200.10", "role": "reader"},
    {"name": "visitor", "address": "203.0.113.200"}
  ],
  "spare_elastic_ips": ["198.51.100.20"]
}
)";
  return text;
}

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
