// The VPC in the kernel: a router, the wires of the instances, the world outside.
//
// Three namespaces, held by descriptors. "router" is the VPC's implicit router: each instance has a
// port there, so every hop is routed, and a port's packets are looked up in the kernel table of its
// subnet's route table. "outside" is the internet: the AWS endpoints and the visitors. "wires"
// holds nothing but the middle of each instance's link; there packets are lost or delayed, and
// there a dead instance's link goes down before its processes end.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lab/changes.h"
#include "lab/cuts.h"
#include "lab/files.h"
#include "lab/layout.h"
#include "lab/netlink.h"
#include "lab/shaper.h"

namespace mainstay::lab {

inline constexpr Ipv4 endpoint_address{(203U << 24U) | (113U << 8U) | 50U};  // the AWS endpoints
inline constexpr Ipv4 resolver_address{(203U << 24U) | (113U << 8U) | 53U};  // of machines outside
inline constexpr Ipv4 name_server_address{(203U << 24U) | (113U << 8U) | 54U};  // of public zones
inline constexpr Ipv4 metadata_address{(169U << 24U) | (254U << 16U) | (169U << 8U) | 254U};
// Where every VPC's resolver is found besides vpc_dns_address.
inline constexpr Ipv4 local_dns_address{(169U << 24U) | (254U << 16U) | (169U << 8U) | 253U};

// The gateway of every instance that has IPv6: fe80::1 on its own link.
inline constexpr Ipv6 ipv6_gateway{{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

// The resolver every VPC has: its first address plus two.
Ipv4 vpc_dns_address(const Cidr& vpc);

// What a machine must know to configure its own side of the link.
struct Port {
  std::string name;
  int number = 0;
  Cidr address_with_host_bits{};
  Ipv4 gateway{};
  Mac mac{};
  bool outside = false;
};

class Network {
 public:
  static Result<std::unique_ptr<Network>> build(const Layout& layout, const Model& model);

  // Any thread. Each change of a route is one message to the kernel.
  Status apply(const std::vector<Change>& all);
  // Connects eth0 of the namespace to the port and opens the line.
  Status plug_in(const std::string& instance, const Fd& instance_namespace);
  // No packet passes in either direction; the instance itself sees nothing of it. At once.
  Status close_line(const std::string& instance);
  Status open_line(const std::string& instance);
  Status set_line(const std::string& instance, const LineQuality& quality);
  Status set_cuts(const Model& model, const std::vector<Cut>& cuts);

  const Port* port(const std::string& instance) const;
  std::map<std::string, LineQuality> qualities() const;
  const Fd& router() const { return router_; }
  const Fd& outside() const { return outside_; }

 private:
  Network() = default;
  Status make_namespaces();
  Status make_router(const Layout& layout, const Model& model);
  Status make_outside(const Layout& layout, const Model& model);
  Status make_ports(const Layout& layout, const Model& model);
  Status make_port(const Port& port);
  Status make_router_side(const Model& model, const Eni& eni);
  Status apply_quality(const Port& port, const LineQuality& quality);
  Status make_router_ipv6(const Model& model);
  Status make_port_ipv6(const Model& model, const Eni& eni);
  KernelRoute6 kernel_route6(const std::string& table_id, const Route& route) const;
  std::string filter_change(const Change& change) const;
  std::string guard_script(const SetGuard& guard) const;
  Status apply_kernel(const Change& change);
  Status apply_private(const SetPrivate& set);
  Result<KernelRoute> kernel_route(const std::string& table_id, const Route& route) const;

  Fd router_;
  Fd outside_;
  Fd wires_;
  std::unique_ptr<Netlink> router_netlink_;
  std::unique_ptr<Netlink> outside_netlink_;
  std::unique_ptr<Netlink> wires_netlink_;
  std::map<std::string, Port> ports_;
  std::map<std::string, int> port_of_eni_;  // ENI id -> port number
  std::map<std::string, Ipv4> address_of_eni_;
  std::map<std::string, Ipv6> address6_of_eni_;
  std::map<std::string, std::uint32_t> kernel_table_;  // route table id -> number
  std::unique_ptr<Shaper> shaper_;
  mutable std::mutex lines_;  // guards what follows
  std::map<std::string, LineQuality> qualities_;
  std::map<std::string, int> plugged_;  // how often, which makes the names of nft chains unique
};

}  // namespace mainstay::lab
