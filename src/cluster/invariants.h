// The laws of the decision core, in words and in code. Checked after every step, in production too:
// a node that breaks one is worth less than a node that is gone.
#pragma once

#include "cluster/node.h"

namespace mainstay {

// 1. What runs here runs by permission: past its hard end, everything is being stopped and has been
// killed.
// 2. Nothing runs that was not claimed: a starting or running group's term is the one of our own
// durable promise.
// 3. A group that is stopped has no active resource.
// 4. A resource is active only if what it depends on is.
// 5. Every activation in these actions carries a clearance for every node of the policy but us.
// 6. Promises only grow, and none is spoken that is not at least as old as what is stored.
void check_invariants(const State& state, const Actions& actions, Instant now);

}  // namespace mainstay
