// Building the namespaces, links, tables and filters, and keeping them in step with the account.
#include "lab/network.h"

#include <fmt/format.h>

#include "base/check.h"
#include "lab/netns.h"
#include "lab/network_numbers.h"

namespace mainstay::lab {
namespace {

constexpr int gateway_index = 50;
constexpr Ipv4 gateway_inner{(169U << 24U) | (254U << 16U) | (100U << 8U) | 1U};
constexpr Ipv4 gateway_outer{(169U << 24U) | (254U << 16U) | (100U << 8U) | 2U};
constexpr Ipv4 internet_gateway_of_visitors{(203U << 24U) | (113U << 8U) | 1U};
constexpr Cidr everywhere{Ipv4{0}, 0};

int wire_inner_index(int number) { return 100 + 2 * number; }  // towards the instance
int wire_outer_index(int number) { return 101 + 2 * number; }  // towards the router
std::string wire_inner(int number) { return fmt::format("wi{}", number); }
std::string wire_outer(int number) { return fmt::format("wr{}", number); }

constexpr std::string_view router_filter = R"(table ip vpc {{
  set cut_pair {{ type ifname . ifname; }}
  set cut_to_aws {{ type ifname; }}
  set cut_from_aws {{ type ifname; }}
  set checked {{ type ifname; }}
  set own {{ type ifname . ipv4_addr; }}
  set elastic {{ type ipv4_addr; }}
  map elastic_in {{ type ipv4_addr : ipv4_addr; }}
  map elastic_out {{ type ipv4_addr : ipv4_addr; }}
  map guards {{ type ifname : verdict; }}
  chain arriving {{
    type filter hook prerouting priority -300;
    iifname "igw" ip daddr set ip daddr map @elastic_in
  }}
  chain leaving {{
    type filter hook postrouting priority 300;
    oifname "igw" ip saddr set ip saddr map @elastic_out
    oifname "igw" ip saddr != @elastic drop
  }}
  chain passing {{
    type filter hook forward priority 0;
    iifname . oifname @cut_pair drop
    iifname @cut_to_aws ip daddr {0} drop
    oifname @cut_from_aws ip saddr {0} drop
    iifname @checked iifname . ip saddr != @own drop
    oifname @checked oifname . ip daddr != @own drop
    iifname "igw" ip daddr != {1} drop
    oifname vmap @guards
  }}
}}
table ip6 vpc {{
  set cut_pair {{ type ifname . ifname; }}
  chain passing {{
    type filter hook forward priority 0;
    iifname . oifname @cut_pair drop
  }}
}}
)";

Status set_sysctls(std::initializer_list<std::pair<std::string, const char*>> settings) {
  for (const auto& [name, value] : settings) {
    if (auto done = write_existing("/proc/sys/net/ipv4/" + name, value); !done) {
      return done;
    }
  }
  return {};
}

Status forward_packets(const Fd& where) {
  return inside(where, [] {
    return set_sysctls({{"ip_forward", "1"},
                        {"conf/all/rp_filter", "0"},
                        {"conf/default/rp_filter", "0"},
                        {"conf/all/send_redirects", "0"},
                        {"conf/default/send_redirects", "0"},
                        {"icmp_ratelimit", "0"}});
  });
}

Result<std::unique_ptr<Netlink>> netlink_in(const Fd& where) {
  std::unique_ptr<Netlink> made;
  const auto opened = inside(where, [&]() -> Status {
    auto netlink = Netlink::open();
    if (!netlink) return std::unexpected(netlink.error());
    made = std::make_unique<Netlink>(std::move(*netlink));
    return {};
  });
  if (!opened) return std::unexpected(opened.error());
  return made;
}

// Does each step until one fails.
Status all_of(std::initializer_list<Status> done) {
  for (const Status& one : done) {
    if (!one) return one;
  }
  return {};
}

// The router itself answers at the addresses of the VPC's endpoints.
Status add_endpoints(Netlink& router, const Model& model) {
  for (const VpcEndpoint& endpoint : model.endpoints) {
    for (const EndpointPlace& place : endpoint.places) {
      if (auto done = router.add_address(1, {place.address, 32}); !done) return done;
    }
  }
  return {};
}

}  // namespace

Ipv4 vpc_dns_address(const Cidr& vpc) { return Ipv4{vpc.address.value + 2}; }

