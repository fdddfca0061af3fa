// The Clock port on the event loop: CLOCK_BOOTTIME decides, the wall clock is shown.
#pragma once

#include "adapters/linux/loop.h"
#include "ports/clock.h"

namespace mainstay::adapters {

class LinuxClock : public Clock {
 public:
  explicit LinuxClock(Loop& loop) : loop_(loop) {}

  Instant now() const override { return loop_.now(); }
  WallTime wall() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
  }
  TimerId call_at(Instant when, std::function<void()> action) override {
    return loop_.call_at(when, std::move(action));
  }
  void cancel(TimerId timer) override { loop_.cancel(timer); }

 private:
  Loop& loop_;
};

}  // namespace mainstay::adapters
