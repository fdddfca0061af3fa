// Cuts in the network, as people name them, and the pairs of ports they mean. Pure.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "lab/model.h"

namespace mainstay::lab {

enum class Direction { both, out, in };  // seen from the first place named

// Between `from` and `to`. A place is the name of an instance or of a zone; `to` may also be "aws"
// (the endpoints), "internet" (what lies behind the internet gateway) or empty: everything else.
struct Cut {
  std::string from;
  std::string to = {};
  Direction direction = Direction::both;
  friend bool operator==(const Cut&, const Cut&) = default;
};

inline constexpr std::size_t cuts_max = 256;

// Packets that enter the router from one instance (or the gateway) and leave towards another are
// dropped.
struct PortPair {
  std::string from;  // an instance's name, or "internet"
  std::string to;
  friend auto operator<=>(const PortPair&, const PortPair&) = default;
};

struct CutPlan {
  std::vector<PortPair> pairs;        // sorted, no duplicates
  std::vector<std::string> to_aws;    // instances whose packets to the endpoints are dropped
  std::vector<std::string> from_aws;  // instances that get no packets from the endpoints
  friend bool operator==(const CutPlan&, const CutPlan&) = default;
};

Status check_cut(const Model& model, const Cut& cut);
CutPlan plan_cuts(const Model& model, const std::vector<Cut>& cuts);

}  // namespace mainstay::lab
