// Parsing, printing and comparing bit by bit.
#include "lab/ipv6.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace mainstay::lab {
namespace {

constexpr std::size_t text_size_max = 45;

Ipv6 masked(const Ipv6& address, int length) {
  Ipv6 out;
  for (int i = 0; i < 16; ++i) {
    const int bits = std::clamp(length - 8 * i, 0, 8);
    const auto mask = static_cast<std::uint8_t>(0xffU << (8 - bits));
    const auto at = static_cast<std::size_t>(i);
    out.bytes[at] = address.bytes[at] & mask;
  }
  return out;
}

}  // namespace

bool Cidr6::contains(const Ipv6& other) const { return masked(other, length) == address; }

bool Cidr6::contains(const Cidr6& other) const {
  return other.length >= length && contains(other.address);
}

Result<Ipv6> parse_ipv6(std::string_view text) {
  Ipv6 out;
  if (text.size() > text_size_max ||
      inet_pton(AF_INET6, std::string(text).c_str(), out.bytes.data()) != 1) {
    return failure(Code::invalid, fmt::format("'{}' is not an IPv6 address", text));
  }
  return out;
}

Result<Cidr6> parse_cidr6(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return failure(Code::invalid, fmt::format("'{}' is not an IPv6 CIDR block: {}", text, why));
  };
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return wrong("the prefix length is missing");
  const auto address = parse_ipv6(text.substr(0, slash));
  if (!address) return wrong(address.error().message);
  const std::string_view digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), length);
  if (problem != std::errc() || end != digits.end() || length < 0 || length > 128)
    return wrong("the prefix length must be a number from 0 to 128");
  if (masked(*address, length) != *address) return wrong("host bits are set");
  return Cidr6{*address, length};
}

std::string to_text(const Ipv6& address) {
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, address.bytes.data(), text, sizeof(text));
  return text;
}

std::string to_text(const Cidr6& cidr) {
  return fmt::format("{}/{}", to_text(cidr.address), cidr.length);
}

}  // namespace mainstay::lab
