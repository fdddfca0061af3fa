#include "monitors/registry.h"

#include <algorithm>

namespace mainstay {

#define MONITOR(name) MonitorType name##_monitor();
#include "monitors/registry.def"
#undef MONITOR

const std::vector<MonitorType>& monitor_types() {
#define MONITOR(name) name##_monitor(),
  static const std::vector<MonitorType> types = {
#include "monitors/registry.def"
  };
#undef MONITOR
  return types;
}

const MonitorType* find_monitor_type(std::string_view type) {
  const auto found = std::ranges::find_if(
      monitor_types(), [type](const MonitorType& each) { return each.schema.type == type; });
  return found == monitor_types().end() ? nullptr : &*found;
}

std::vector<TypeSchema> monitor_schemas() {
  std::vector<TypeSchema> schemas;
  for (const MonitorType& type : monitor_types()) schemas.push_back(type.schema);
  return schemas;
}

}  // namespace mainstay
