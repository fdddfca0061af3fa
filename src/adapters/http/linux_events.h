// Lets the HTTP client run on the daemon's loop. Whoever includes this links both libraries.
#pragma once

#include "adapters/http/event_loop.h"
#include "adapters/linux/loop.h"

namespace mainstay::adapters {

class LinuxEvents final : public EventLoop {
 public:
  explicit LinuxEvents(Loop& loop) : loop_(loop) {}

  void watch(int descriptor, Readiness interest, std::function<void(Readiness)> on_ready) override {
    loop_.watch(descriptor, {.readable = interest.readable, .writable = interest.writable},
                [on_ready = std::move(on_ready)](Loop::Ready ready) {
                  on_ready({.readable = ready.readable, .writable = ready.writable});
                });
  }
  void forget(int descriptor) override { loop_.unwatch(descriptor); }

 private:
  Loop& loop_;
};

}  // namespace mainstay::adapters
