#include "sim/aws_call.h"

#include <fmt/format.h>

namespace mainstay::sim {

Fate draw_fate(Machine& machine) {
  const AwsConditions& rates = machine.world().conditions().aws;
  Random& random = machine.random();
  if (rates.outage || machine.conditions().aws_cut) return Fate::lost_before;
  if (random.chance(rates.lose_request)) return Fate::lost_before;
  if (random.chance(rates.throttled)) return Fate::throttled;
  if (random.chance(rates.denied)) return Fate::denied;
  if (random.chance(rates.unavailable)) return Fate::unavailable;
  if (random.chance(rates.lose_reply)) return Fate::lost_after;
  return Fate::answered;
}

Error refusal(Fate fate, std::string_view action) {
  switch (fate) {
    case Fate::throttled:
      return {Code::throttled, "Request limit exceeded."};
    case Fate::denied:
      return {Code::denied,
              fmt::format("You are not authorized to perform this operation: {}", action)};
    default:
      return {Code::unavailable, "The service is unavailable. Please try again shortly."};
  }
}

}  // namespace mainstay::sim
