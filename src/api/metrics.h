// The status as Prometheus reads it.
#pragma once

#include <string>

#include "api/control.h"

namespace mainstay::api {

std::string metrics_text(const StatusReport& report);

}  // namespace mainstay::api
