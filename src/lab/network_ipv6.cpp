// IPv6 in the VPC's router: private addresses and routes, as with IPv4; there is no way outside.
#include "base/check.h"
#include "lab/netns.h"
#include "lab/network.h"
#include "lab/network_numbers.h"

namespace mainstay::lab {

Status Network::make_router_ipv6(const Model& model) {
  if (!model.vpc6) return {};
  auto forwarding =
      inside(router_, [] { return write_existing("/proc/sys/net/ipv6/conf/all/forwarding", "1"); });
  if (!forwarding) return forwarding;
  const Cidr6 everything{Ipv6{}, 0};
  for (const auto& [id, table] : kernel_table_) {
    auto done = router_netlink_->replace_route6(
        {.table = table, .destination = everything, .blackhole = true, .metric = last_resort});
    if (!done) return done;
  }
  auto done = router_netlink_->replace_route6(
      {.table = table_of_vpc, .destination = *model.vpc6, .blackhole = true});
  if (!done) return done;
  return router_netlink_->add_rule({.priority = 100, .table = table_of_vpc, .ipv6 = true});
}

Status Network::make_port_ipv6(const Model& model, const Eni& eni) {
  const Subnet* subnet = find_id(model.subnets, eni.subnet_id);
  MAINSTAY_CHECK(subnet != nullptr && eni.address6.has_value());
  const int number = port_of_eni_.at(eni.id);
  const int index = router_index(number);
  address6_of_eni_[eni.id] = *eni.address6;
  if (auto done = router_netlink_->add_address6(index, ipv6_gateway, 64); !done) return done;
  if (auto done = router_netlink_->set_neighbour6(index, *eni.address6, lab_mac(0, number)); !done)
    return done;
  auto routed = router_netlink_->replace_route6(
      {.table = table_of_vpc, .destination = {*eni.address6, 128}, .index = index});
  if (!routed) return routed;
  return router_netlink_->add_rule({.priority = 1000 + static_cast<std::uint32_t>(number),
                                    .table = kernel_table_.at(subnet->table_id),
                                    .incoming = router_name(number),
                                    .ipv6 = true});
}

// A target without an IPv6 address of its own swallows what is sent to it.
KernelRoute6 Network::kernel_route6(const std::string& table_id, const Route& route) const {
  KernelRoute6 made{.table = kernel_table_.at(table_id), .destination = *route.destination.six};
  const auto via = address6_of_eni_.find(route.eni_id);
  if (via == address6_of_eni_.end()) {
    made.blackhole = true;
    return made;
  }
  made.via = via->second;
  made.index = router_index(port_of_eni_.at(route.eni_id));
  return made;
}

}  // namespace mainstay::lab
