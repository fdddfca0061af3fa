// What AWS answers when it does not do what was asked, and what that means for us.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mainstay::aws {

struct Fault {
  int status = 0;       // HTTP
  std::string code;     // AWS's word, e.g. "InvalidRouteTableID.NotFound"; "" if there was none
  std::string message;  // AWS's sentence
  friend bool operator==(const Fault&, const Fault&) = default;
};

enum class FaultKind {
  final,      // asking again gives the same answer
  throttled,  // nothing happened; ask again after a pause
  transient,  // AWS itself is in trouble, and a change may have happened; ask again
  clock,      // our signature's time is wrong, or may be
  expired,    // the credentials are no longer valid; newer ones may be
};

FaultKind kind_of(const Fault& fault);

// For faults that are final. A transient one is unavailable, whether or not it was a change.
Code code_of(const Fault& fault);

// AWS's sentence without its encoded blob; for a refusal, with the missing permission and the
// resource named. `action` is like "ec2:ReplaceRoute", `subject` like "route table rtb-1".
std::string sentence_of(const Fault& fault, std::string_view action, std::string_view subject);

}  // namespace mainstay::aws
