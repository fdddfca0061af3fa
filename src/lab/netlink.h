// The kernel's links, addresses, routes and rules, changed one netlink message at a time.
//
// Interfaces are named by index: the lab gives each one its index when it makes it. A change of a
// route is a single message, so a packet is routed by the old route or by the new one and never by
// none.
#pragma once

#include <array>
#include <mutex>
#include <string>

#include "base/result.h"
#include "lab/files.h"
#include "lab/ipv4.h"
#include "lab/ipv6.h"

namespace mainstay::lab {

using Mac = std::array<std::uint8_t, 6>;
std::string to_text(const Mac& mac);

struct LinkEnd {
  std::string name;
  int index = 0;
  Mac mac{};
};

struct KernelRoute {
  std::uint32_t table = 0;
  Cidr destination{};
  bool blackhole = false;
  Ipv4 via{};     // 0: the destination is on the link itself
  int index = 0;  // of the interface that leads there
  std::uint32_t metric = 0;
};

struct KernelRoute6 {
  std::uint32_t table = 0;
  Cidr6 destination{};
  bool blackhole = false;
  Ipv6 via{};     // zero: the destination is on the link itself
  int index = 0;  // of the interface that leads there
  std::uint32_t metric = 0;
};

struct KernelRule {
  std::uint32_t priority = 0;
  std::uint32_t table = 0;
  std::string incoming = {};  // the interface's name; empty: every packet
  bool ipv6 = false;
};

class Netlink {
 public:
  // A socket in the network namespace of the calling thread; it works there from any thread.
  static Result<Netlink> open();
  Netlink(Netlink&& other) noexcept : socket_(std::move(other.socket_)) {}
  Netlink& operator=(Netlink&& other) noexcept {
    socket_ = std::move(other.socket_);
    return *this;
  }

  // A pair: `here` in this namespace, `there` in the other one.
  Status make_pair(const LinkEnd& here, const LinkEnd& there, const Fd& other_namespace);
  Status remove_link(int index);
  Status set_up(int index);
  Status set_down(int index);
  Status add_address(int index, const Cidr& address_with_host_bits);
  Status replace_route(const KernelRoute& route);
  Status remove_route(const KernelRoute& route);
  Status add_rule(const KernelRule& rule);
  // An entry that never ages: packets flow at once, also to a guest that has just started.
  Status set_neighbour(int index, Ipv4 address, const Mac& mac);
  // The same for IPv6; an address is good at once, nobody is asked whether it is taken.
  Status add_address6(int index, const Ipv6& address, int length);
  Status replace_route6(const KernelRoute6& route);
  Status remove_route6(std::uint32_t table, const Cidr6& destination);
  Status set_neighbour6(int index, const Ipv6& address, const Mac& mac);

 private:
  explicit Netlink(Fd socket) : socket_(std::move(socket)) {}
  Status ask(std::string_view doing, void* message);
  Status set_flags(int index, unsigned flags);

  Fd socket_;
  std::mutex one_at_a_time_;
};

}  // namespace mainstay::lab
