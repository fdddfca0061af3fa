// The daemon's loop as the HTTP client wants to see it.
#pragma once

#include "adapters/http/event_loop.h"
#include "adapters/linux/loop.h"

namespace mainstay::apps {

class AwsLoop final : public EventLoop {
 public:
  explicit AwsLoop(adapters::Loop& loop) : loop_(loop) {}

  void watch(int descriptor, Readiness interest, std::function<void(Readiness)> on_ready) override {
    loop_.watch(descriptor, {interest.readable, interest.writable},
                [on_ready = std::move(on_ready)](adapters::Loop::Ready ready) {
                  on_ready({ready.readable, ready.writable});
                });
  }
  void forget(int descriptor) override { loop_.unwatch(descriptor); }

 private:
  adapters::Loop& loop_;
};

}  // namespace mainstay::apps
