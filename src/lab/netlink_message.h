// An rtnetlink message while it is built.
#pragma once

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "lab/ipv4.h"
#include "lab/ipv6.h"

namespace mainstay::lab {

inline constexpr std::size_t message_size_max = 1024;

// A message under construction. Its size is bounded by the messages built with it, all far under
// the maximum.
class Message {
 public:
  Message(std::uint16_t type, int flags) {
    header().nlmsg_len = NLMSG_LENGTH(0);
    header().nlmsg_type = type;
    header().nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  }

  template <class T>
  void body(const T& value) {
    append(&value, sizeof(T));
  }
  void attribute(int type, const void* data, std::size_t size) {
    rtattr head{};
    head.rta_type = static_cast<std::uint16_t>(type);
    head.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
    append(&head, sizeof(head));
    append(data, size);
  }
  void text(int type, std::string_view value) {
    attribute(type, std::string(value).c_str(), value.size() + 1);
  }
  void number(int type, std::uint32_t value) { attribute(type, &value, sizeof(value)); }
  void address(int type, Ipv4 value) { number(type, htonl(value.value)); }
  void address(int type, const Ipv6& value) {
    attribute(type, value.bytes.data(), value.bytes.size());
  }
  std::size_t begin_nest(int type) {
    const std::size_t at = header().nlmsg_len;
    attribute(type, nullptr, 0);
    return at;
  }
  void end_nest(std::size_t at) {
    reinterpret_cast<rtattr*>(bytes_.data() + at)->rta_len =
        static_cast<std::uint16_t>(header().nlmsg_len - at);
  }
  void* data() { return bytes_.data(); }

 private:
  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_.data()); }
  void append(const void* data, std::size_t size) {
    if (size > 0) std::memcpy(bytes_.data() + header().nlmsg_len, data, size);
    header().nlmsg_len += static_cast<std::uint32_t>(NLMSG_ALIGN(size));
  }

  alignas(NLMSG_ALIGNTO) std::array<char, message_size_max> bytes_{};
};

}  // namespace mainstay::lab
