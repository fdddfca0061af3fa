// IPv4 and IPv6 addresses and CIDR blocks as numbers, without asking an operating system.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mainstay {

// An IPv4 address lies in the first four bytes.
struct IpNumber {
  bool v6 = false;
  std::array<std::uint8_t, 16> bytes{};

  int bits() const { return v6 ? 128 : 32; }
  friend auto operator<=>(const IpNumber&, const IpNumber&) = default;
};

struct Cidr {
  IpNumber network;
  int prefix = 0;
  friend bool operator==(const Cidr&, const Cidr&) = default;
};

// Strict: four decimal numbers without leading zeros, or the forms of RFC 4291 without a zone.
std::optional<IpNumber> ip_number(std::string_view text);
// The shortest form, RFC 5952: one address, one text.
std::string to_text(const IpNumber& ip);
// "10.0.0.0/16". Bits beyond the prefix are ignored, as AWS does.
std::optional<Cidr> cidr_block(std::string_view text);
bool contains(const Cidr& block, const IpNumber& ip);

// Addresses that no node or client can be reached at: unspecified, loopback, multicast, broadcast.
enum class IpKind { unicast, unspecified, loopback, link_local, multicast, broadcast };
IpKind kind_of(const IpNumber& ip);

// Whether both texts are the same address, or, of non-addresses, the same text.
bool same_ip(std::string_view a, std::string_view b);
// Whether both texts are the same block.
bool same_cidr(std::string_view a, std::string_view b);

}  // namespace mainstay
