// Why a given node cannot be running a given group: the words of the safety model.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/name.h"
#include "base/time.h"
#include "cluster/message.h"

namespace mainstay {

constexpr bool strong(Evidence evidence) {
  return evidence != Evidence::presumed && evidence != Evidence::operator_said;
}

struct Clearance {
  NodeName node;
  Evidence evidence = Evidence::reported;
  std::string why;  // a sentence for people
  friend bool operator==(const Clearance&, const Clearance&) = default;
};

// The record of an activation: kept in the event history, shown by `mainstay why`.
struct Activation {
  GroupName group;
  Term term = 0;
  NodeName node;
  std::vector<Clearance> clearances;  // one for every other node
  std::string reason;
  friend bool operator==(const Activation&, const Activation&) = default;
};

std::string_view to_text(Evidence evidence);
// The weakest evidence that an activation rests on; nothing if there was nobody to clear.
inline std::optional<Evidence> weakest(const std::vector<Clearance>& clearances) {
  std::optional<Evidence> found;
  for (const auto& each : clearances) {
    if (!found || (strong(*found) && !strong(each.evidence))) found = each.evidence;
  }
  return found;
}

}  // namespace mainstay
