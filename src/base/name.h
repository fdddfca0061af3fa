// Names of things: strings that cannot be mistaken for one another.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace mainstay {

template <class Tag>
struct Name {
  std::string value;

  Name() = default;
  explicit Name(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  friend auto operator<=>(const Name&, const Name&) = default;
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
