#include "config/ip_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace mainstay {
namespace {

std::optional<unsigned> number(std::string_view text, int base, unsigned max) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<IpNumber> v4(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  IpNumber ip;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string_view part = parts[i];
    // "010" is 8 to some programs and 10 to others.
    if (part.size() > 1 && part.front() == '0') return std::nullopt;
    const auto value = number(part, 10, 255);
    if (!value) return std::nullopt;
    ip.bytes[i] = static_cast<std::uint8_t>(*value);
  }
  return ip;
}

// The 16-bit groups of one side of "::"; an IPv4 address at the very end counts as two.
bool v6_groups(std::string_view text, bool last, std::vector<std::uint8_t>& bytes) {
  if (text.empty()) return true;
  const auto parts = split(text, ':');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (last && i + 1 == parts.size() && parts[i].find('.') != std::string_view::npos) {
      const auto tail = v4(parts[i]);
      if (!tail) return false;
      bytes.insert(bytes.end(), tail->bytes.begin(), tail->bytes.begin() + 4);
      return true;
    }
    if (parts[i].size() > 4) return false;
    const auto value = number(parts[i], 16, 0xffff);
    if (!value) return false;
    bytes.push_back(static_cast<std::uint8_t>(*value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(*value & 0xff));
  }
  return true;
}

std::optional<IpNumber> v6(std::string_view text) {
  const auto gap = text.find("::");
  std::vector<std::uint8_t> head;
  std::vector<std::uint8_t> tail;
  if (gap == std::string_view::npos) {
    if (!v6_groups(text, true, head) || head.size() != 16) return std::nullopt;
  } else {
    if (!v6_groups(text.substr(0, gap), false, head)) return std::nullopt;
    if (!v6_groups(text.substr(gap + 2), true, tail)) return std::nullopt;
    if (head.size() + tail.size() > 14) return std::nullopt;
  }
  IpNumber ip{.v6 = true, .bytes = {}};
  std::ranges::copy(head, ip.bytes.begin());
  std::ranges::copy_backward(tail, ip.bytes.end());
  return ip;
}

unsigned group_of_v6(const IpNumber& ip, std::size_t index) {
  return static_cast<unsigned>(ip.bytes[2 * index] << 8 | ip.bytes[2 * index + 1]);
}

// The first longest run of at least two zero groups: where "::" goes.
std::pair<std::size_t, std::size_t> longest_gap(const IpNumber& ip) {
  std::size_t best = 8;
  std::size_t best_size = 1;
  for (std::size_t start = 0; start < 8; ++start) {
    std::size_t end = start;
    while (end < 8 && group_of_v6(ip, end) == 0) ++end;
    if (end - start > best_size) {
      best = start;
      best_size = end - start;
    }
  }
  return {best, best_size};
}

std::string v6_text(const IpNumber& ip) {
  const auto [gap, gap_size] = longest_gap(ip);
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += fmt::format("{:x}", group_of_v6(ip, i));
  }
  return text;
}

}  // namespace

std::optional<IpNumber> ip_number(std::string_view text) {
  return text.find(':') == std::string_view::npos ? v4(text) : v6(text);
}

std::string to_text(const IpNumber& ip) {
  if (ip.v6) return v6_text(ip);
  return fmt::format("{}.{}.{}.{}", ip.bytes[0], ip.bytes[1], ip.bytes[2], ip.bytes[3]);
}

std::optional<Cidr> cidr_block(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto network = ip_number(text.substr(0, slash));
  if (!network) return std::nullopt;
  const auto prefix = number(text.substr(slash + 1), 10, static_cast<unsigned>(network->bits()));
  if (!prefix) return std::nullopt;
  return Cidr{*network, static_cast<int>(*prefix)};
}

bool contains(const Cidr& block, const IpNumber& ip) {
  if (block.network.v6 != ip.v6) return false;
  for (int bit = 0; bit < block.prefix; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((block.network.bytes[byte] & mask) != (ip.bytes[byte] & mask)) return false;
  }
  return true;
}

IpKind kind_of(const IpNumber& ip) {
  const auto in = [&ip](std::string_view block) { return contains(*cidr_block(block), ip); };
  if (in("0.0.0.0/8") || in("::/128")) return IpKind::unspecified;
  if (in("127.0.0.0/8") || in("::1/128")) return IpKind::loopback;
  if (in("169.254.0.0/16") || in("fe80::/10")) return IpKind::link_local;
  if (in("224.0.0.0/4") || in("ff00::/8")) return IpKind::multicast;
  if (in("255.255.255.255/32")) return IpKind::broadcast;
  return IpKind::unicast;
}

bool same_ip(std::string_view a, std::string_view b) {
  const auto left = ip_number(a);
  return left ? left == ip_number(b) : a == b;
}

bool same_cidr(std::string_view a, std::string_view b) {
  const auto left = cidr_block(a);
  const auto right = cidr_block(b);
  if (!left || !right) return a == b;
  return left->prefix == right->prefix && contains(*left, right->network);
}

}  // namespace mainstay
