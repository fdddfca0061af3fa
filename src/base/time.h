// The two kinds of time: instants of a node's own monotonic clock, which decide, and wall-clock
// time, which is shown.
//
// An Instant counts nanoseconds of a clock that runs on while a machine is suspended
// (CLOCK_BOOTTIME). Instants of two machines, or of two boots, mean nothing to each other and are
// never compared.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mainstay {

using namespace std::chrono_literals;

using Duration = std::chrono::nanoseconds;

struct MonotonicClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClock, Duration>;
  static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;

// Later than everything: "no deadline".
inline constexpr Instant never = Instant::max();

// Shown to people, written to records; never used to decide.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

// "1.5 s", "250 ms", "3 min": for sentences.
std::string to_text(Duration duration);
// "2026-11-23T06:15:01.250Z".
std::string to_text(WallTime time);

}  // namespace mainstay
