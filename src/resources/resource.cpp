#include "resources/resource.h"

#include <fmt/format.h>

namespace mainstay {

Task<void> pause_until(Context& context, Instant until) {
  Completion<bool> over;
  const TimerId timer = context.clock.call_at(until, [over] { over.set(true); });
  const Cancellation& cancellation = context.call.cancellation;
  const std::uint64_t id = cancellation.on_request([over] { over.set(true); });
  co_await over;
  context.clock.cancel(timer);
  cancellation.forget(id);
}

Task<void> wait_for_cancellation(const Cancellation& cancellation) {
  Completion<bool> requested;
  const std::uint64_t id = cancellation.on_request([requested] { requested.set(true); });
  co_await requested;
  cancellation.forget(id);
}

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
