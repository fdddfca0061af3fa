// IPv4 addresses and prefixes of the lab's networks.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mainstay::lab {

struct Ipv4 {
  std::uint32_t value = 0;  // in host order
  friend auto operator<=>(const Ipv4&, const Ipv4&) = default;
};

struct Cidr {
  Ipv4 address;
  int length = 32;
  friend auto operator<=>(const Cidr&, const Cidr&) = default;
  bool contains(Ipv4 other) const;
  bool contains(const Cidr& other) const;
};

Result<Ipv4> parse_ipv4(std::string_view text);
// The host bits must be zero: 10.0.0.1/16 names no network and is an error.
Result<Cidr> parse_cidr(std::string_view text);
std::string to_text(Ipv4 address);
std::string to_text(const Cidr& cidr);

}  // namespace mainstay::lab
