// Names of things: strings that cannot be mistaken for one another.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace mainstay {

// The first eight bytes of a text, the first one highest, as if zeros followed it. A std::string
// has room for 15 characters wherever it keeps them, so eight can always be read.
inline std::uint64_t head_of(const std::string& text) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word = 0;
  std::memcpy(&word, text.data(), sizeof word);
  word = __builtin_bswap64(word);
  const std::size_t size = text.size();
  return size >= 8 ? word : size == 0 ? 0 : word >> (8 * (8 - size)) << (8 * (8 - size));
}

// The order of std::string. Names are the keys of most maps, they are short, and half of what the
// simulator did was to call a library's function to compare them.
inline std::strong_ordering order_of(const std::string& left, const std::string& right) {
  const auto heads = head_of(left) <=> head_of(right);
  if (heads != 0) return heads;
  if (left.size() <= 8 && right.size() <= 8) return left.size() <=> right.size();
  return left <=> right;
}

template <class Tag>
struct Name {
  std::string value;

  Name() = default;
  explicit Name(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  friend std::strong_ordering operator<=>(const Name& left, const Name& right) {
    return order_of(left.value, right.value);
  }
  friend bool operator==(const Name& left, const Name& right) {
    return left.value.size() == right.value.size() && order_of(left.value, right.value) == 0;
  }
};

using NodeName = Name<struct NodeTag>;
using GroupName = Name<struct GroupTag>;
using ResourceName = Name<struct ResourceTag>;  // unique in the cluster, as in the guide
using MonitorName = Name<struct MonitorTag>;    // unique in the cluster, resources included
using PathName = Name<struct PathTag>;

}  // namespace mainstay

template <class Tag>
struct fmt::formatter<mainstay::Name<Tag>> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const mainstay::Name<Tag>& name, Context& context) const {
    return fmt::formatter<std::string_view>::format(name.value, context);
  }
};