Result<std::unique_ptr<Network>> Network::build(const Layout& layout, const Model& model) {
  std::unique_ptr<Network> network(new Network);
  for (const auto step : {&Network::make_router, &Network::make_outside, &Network::make_ports}) {
    if (!network->router_) {
      if (auto made = network->make_namespaces(); !made) return std::unexpected(made.error());
    }
    if (auto done = (network.get()->*step)(layout, model); !done) {
      return std::unexpected(done.error());
    }
  }
  std::string owners;
  for (const auto& [eni, number] : network->port_of_eni_) {
    owners += fmt::format("add element ip vpc own {{ \"{}\" . {} }}\n", router_name(number),
                          to_text(network->address_of_eni_.at(eni)));
  }
  if (auto done = run_nft(network->router_, owners); !done) return std::unexpected(done.error());
  if (auto done = network->apply(changes(Model{}, model)); !done) {
    return std::unexpected(done.error());
  }
  return network;
}

Status Network::make_namespaces() {
  struct Wanted {
    Fd* space;
    std::unique_ptr<Netlink>* netlink;
  };
  for (const auto& [space, netlink] :
       {Wanted{&router_, &router_netlink_}, Wanted{&outside_, &outside_netlink_},
        Wanted{&wires_, &wires_netlink_}}) {
    auto made = make_network_namespace();
    if (!made) return std::unexpected(made.error());
    *space = std::move(*made);
    auto opened = netlink_in(*space);
    if (!opened) return std::unexpected(opened.error());
    *netlink = std::move(*opened);
  }
  auto shaper = Shaper::start(wires_);
  if (!shaper) return std::unexpected(shaper.error());
  shaper_ = std::move(*shaper);
  return {};
}

Status Network::make_router(const Layout& layout, const Model& model) {
  if (auto done = forward_packets(router_); !done) return done;
  Netlink& router = *router_netlink_;
  if (auto done = router.make_pair({"igw", gateway_index, lab_mac(1, 1)},
                                   {"vpc", gateway_index, lab_mac(1, 2)}, outside_);
      !done) {
    return done;
  }
  for (const RouteTable& table : model.tables) {
    kernel_table_[table.id] = table_first + static_cast<std::uint32_t>(kernel_table_.size());
    auto done = router.replace_route({.table = kernel_table_[table.id],
                                      .destination = everywhere,
                                      .blackhole = true,
                                      .metric = last_resort});
    if (!done) return done;
  }
  return all_of(
      {router.set_up(gateway_index), router.add_address(gateway_index, {gateway_inner, 30}),
       router.add_address(1, {metadata_address, 32}),
       router.add_address(1, {vpc_dns_address(layout.vpc), 32}),
       router.add_address(1, {local_dns_address, 32}),
       router.replace_route({.table = table_of_vpc, .destination = layout.vpc, .blackhole = true}),
       router.replace_route({.table = main_table,
                             .destination = everywhere,
                             .blackhole = true,
                             .metric = last_resort}),
       add_endpoints(router, model), router.add_rule({.priority = 100, .table = table_of_vpc}),
       run_nft(router_, fmt::format(router_filter, to_text(endpoint_address), to_text(layout.vpc))),
       make_router_ipv6(model)});
}

Status Network::make_outside(const Layout&, const Model& model) {
  if (auto done = forward_packets(outside_); !done) return done;
  Netlink& outside = *outside_netlink_;
  auto done = all_of({outside.set_up(gateway_index),
                      outside.add_address(gateway_index, {gateway_outer, 30}),
                      outside.add_address(1, {endpoint_address, 32}),
                      outside.add_address(1, {resolver_address, 32}),
                      outside.add_address(1, {name_server_address, 32})});
  if (!done) return done;
  for (const Address& address : model.addresses) {
    auto routed = outside.replace_route({.table = main_table,
                                         .destination = {address.public_ip, 32},
                                         .via = gateway_inner,
                                         .index = gateway_index});
    if (!routed) return routed;
  }
  return {};
}

