// Asks the service manager to start mainstayd.
#pragma once

#include "base/result.h"

namespace mainstay::apps {

// not_found: no service manager runs here; the message says how to start the daemon by hand.
Status start_service();

}  // namespace mainstay::apps
