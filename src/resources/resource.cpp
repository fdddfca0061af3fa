#include "resources/resource.h"

#include <fmt/format.h>

namespace mainstay {

std::string start_failure_text(const ResourceName& resource, const Error& error) {
  return fmt::format("Failed to start the resource {}. ({} : {})", resource, error.number,
                     error.message);
}

std::string stop_failure_text(const ResourceName& resource, const Error& error) {
  return fmt::format("Failed to stop the resource {}. ({} : {})", resource, error.number,
                     error.message);
}

std::string monitor_error_text(const MonitorName& monitor, const Health& health) {
  return fmt::format("Monitor {} detected an error. ({} : {})", monitor, health.number,
                     health.message);
}

std::string monitor_warning_text(const MonitorName& monitor, const Health& health) {
  return fmt::format("Monitor {} is in the warning status. ({} : {})", monitor,
                     warning_number_offset + health.number, health.message);
}

}  // namespace mainstay
