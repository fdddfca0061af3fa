#include "adapters/aws/retry.h"

#include <algorithm>

#include "base/check.h"

namespace mainstay::aws {

Instant attempt_deadline(const RetryPolicy& policy, int attempt, Instant now, Instant deadline) {
  MAINSTAY_CHECK(attempt < policy.attempts_max);
  if (deadline == never) deadline = now + 60s;  // Every wait has an end.
  const Duration share = (deadline - now) / (policy.attempts_max - attempt);
  return std::min(deadline, now + std::max(share, policy.attempt_floor));
}

Duration pause_before_retry(const RetryPolicy& policy, int attempt, bool throttled,
                            Random& random) {
  Duration pause = throttled ? policy.throttled_pause_base : policy.pause_base;
  for (int i = 0; i < attempt && pause < policy.pause_max; ++i) pause *= 2;
  return random.between(Duration::zero(), std::min(pause, policy.pause_max));
}

}  // namespace mainstay::aws
