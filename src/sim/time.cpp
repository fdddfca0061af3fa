#include "sim/time.h"

#include <fmt/format.h>

namespace mainstay::sim {
namespace {

constexpr std::int64_t million = 1'000'000;

}  // namespace

Instant ClockRate::local(WorldTime time) const {
  const std::int64_t elapsed = time.time_since_epoch().count();
  const std::int64_t gained =
      (elapsed / million) * drift_ppm + (elapsed % million) * drift_ppm / million;
  return Instant(offset + Duration(elapsed + gained));
}

Duration ClockRate::world_span(Duration span) const {
  const std::int64_t rate = million + drift_ppm;
  const std::int64_t count = span.count();
  return Duration((count / rate) * million + (count % rate) * million / rate);
}

WorldTime ClockRate::world(Instant instant) const {
  if (instant == never) return world_never;
  WorldTime time(world_span(instant.time_since_epoch() - offset));
  while (time > WorldTime{} && local(time - Duration(1)) >= instant) time -= Duration(1);
  while (local(time) < instant) time += Duration(1);
  return time;
}

std::string to_text(WorldTime time) {
  const auto total = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  const auto minutes = total / 1min;
  const auto rest = (total - minutes * 1min).count();
  return fmt::format("{:02}:{:02}.{:03}", minutes, rest / 1000, rest % 1000);
}

}  // namespace mainstay::sim
