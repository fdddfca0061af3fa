// rtnetlink messages, built by hand; those of IPv6 are in netlink6.cpp.
#include "lab/netlink.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

#include "lab/netlink_message.h"

namespace mainstay::lab {
namespace {

void link_attributes(Message& message, const LinkEnd& end) {
  message.text(IFLA_IFNAME, end.name);
  message.attribute(IFLA_ADDRESS, end.mac.data(), end.mac.size());
}

ifinfomsg link_body(int index) {
  ifinfomsg body{};
  body.ifi_family = AF_UNSPEC;
  body.ifi_index = index;
  return body;
}

void route_body(Message& message, const KernelRoute& route) {
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_dst_len = static_cast<unsigned char>(route.destination.length);
  body.rtm_table = RT_TABLE_UNSPEC;
  body.rtm_protocol = RTPROT_STATIC;
  body.rtm_type = route.blackhole ? RTN_BLACKHOLE : RTN_UNICAST;
  body.rtm_scope = route.blackhole || route.via.value != 0 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  if (!route.blackhole && route.via.value != 0) body.rtm_flags = RTNH_F_ONLINK;
  message.body(body);
  message.number(RTA_TABLE, route.table);
  if (route.destination.length > 0) message.address(RTA_DST, route.destination.address);
  if (route.metric != 0) message.number(RTA_PRIORITY, route.metric);
  if (route.blackhole) return;
  if (route.via.value != 0) message.address(RTA_GATEWAY, route.via);
  message.number(RTA_OIF, static_cast<std::uint32_t>(route.index));
}

}  // namespace

std::string to_text(const Mac& mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3],
                     mac[4], mac[5]);
}

Result<Netlink> Netlink::open() {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return system_failure("open a netlink socket");
  const timeval deadline{5, 0};
  ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
  return Netlink(std::move(socket));
}

Status Netlink::ask(std::string_view doing, void* message) {
  const std::lock_guard lock(one_at_a_time_);
  const auto* header = static_cast<const nlmsghdr*>(message);
  if (::send(socket_.number(), message, header->nlmsg_len, 0) < 0) return system_failure(doing);
  alignas(nlmsghdr) std::array<char, 4096> answer{};
  const ssize_t got = ::recv(socket_.number(), answer.data(), answer.size(), 0);
  if (got < 0) return system_failure(doing);
  const auto* reply = reinterpret_cast<const nlmsghdr*>(answer.data());
  if (reply->nlmsg_type != NLMSG_ERROR) {
    return failure(Code::corrupt, fmt::format("{}: the kernel's answer makes no sense", doing));
  }
  const auto* verdict = static_cast<const nlmsgerr*>(NLMSG_DATA(reply));
  if (verdict->error == 0) return {};
  errno = -verdict->error;
  return system_failure(doing);
}

Status Netlink::make_pair(const LinkEnd& here, const LinkEnd& there, const Fd& other_namespace) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.body(link_body(here.index));
  link_attributes(message, here);
  const std::size_t info = message.begin_nest(IFLA_LINKINFO);
  message.text(IFLA_INFO_KIND, "veth");
  const std::size_t data = message.begin_nest(IFLA_INFO_DATA);
  const std::size_t peer = message.begin_nest(VETH_INFO_PEER);
  message.body(link_body(there.index));
  link_attributes(message, there);
  message.number(IFLA_NET_NS_FD, static_cast<std::uint32_t>(other_namespace.number()));
  message.end_nest(peer);
  message.end_nest(data);
  message.end_nest(info);
  return ask(fmt::format("make the link {} - {}", here.name, there.name), message.data());
}

Status Netlink::remove_link(int index) {
  Message message(RTM_DELLINK, 0);
  message.body(link_body(index));
  return ask(fmt::format("remove link {}", index), message.data());
}

Status Netlink::set_flags(int index, unsigned flags) {
  Message message(RTM_NEWLINK, 0);
  ifinfomsg body = link_body(index);
  body.ifi_flags = flags;
  body.ifi_change = IFF_UP;
  message.body(body);
  return ask(fmt::format("set link {} {}", index, flags == 0 ? "down" : "up"), message.data());
}

Status Netlink::set_up(int index) { return set_flags(index, IFF_UP); }

Status Netlink::set_down(int index) { return set_flags(index, 0); }

Status Netlink::add_address(int index, const Cidr& address_with_host_bits) {
  Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
  ifaddrmsg body{};
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = static_cast<unsigned char>(address_with_host_bits.length);
  body.ifa_index = static_cast<unsigned>(index);
  message.body(body);
  message.address(IFA_LOCAL, address_with_host_bits.address);
  message.address(IFA_ADDRESS, address_with_host_bits.address);
  return ask(fmt::format("add the address {}", to_text(address_with_host_bits)), message.data());
}

Status Netlink::replace_route(const KernelRoute& route) {
  Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  route_body(message, route);
  return ask(fmt::format("set the route to {}", to_text(route.destination)), message.data());
}

Status Netlink::remove_route(const KernelRoute& route) {
  Message message(RTM_DELROUTE, 0);
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_dst_len = static_cast<unsigned char>(route.destination.length);
  body.rtm_scope = RT_SCOPE_NOWHERE;  // whatever leads there
  message.body(body);
  message.number(RTA_TABLE, route.table);
  if (route.destination.length > 0) message.address(RTA_DST, route.destination.address);
  return ask(fmt::format("remove the route to {}", to_text(route.destination)), message.data());
}

Status Netlink::add_rule(const KernelRule& rule) {
  Message message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
  fib_rule_hdr body{};
  body.family = rule.ipv6 ? AF_INET6 : AF_INET;
  body.action = FR_ACT_TO_TBL;
  message.body(body);
  message.number(FRA_PRIORITY, rule.priority);
  message.number(FRA_TABLE, rule.table);
  if (!rule.incoming.empty()) message.text(FRA_IIFNAME, rule.incoming);
  return ask(fmt::format("add the rule with priority {}", rule.priority), message.data());
}

Status Netlink::set_neighbour(int index, Ipv4 address, const Mac& mac) {
  Message message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  ndmsg body{};
  body.ndm_family = AF_INET;
  body.ndm_ifindex = index;
  body.ndm_state = NUD_PERMANENT;
  message.body(body);
  message.address(NDA_DST, address);
  message.attribute(NDA_LLADDR, mac.data(), mac.size());
  return ask(fmt::format("set the neighbour {}", to_text(address)), message.data());
}

}  // namespace mainstay::lab
