// The event loop: one thread on which everything of the daemon runs, and the only place where it
// waits.
//
// Everything but post() and Mailbox::post() is called on the loop's own thread. Nothing that runs
// on it may block; what can block (fsync, name resolution, netlink) goes to a Worker (worker.h).
//
// It is epoll with a timerfd, not a library: our instants are those of CLOCK_BOOTTIME, which runs
// on while the machine is suspended, and a timer must be due by that clock too; the loops at hand
// only know CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "adapters/http/event_loop.h"
#include "base/time.h"
#include "ports/clock.h"

namespace mainstay::adapters {

// Actions that wait to be run; more means that somebody posts without end.
inline constexpr std::size_t posts_max = 1'000'000;

// What other threads post to. It may outlive the loop: then what is posted is dropped.
class Mailbox {
 public:
  virtual ~Mailbox() = default;
  virtual void post(std::move_only_function<void()> action) = 0;
};

class Loop : public EventLoop {
 public:
  Loop();
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // CLOCK_BOOTTIME, read anew.
  Instant now() const;

  // Runs the action on the loop's thread, after what is there already. From any thread.
  void post(std::move_only_function<void()> action);
  std::shared_ptr<Mailbox> mailbox() const;

  // As Clock::call_at and Clock::cancel.
  TimerId call_at(Instant when, std::function<void()> action);
  void cancel(TimerId timer);

  // An error or a hang-up of the descriptor shows as both. Inside the callback either may be
  // called, for any descriptor.
  void watch(int descriptor, Readiness interest, std::function<void(Readiness)> on_ready) override;
  void forget(int descriptor) override;

  // Takes this signal from the process's default handling. Before any thread is started.
  void on_signal(int signal, std::function<void()> action);

  // Runs until stop().
  void run();
  void stop();
  // Runs until the condition holds or the deadline is there; true if the condition holds.
  bool run_until(const std::function<bool()>& condition, Instant deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mainstay::adapters
