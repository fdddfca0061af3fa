// IPv6 addresses and prefixes of the lab's networks.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mainstay::lab {

struct Ipv6 {
  std::array<std::uint8_t, 16> bytes{};  // in network order
  friend auto operator<=>(const Ipv6&, const Ipv6&) = default;
};

struct Cidr6 {
  Ipv6 address;
  int length = 128;
  friend auto operator<=>(const Cidr6&, const Cidr6&) = default;
  bool contains(const Ipv6& other) const;
  bool contains(const Cidr6& other) const;
};

Result<Ipv6> parse_ipv6(std::string_view text);
// The host bits must be zero, as with IPv4.
Result<Cidr6> parse_cidr6(std::string_view text);
std::string to_text(const Ipv6& address);
std::string to_text(const Cidr6& cidr);

}  // namespace mainstay::lab
