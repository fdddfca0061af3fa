// Whether a daemon grows: failovers, moves and restarts without a pause, for a long time, while
// what one node's daemon holds is written down.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "harness/programs.h"

namespace mainstay::bench {

// Prints a row at the start and every minute, and fails if the daemon holds more at the end than
// once it had warmed up, by more than GrowthLimits.
Status measure_growth(const Programs& programs, const std::string& folder, Duration length);

}  // namespace mainstay::bench
