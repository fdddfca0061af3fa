// Keeping what this process knows to itself.
#pragma once

#include "base/result.h"

namespace mainstay::adapters {

// No core dump is written of this process, and no other user's debugger may look into it: it holds
// credentials and the cluster's key. What it starts is not affected.
Status keep_secrets();

}  // namespace mainstay::adapters
