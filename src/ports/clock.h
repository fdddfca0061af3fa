// The node's own clock and its timers.
#pragma once

#include <cstdint>
#include <functional>

#include "base/task.h"
#include "base/time.h"

namespace mainstay {

using TimerId = std::uint64_t;

class Clock {
 public:
  virtual ~Clock() = default;

  // Never goes backwards; runs on while the machine is suspended.
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
  // Runs the action once, from the driver's own queue, no earlier than `when`.
  virtual TimerId call_at(Instant when, std::function<void()> action) = 0;
  // After this the action does not run. Unknown or past timers are ignored.
  virtual void cancel(TimerId timer) = 0;
};

// Waits without holding anything: for the pauses between a recipe's tries.
inline Task<void> sleep_until(Clock& clock, Instant when) {
  Completion<bool> woken;
  const TimerId timer = clock.call_at(when, [woken] { woken.set(true); });
  struct Disarm {
    Clock& clock;
    TimerId timer;
    ~Disarm() { clock.cancel(timer); }
  } disarm{clock, timer};
  co_await woken;
}

}  // namespace mainstay
