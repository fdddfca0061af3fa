// Why a given node cannot be running a given group: the words of the safety model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/name.h"
#include "base/time.h"
#include "cluster/message.h"

namespace mainstay {

enum class Evidence : std::uint8_t {
  reported,  // it said so itself, and promised
  fenced,    // its forced stop was confirmed
  lease,     // its session at the arbiter was revoked after it had stood still for the lease time
  minority,  // we are the majority, and it had to stop itself before now
  presumed,  // it is silent, and we are not the ones cut off. Weak: both sides can believe this.
  operator_said,  // a person said so. Weak, recorded with the person.
};

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

}  // namespace mainstay
