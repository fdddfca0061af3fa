// The world's own time, and how each machine's clock runs against it.
#pragma once

#include "base/time.h"

namespace mainstay::sim {

struct WorldClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<WorldClock, Duration>;
  static constexpr bool is_steady = true;
};
// What an outside observer's perfect clock shows; begins at zero. No node ever sees it.
using WorldTime = WorldClock::time_point;

inline constexpr WorldTime world_never = WorldTime::max();

// A machine's clock: it started somewhere and runs a little fast or slow, for ever.
struct ClockRate {
  Duration offset{};
  std::int64_t drift_ppm = 0;

  Instant local(WorldTime time) const;
  // The first moment at which the clock shows `instant` or more.
  WorldTime world(Instant instant) const;
  // How long the clock takes, in world time, to advance by `span`.
  Duration world_span(Duration span) const;
};

// "00:12.345": for transcripts.
std::string to_text(WorldTime time);

}  // namespace mainstay::sim
