// The demo's second act: PostgreSQL on a mirror disk, whose node dies while a client commits.
#pragma once

#include "base/result.h"

namespace mainstay::bench {

// In a lab of its own, which is gone afterwards. conflict: an acknowledged commit is missing.
Status play_database();

}  // namespace mainstay::bench
