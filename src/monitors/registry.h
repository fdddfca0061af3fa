// All monitor types of this release.
#pragma once

#include <string_view>
#include <vector>

#include "monitors/monitor.h"

namespace mainstay {

const std::vector<MonitorType>& monitor_types();
// nullptr if there is none of that name. The monitors of resources (awsvipw) are no types of their
// own: see find_checked_type.
const MonitorType* find_monitor_type(std::string_view type);
std::vector<TypeSchema> monitor_schemas();

}  // namespace mainstay
