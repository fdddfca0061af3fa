// Matching rules with calls.
#include "lab/api_faults.h"

#include <fmt/format.h>

#include "lab/query.h"

namespace mainstay::lab {
namespace {

void apply(const ApiFault& fault, ApiDecision& decision) {
  switch (fault.kind) {
    case ApiFaultKind::latency:
      decision.delay_ms += fault.amount_ms;
      break;
    case ApiFaultKind::stale:
      decision.stale_ms = std::max(decision.stale_ms, fault.amount_ms);
      break;
    case ApiFaultKind::throttle:
      decision.error = AwsError{503, "RequestLimitExceeded", "Request limit exceeded."};
      break;
    case ApiFaultKind::error:
      decision.error =
          AwsError{fault.status, fault.code, "An error that the lab was told to make."};
      break;
    case ApiFaultKind::lost_reply:
      decision.hang_up_after = true;
      break;
    case ApiFaultKind::outage:
      decision.silence = true;
      break;
    case ApiFaultKind::clock_skew:
      break;
  }
}

// A pattern without a service means the action of any.
bool concerns(const ApiFault& fault, std::string_view action) {
  return wildcard_match(fault.action, action) ||
         wildcard_match(fault.action, action.substr(action.find(':') + 1));
}

}  // namespace

std::string_view to_text(ApiFaultKind kind) {
  switch (kind) {
    case ApiFaultKind::latency:
      return "latency";
    case ApiFaultKind::throttle:
      return "throttle";
    case ApiFaultKind::error:
      return "error";
    case ApiFaultKind::lost_reply:
      return "lost-reply";
    case ApiFaultKind::outage:
      return "outage";
    case ApiFaultKind::stale:
      return "stale";
    case ApiFaultKind::clock_skew:
      return "clock-skew";
  }
  return "unknown";
}

ApiDecision decide(std::vector<ApiFault>& faults, const std::string& action,
                   const std::string& instance, Random& random) {
  ApiDecision decision;
  for (ApiFault& fault : faults) {
    if (!concerns(fault, action)) continue;
    if (!fault.instance.empty() && fault.instance != instance) continue;
    if (fault.count == 0 || !random.chance(fault.rate)) continue;
    if (fault.count > 0) --fault.count;
    apply(fault, decision);
  }
  std::erase_if(faults, [](const ApiFault& fault) { return fault.count == 0; });
  return decision;
}

std::int64_t clock_skew_ms(const std::vector<ApiFault>& faults) {
  std::int64_t skew = 0;
  for (const ApiFault& fault : faults) {
    if (fault.kind == ApiFaultKind::clock_skew) skew += fault.amount_ms;
  }
  return skew;
}

}  // namespace mainstay::lab
