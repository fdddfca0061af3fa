// Parsing and printing of addresses.
#include "lab/ipv4.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace mainstay::lab {
namespace {

std::uint32_t mask_of(int length) { return length == 0 ? 0U : ~std::uint32_t{0} << (32 - length); }

}  // namespace

bool Cidr::contains(Ipv4 other) const { return (other.value & mask_of(length)) == address.value; }

bool Cidr::contains(const Cidr& other) const {
  return other.length >= length && contains(other.address);
}

Result<Ipv4> parse_ipv4(std::string_view text) {
  in_addr parsed{};
  if (text.size() > 15 || inet_pton(AF_INET, std::string(text).c_str(), &parsed) != 1) {
    return failure(Code::invalid, fmt::format("'{}' is not an IPv4 address", text));
  }
  return Ipv4{ntohl(parsed.s_addr)};
}

Result<Cidr> parse_cidr(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return failure(Code::invalid, fmt::format("'{}' is not a CIDR block: {}", text, why));
  };
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return wrong("the prefix length is missing");
  const auto address = parse_ipv4(text.substr(0, slash));
  if (!address) return wrong(address.error().message);
  const std::string_view digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), length);
  if (problem != std::errc() || end != digits.end() || length < 0 || length > 32) {
    return wrong("the prefix length must be a number from 0 to 32");
  }
  if ((address->value & ~mask_of(length)) != 0) return wrong("host bits are set");
  return Cidr{*address, length};
}

std::string to_text(Ipv4 address) {
  return fmt::format("{}.{}.{}.{}", address.value >> 24, (address.value >> 16) & 255U,
                     (address.value >> 8) & 255U, address.value & 255U);
}

std::string to_text(const Cidr& cidr) {
  return fmt::format("{}/{}", to_text(cidr.address), cidr.length);
}

}  // namespace mainstay::lab
