// What happened, told by several witnesses (the lab, the nodes, the client) on the one clock that
// all of them share, as one story.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mainstay::bench {

struct Moment {
  std::int64_t monotonic_ns = 0;
  std::string witness;  // "lab", "server2", "client"
  std::string text;
  friend bool operator==(const Moment&, const Moment&) = default;
};

// In the order of time; what two witnesses say of the same instant stays in the given order.
std::vector<Moment> in_order(std::vector<Moment> moments);
// Those from `from` on, at most until `until`.
std::vector<Moment> between(const std::vector<Moment>& moments, std::int64_t from,
                            std::int64_t until);
// One line each: seconds since `zero`, witness, text; long texts are continued below themselves.
std::string to_text(const std::vector<Moment>& moments, std::int64_t zero);

}  // namespace mainstay::bench
