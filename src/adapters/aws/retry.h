// How often, and after which pause, a question to AWS is asked again.
#pragma once

#include "base/random.h"
#include "base/time.h"
#include "ports/call.h"

namespace mainstay::aws {

struct RetryPolicy {
  int attempts_max = 3;
  // An attempt gets its share of the time that is left, but no less than this: a server that is
  // merely slow would otherwise be given up three times.
  Duration attempt_floor = 1500ms;
  Duration pause_base = 100ms;  // doubled by each attempt
  Duration throttled_pause_base = 500ms;
  Duration pause_max = 20s;
};

// The deadline of the attempt with this number (from 0).
Instant attempt_deadline(const RetryPolicy& policy, int attempt, Instant now, Instant deadline);

// Full jitter: anything between nothing and the exponential pause, so that many who were refused at
// the same moment do not come back at the same moment.
Duration pause_before_retry(const RetryPolicy& policy, int attempt, bool throttled, Random& random);

}  // namespace mainstay::aws