Status Network::make_ports(const Layout& layout, const Model& model) {
  int number = 0;
  for (const LayoutInstance& instance : layout.instances) {
    Port port{.name = instance.name, .number = ++number, .mac = lab_mac(0, number)};
    port.outside = instance.subnet.empty();
    if (port.outside) {
      port.address_with_host_bits = {instance.address, 32};
      port.gateway = internet_gateway_of_visitors;
    } else {
      const auto subnet = std::ranges::find(layout.subnets, instance.subnet, &LayoutSubnet::name);
      port.address_with_host_bits = {instance.address, subnet->cidr.length};
      port.gateway = Ipv4{subnet->cidr.address.value + 1};
    }
    ports_[instance.name] = port;
    if (auto made = make_port(port); !made) return made;
  }
  for (const Eni& eni : model.enis) {
    if (auto done = make_router_side(model, eni); !done) return done;
  }
  return {};
}

Status Network::make_port(const Port& port) {
  const Fd& owner = port.outside ? outside_ : router_;
  Netlink& netlink = port.outside ? *outside_netlink_ : *router_netlink_;
  const int index = router_index(port.number);
  const Ipv4 address = port.address_with_host_bits.address;
  auto made = wires_netlink_->make_pair(
      {wire_outer(port.number), wire_outer_index(port.number), lab_mac(2, port.number)},
      {router_name(port.number), index, lab_mac(3, port.number)}, owner);
  if (!made) return made;
  auto done = all_of({netlink.set_up(index), netlink.add_address(index, {port.gateway, 32}),
                      netlink.set_neighbour(index, address, port.mac)});
  if (!done) return done;
  return netlink.replace_route({.table = port.outside ? main_table : table_of_vpc,
                                .destination = {address, 32},
                                .index = index});
}

Status Network::make_router_side(const Model& model, const Eni& eni) {
  const Instance* instance = find_id(model.instances, eni.instance_id);
  const Subnet* subnet = find_id(model.subnets, eni.subnet_id);
  MAINSTAY_CHECK(instance != nullptr && subnet != nullptr);
  Port& port = ports_.at(instance->name);
  const std::string name = router_name(port.number);
  port_of_eni_[eni.id] = port.number;
  address_of_eni_[eni.id] = eni.address;
  auto answering = inside(router_, [&] {
    // Instances of one subnet believe to be on one Ethernet; the router answers for all of them.
    return set_sysctls({{fmt::format("conf/{}/proxy_arp", name), "1"},
                        {fmt::format("neigh/{}/proxy_delay", name), "0"}});
  });
  if (!answering) return answering;
  if (eni.address6) {
    if (auto done = make_port_ipv6(model, eni); !done) return done;
  }
  return router_netlink_->add_rule({.priority = 1000 + static_cast<std::uint32_t>(port.number),
                                    .table = kernel_table_.at(subnet->table_id),
                                    .incoming = name});
}

Result<KernelRoute> Network::kernel_route(const std::string& table_id, const Route& route) const {
  const auto table = kernel_table_.find(table_id);
  MAINSTAY_CHECK(table != kernel_table_.end());
  KernelRoute made{.table = table->second, .destination = route.destination.four};
  if (route.eni_id.empty()) {
    made.via = gateway_outer;
    made.index = gateway_index;
    return made;
  }
  const auto number = port_of_eni_.find(route.eni_id);
  if (number == port_of_eni_.end()) {
    return failure(Code::not_found, fmt::format("{} has no port", route.eni_id));
  }
  made.via = address_of_eni_.at(route.eni_id);
  made.index = router_index(number->second);
  return made;
}

std::string Network::guard_script(const SetGuard& guard) const {
  const int number = port_of_eni_.at(guard.eni_id);
  const std::string chain = fmt::format("guard_{}", number);
  std::string script = fmt::format(
      "add chain ip vpc {0}\nflush chain ip vpc {0}\n"
      "add rule ip vpc {0} ct state established,related accept\n",
      chain);
  for (const Admission& open : guard.admissions) {
    std::string what;
    if (open.protocol == "icmp") what = " ip protocol icmp";
    if (open.protocol == "tcp" || open.protocol == "udp")
      what = fmt::format(" {} dport {}-{}", open.protocol, open.from_port, open.to_port);
    script +=
        fmt::format("add rule ip vpc {} ip saddr {}{} accept\n", chain, to_text(open.source), what);
  }
  script += fmt::format("add rule ip vpc {} drop\n", chain);
  script +=
      fmt::format("add element ip vpc guards {{ \"{}\" : jump {} }}\n", router_name(number), chain);
  return script;
}

