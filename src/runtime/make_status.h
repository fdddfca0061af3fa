// From the core's state to the status that people see.
#pragma once

#include "cluster/node.h"
#include "runtime/status.h"

namespace mainstay {

ClusterStatus status_of(const State& state, Instant now);

}  // namespace mainstay
