// A small loop of one thread over poll(2): clock, timers and descriptors, for one-shot commands and
// for tests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "adapters/http/event_loop.h"
#include "ports/clock.h"

namespace mainstay {

class PollLoop final : public Clock, public EventLoop {
 public:
  Instant now() const override;
  WallTime wall() const override;
  TimerId call_at(Instant when, std::function<void()> action) override;
  void cancel(TimerId timer) override;

  void watch(int descriptor, Readiness interest, std::function<void(Readiness)> on_ready) override;
  void forget(int descriptor) override;

  // Runs what is due until `done` says so. What it waits for must have a deadline of its own.
  void run_until(const std::function<bool()>& done);
  // Waits for one round of events, or until `until`.
  void run_once(Instant until);

 private:
  struct Watch {
    std::uint64_t id = 0;
    Readiness interest;
    std::function<void(Readiness)> on_ready;
  };

  void run_due_timers();
  void wait_for_descriptors(Instant until);

  std::uint64_t last_id_ = 0;
  std::map<std::pair<Instant, TimerId>, std::function<void()>> timers_;
  std::map<TimerId, Instant> due_;
  std::map<int, Watch> watches_;
};

}  // namespace mainstay