std::string Network::filter_change(const Change& change) const {
  if (const auto* check = std::get_if<SetCheck>(&change)) {
    const std::string name = router_name(port_of_eni_.at(check->eni_id));
    std::string script = fmt::format("add element ip vpc checked {{ \"{}\" }}\n", name);
    if (!check->on) script += fmt::format("delete element ip vpc checked {{ \"{}\" }}\n", name);
    return script;
  }
  if (const auto* map = std::get_if<MapAddress>(&change)) {
    return fmt::format(
        "add element ip vpc elastic {{ {0} }}\n"
        "add element ip vpc elastic_in {{ {0} : {1} }}\n"
        "add element ip vpc elastic_out {{ {1} : {0} }}\n",
        to_text(map->public_ip), to_text(map->private_ip));
  }
  if (const auto* unmap = std::get_if<UnmapAddress>(&change)) {
    return fmt::format(
        "delete element ip vpc elastic {{ {0} }}\n"
        "delete element ip vpc elastic_in {{ {0} }}\n"
        "delete element ip vpc elastic_out {{ {1} }}\n",
        to_text(unmap->public_ip), to_text(unmap->private_ip));
  }
  const auto owner = [&](const char* verb, const std::string& eni, Ipv4 address) {
    return fmt::format("{} element ip vpc own {{ \"{}\" . {} }}\n", verb,
                       router_name(port_of_eni_.at(eni)), to_text(address));
  };
  if (const auto* set = std::get_if<SetPrivate>(&change)) {
    const std::string taken =
        set->from_eni.empty() ? "" : owner("delete", set->from_eni, set->address);
    return taken + owner("add", set->eni_id, set->address);
  }
  if (const auto* gone = std::get_if<RemovePrivate>(&change))
    return owner("delete", gone->eni_id, gone->address);
  if (const auto* guard = std::get_if<SetGuard>(&change)) return guard_script(*guard);
  return {};
}

Status Network::apply_private(const SetPrivate& set) {
  const int number = port_of_eni_.at(set.eni_id);
  return all_of(
      {router_netlink_->set_neighbour(router_index(number), set.address, lab_mac(0, number)),
       router_netlink_->replace_route({.table = table_of_vpc,
                                       .destination = {set.address, 32},
                                       .index = router_index(number)})});
}

Status Network::apply_kernel(const Change& change) {
  if (const auto* set = std::get_if<SetRoute>(&change)) {
    if (set->route.gateway_id == "local") return {};  // The rule of priority 100 is this route.
    if (set->route.destination.six)
      return router_netlink_->replace_route6(kernel_route6(set->table_id, set->route));
    const auto route = kernel_route(set->table_id, set->route);
    if (!route) return std::unexpected(route.error());
    return router_netlink_->replace_route(*route);
  }
  if (const auto* remove = std::get_if<RemoveRoute>(&change)) {
    const Destination& destination = remove->destination;
    if (destination.six)
      return router_netlink_->remove_route6(kernel_table_.at(remove->table_id), *destination.six);
    return router_netlink_->remove_route(
        {.table = kernel_table_.at(remove->table_id), .destination = destination.four});
  }
  if (const auto* set = std::get_if<SetPrivate>(&change)) return apply_private(*set);
  if (const auto* gone = std::get_if<RemovePrivate>(&change)) {
    return router_netlink_->remove_route(
        {.table = table_of_vpc, .destination = {gone->address, 32}});
  }
  if (const auto* map = std::get_if<MapAddress>(&change)) {
    return outside_netlink_->replace_route({.table = main_table,
                                            .destination = {map->public_ip, 32},
                                            .via = gateway_inner,
                                            .index = gateway_index});
  }
  return {};
}

Status Network::apply(const std::vector<Change>& all) {
  std::string script;
  for (const Change& change : all) {
    script += filter_change(change);
    if (auto done = apply_kernel(change); !done) return done;
  }
  return script.empty() ? Status() : run_nft(router_, script);
}

const Port* Network::port(const std::string& instance) const {
  const auto found = ports_.find(instance);
  return found == ports_.end() ? nullptr : &found->second;
}

