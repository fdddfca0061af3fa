// The messages of IPv6.
#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <sys/socket.h>

#include "lab/netlink.h"
#include "lab/netlink_message.h"

namespace mainstay::lab {
namespace {

rtmsg route_head(const Cidr6& destination) {
  rtmsg body{};
  body.rtm_family = AF_INET6;
  body.rtm_dst_len = static_cast<unsigned char>(destination.length);
  body.rtm_protocol = RTPROT_STATIC;
  return body;
}

void destination_attribute(Message& message, const Cidr6& destination) {
  if (destination.length > 0) message.address(RTA_DST, destination.address);
}

}  // namespace

Status Netlink::add_address6(int index, const Ipv6& address, int length) {
  Message message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
  ifaddrmsg body{};
  body.ifa_family = AF_INET6;
  body.ifa_prefixlen = static_cast<unsigned char>(length);
  body.ifa_flags = IFA_F_NODAD;
  body.ifa_index = static_cast<unsigned>(index);
  message.body(body);
  message.address(IFA_LOCAL, address);
  message.address(IFA_ADDRESS, address);
  return ask(fmt::format("add the address {}", to_text(address)), message.data());
}

Status Netlink::replace_route6(const KernelRoute6& route) {
  Message message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
  rtmsg body = route_head(route.destination);
  const bool direct = route.via == Ipv6{};
  body.rtm_type = route.blackhole ? RTN_BLACKHOLE : RTN_UNICAST;
  if (!route.blackhole && !direct) body.rtm_flags = RTNH_F_ONLINK;
  message.body(body);
  message.number(RTA_TABLE, route.table);
  destination_attribute(message, route.destination);
  if (route.metric != 0) message.number(RTA_PRIORITY, route.metric);
  if (!route.blackhole) {
    if (!direct) message.address(RTA_GATEWAY, route.via);
    message.number(RTA_OIF, static_cast<std::uint32_t>(route.index));
  }
  return ask(fmt::format("set the route to {}", to_text(route.destination)), message.data());
}

Status Netlink::remove_route6(std::uint32_t table, const Cidr6& destination) {
  Message message(RTM_DELROUTE, 0);
  rtmsg body = route_head(destination);
  body.rtm_protocol = RTPROT_UNSPEC;
  message.body(body);
  message.number(RTA_TABLE, table);
  destination_attribute(message, destination);
  return ask(fmt::format("remove the route to {}", to_text(destination)), message.data());
}

Status Netlink::set_neighbour6(int index, const Ipv6& address, const Mac& mac) {
  Message message(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
  ndmsg body{};
  body.ndm_family = AF_INET6;
  body.ndm_ifindex = index;
  body.ndm_state = NUD_PERMANENT;
  message.body(body);
  message.address(NDA_DST, address);
  message.attribute(NDA_LLADDR, mac.data(), mac.size());
  return ask(fmt::format("set the neighbour {}", to_text(address)), message.data());
}

}  // namespace mainstay::lab
