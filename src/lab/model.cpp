// From the layout to the account.
#include "lab/model.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"

namespace mainstay::lab {
namespace {

// That of the machine's link, whose number counts the machines outside, too.
std::string mac_of(const Layout& layout, const std::string& instance) {
  const auto found = std::ranges::find(layout.instances, instance, &LayoutInstance::name);
  return fmt::format("02:4d:53:00:00:{:02x}", found - layout.instances.begin() + 1);
}

std::string group_id(const std::string& name) { return make_id("sg", "group " + name); }

void add_local_routes(RouteTable& table, const Layout& layout) {
  table.routes.push_back({.destination = {layout.vpc}, .gateway_id = "local"});
  if (layout.vpc6)
    table.routes.push_back({.destination = {{}, layout.vpc6}, .gateway_id = "local"});
}

RouteTable make_table(const Layout& layout, const LayoutTable& from, const Model& model) {
  RouteTable table{.id = make_id("rtb", from.name), .name = from.name};
  add_local_routes(table, layout);
  for (const LayoutRoute& route : from.routes) {
    Route made{.destination = {route.destination, route.destination6}};
    if (route.target == "internet") {
      made.gateway_id = model.igw_id;
    } else {
      made.eni_id = make_id("eni", route.target);
    }
    table.routes.push_back(made);
  }
  for (const LayoutSubnet& subnet : layout.subnets) {
    if (subnet.route_table != from.name) continue;
    table.associations.push_back(
        {make_id("rtbassoc", subnet.name), make_id("subnet", subnet.name)});
  }
  return table;
}

void add_instance(Model& model, const Layout& layout, const LayoutInstance& from,
                  std::int64_t now_ms) {
  const auto subnet = std::ranges::find(layout.subnets, from.subnet, &LayoutSubnet::name);
  MAINSTAY_CHECK(subnet != layout.subnets.end());
  const std::string eni_id = make_id("eni", from.name);
  model.instances.push_back({make_id("i", from.name), from.name, subnet->zone, eni_id, from.role,
                             InstanceState::pending, now_ms});
  model.enis.push_back({eni_id, make_id("eni-attach", from.name), make_id("i", from.name),
                        make_id("subnet", from.subnet), from.address, mac_of(layout, from.name),
                        from.source_dest_check, from.secondary});
  Eni& eni = model.enis.back();
  eni.address6 = from.address6;
  eni.wants_public = from.public_ip;
  if (from.public_ip && from.elastic_ip.empty()) eni.auto_public = free_public_address(model);
  for (const std::string& group : from.groups) eni.group_ids.push_back(group_id(group));
  if (eni.group_ids.empty()) eni.group_ids.push_back(model.group_id);
  for (const LayoutVolume& volume : from.volumes) {
    model.volumes.push_back({volume_id(from.name, volume.device), make_id("i", from.name),
                             volume.device, subnet->zone, (volume.size_mib + 1023) / 1024, now_ms});
  }
}

void add_groups(Model& model, const Layout& layout) {
  model.groups.push_back({model.group_id, "default", {{.protocol = "-1"}}});
  for (const LayoutGroup& from : layout.groups) {
    SecurityGroup group{.id = group_id(from.name), .name = from.name};
    for (const LayoutGroupRule& rule : from.ingress) {
      GroupRule made{rule.protocol, rule.from_port, rule.to_port, rule.source};
      if (!rule.group.empty()) made.group_id = group_id(rule.group);
      group.ingress.push_back(made);
    }
    model.groups.push_back(group);
  }
}

void add_endpoints(Model& model, const Layout& layout) {
  for (const LayoutEndpoint& from : layout.endpoints) {
    VpcEndpoint endpoint{.id = make_id("vpce", from.service), .service = from.service};
    endpoint.private_dns = from.private_dns;
    for (const LayoutEndpointPlace& place : from.places) {
      endpoint.places.push_back({make_id("subnet", place.subnet), place.address});
    }
    model.endpoints.push_back(endpoint);
  }
}

void add_address(Model& model, const std::string& public_ip, const Eni* eni) {
  const auto parsed = parse_ipv4(public_ip);
  MAINSTAY_CHECK(parsed.has_value());
  Address address{.allocation_id = make_id("eipalloc", public_ip), .public_ip = *parsed};
  if (eni != nullptr) {
    address.association_id = make_id("eipassoc", public_ip + eni->id);
    address.eni_id = eni->id;
    address.private_ip = eni->address;
  }
  model.addresses.push_back(address);
}

}  // namespace

std::string_view to_text(InstanceState state) {
  switch (state) {
    case InstanceState::pending:
      return "pending";
    case InstanceState::running:
      return "running";
    case InstanceState::stopping:
      return "stopping";
    case InstanceState::stopped:
      return "stopped";
  }
  return "unknown";
}

int code_of(InstanceState state) {
  switch (state) {
    case InstanceState::pending:
      return 0;
    case InstanceState::running:
      return 16;
    case InstanceState::stopping:
      return 64;
    case InstanceState::stopped:
      return 80;
  }
  return -1;
}

std::string make_id(std::string_view prefix, std::string_view name) {
  Digest digest;
  digest.add(prefix);
  digest.add(name);
  return fmt::format("{}-0{:016x}", prefix, Random(digest.value()).next());
}

std::string volume_id(std::string_view instance, std::string_view device) {
  return make_id("vol", fmt::format("{}{}", instance, device));
}

Model make_model(const Layout& layout, std::int64_t now_ms) {
  Model model{.region = layout.region,
              .account = layout.account,
              .vpc_id = make_id("vpc", to_text(layout.vpc)),
              .igw_id = make_id("igw", to_text(layout.vpc)),
              .group_id = make_id("sg", to_text(layout.vpc)),
              .vpc = layout.vpc,
              .vpc6 = layout.vpc6,
              .zones = layout.zones};
  for (const LayoutSubnet& subnet : layout.subnets) {
    model.subnets.push_back({make_id("subnet", subnet.name), subnet.name, subnet.zone, subnet.cidr,
                             make_id("rtb", subnet.route_table), subnet.cidr6});
  }
  // AWS gives every VPC a main table; here nothing uses it but subnets without a table, of which
  // there are none.
  RouteTable main{.id = make_id("rtb", "main of " + model.vpc_id), .name = "main"};
  main.associations.push_back({make_id("rtbassoc", "main of " + model.vpc_id), ""});
  add_local_routes(main, layout);
  model.tables.push_back(main);
  for (const LayoutTable& table : layout.tables) {
    model.tables.push_back(make_table(layout, table, model));
  }
  add_groups(model, layout);
  add_endpoints(model, layout);
  for (const LayoutInstance& instance : layout.instances) {
    if (instance.subnet.empty()) continue;
    add_instance(model, layout, instance, now_ms);
    if (!instance.elastic_ip.empty()) {
      add_address(model, instance.elastic_ip, &model.enis.back());
    }
  }
  for (const std::string& spare : layout.spare_elastic_ips) add_address(model, spare, nullptr);
  return model;
}

const Instance* find_instance_named(const Model& model, std::string_view name) {
  const auto found = std::ranges::find(model.instances, name, &Instance::name);
  return found == model.instances.end() ? nullptr : &*found;
}

std::string to_text(const Destination& destination) {
  return destination.six ? to_text(*destination.six) : to_text(destination.four);
}

std::vector<Ipv4> Eni::addresses() const {
  std::vector<Ipv4> all = {address};
  all.insert(all.end(), secondary.begin(), secondary.end());
  return all;
}

const Address* find_address_at(const Model& model, Ipv4 private_ip) {
  const auto found = std::ranges::find(model.addresses, private_ip, &Address::private_ip);
  return found == model.addresses.end() ? nullptr : &*found;
}

const Address* find_address_of(const Model& model, const Eni& eni) {
  return find_address_at(model, eni.address);
}

Ipv4 public_address_of(const Model& model, const Eni& eni, Ipv4 private_ip) {
  if (const Address* elastic = find_address_at(model, private_ip)) return elastic->public_ip;
  return private_ip == eni.address ? eni.auto_public : Ipv4{};
}

Ipv4 free_public_address(const Model& model) {
  constexpr std::uint32_t pool_first = (198U << 24U) | (51U << 16U) | (100U << 8U) | 100U;
  const auto taken = [&](Ipv4 one) {
    return std::ranges::find(model.addresses, one, &Address::public_ip) != model.addresses.end() ||
           std::ranges::find(model.enis, one, &Eni::auto_public) != model.enis.end();
  };
  Ipv4 candidate{pool_first};
  while (taken(candidate)) ++candidate.value;
  return candidate;
}

std::vector<std::string> endpoint_dns_names(const Model& model, const VpcEndpoint& endpoint) {
  std::vector<std::string> names = {
      fmt::format("{}-lab.{}.{}.vpce.amazonaws.com", endpoint.id, endpoint.service, model.region)};
  if (endpoint.private_dns)
    names.push_back(fmt::format("{}.{}.amazonaws.com", endpoint.service, model.region));
  return names;
}

std::string private_dns_name(const Model& model, Ipv4 address) {
  std::string dashed = to_text(address);
  std::ranges::replace(dashed, '.', '-');
  return fmt::format("ip-{}.{}.compute.internal", dashed, model.region);
}

}  // namespace mainstay::lab