Status Network::plug_in(const std::string& instance, const Fd& instance_namespace) {
  const Port& port = ports_.at(instance);
  // What an earlier life of the instance left may still be on its way out.
  (void)wires_netlink_->remove_link(wire_inner_index(port.number));
  auto made = wires_netlink_->make_pair(
      {wire_inner(port.number), wire_inner_index(port.number), lab_mac(4, port.number)},
      {"eth0", 2, port.mac}, instance_namespace);
  if (!made) return made;
  if (auto up = wires_netlink_->set_up(wire_inner_index(port.number)); !up) return up;
  LineQuality quality;
  {
    const std::lock_guard lock(lines_);
    ++plugged_[instance];
    quality = qualities_[instance];
  }
  if (auto done = apply_quality(port, quality); !done) return done;
  return open_line(instance);
}

Status Network::close_line(const std::string& instance) {
  return wires_netlink_->set_down(wire_outer_index(ports_.at(instance).number));
}

Status Network::open_line(const std::string& instance) {
  return wires_netlink_->set_up(wire_outer_index(ports_.at(instance).number));
}

Status Network::apply_quality(const Port& port, const LineQuality& quality) {
  const int number = port.number;
  std::string verdicts[2] = {fmt::format("fwd to \"{}\"", wire_outer(number)),
                             fmt::format("fwd to \"{}\"", wire_inner(number))};
  std::string loss;
  if (quality.needs_shaper()) {
    auto shaped =
        shaper_->shape(number, wire_inner_index(number), wire_outer_index(number), quality);
    if (!shaped) return shaped;
    verdicts[0] = verdicts[1] = "drop";
  } else {
    shaper_->release(number);
    if (quality.loss >= 1) {
      loss = "drop";
    } else if (quality.loss > 0) {
      loss = fmt::format("numgen random mod 1000000 < {} drop",
                         static_cast<int>(quality.loss * 1'000'000));
    }
  }
  int time = 0;
  {
    const std::lock_guard lock(lines_);
    time = plugged_[port.name];
  }
  std::string script = "add table netdev wires\n";
  const std::string devices[2] = {wire_inner(number), wire_outer(number)};
  for (std::size_t end = 0; end < 2; ++end) {
    const std::string chain =
        end == 0 ? fmt::format("from_{}_{}", number, time) : fmt::format("to_{}", number);
    script += fmt::format(
        "add chain netdev wires {0} {{ type filter hook ingress device \"{1}\" priority 0; }}\n"
        "flush chain netdev wires {0}\n",
        chain, devices[end]);
    if (!loss.empty()) script += fmt::format("add rule netdev wires {} {}\n", chain, loss);
    script += fmt::format("add rule netdev wires {} {}\n", chain, verdicts[end]);
  }
  return run_nft(wires_, script);
}

Status Network::set_line(const std::string& instance, const LineQuality& quality) {
  {
    const std::lock_guard lock(lines_);
    qualities_[instance] = quality;
    if (plugged_[instance] == 0) return {};
  }
  return apply_quality(ports_.at(instance), quality);
}

std::map<std::string, LineQuality> Network::qualities() const {
  const std::lock_guard lock(lines_);
  return qualities_;
}

Status Network::set_cuts(const Model& model, const std::vector<Cut>& cuts) {
  const CutPlan plan = plan_cuts(model, cuts);
  const auto device = [&](const std::string& place) {
    return place == "internet" ? std::string("igw") : router_name(ports_.at(place).number);
  };
  std::string script =
      "flush set ip vpc cut_pair\nflush set ip6 vpc cut_pair\nflush set ip vpc cut_to_aws\n"
      "flush set ip vpc cut_from_aws\n";
  for (const PortPair& pair : plan.pairs) {
    for (const char* family : {"ip", "ip6"}) {
      script += fmt::format("add element {} vpc cut_pair {{ \"{}\" . \"{}\" }}\n", family,
                            device(pair.from), device(pair.to));
    }
  }
  for (const std::string& name : plan.to_aws) {
    script += fmt::format("add element ip vpc cut_to_aws {{ \"{}\" }}\n", device(name));
  }
  for (const std::string& name : plan.from_aws) {
    script += fmt::format("add element ip vpc cut_from_aws {{ \"{}\" }}\n", device(name));
  }
  return run_nft(router_, script);
}

}  // namespace mainstay::lab
