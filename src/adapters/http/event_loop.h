// What the HTTP client needs of a loop besides the Clock: to be told when a descriptor is ready.
//
// Any loop will do: adapters/linux has the daemon's, poll_loop.h a small one for commands and
// tests.
#pragma once

#include <functional>

namespace mainstay {

struct Readiness {
  bool readable = false;  // Also set on an error or a hang-up: reading then says which.
  bool writable = false;
};

class EventLoop {
 public:
  virtual ~EventLoop() = default;

  // Calls `on_ready` from the driver's own queue for as long as something of `interest` holds
  // (level-triggered). A second call for the same descriptor replaces the first. The descriptor
  // stays the caller's: it is not closed.
  virtual void watch(int descriptor, Readiness interest,
                     std::function<void(Readiness)> on_ready) = 0;
  // After this `on_ready` is not called. Comes before the descriptor is closed. Unknown ones are
  // ignored.
  virtual void forget(int descriptor) = 0;
};

}  // namespace mainstay
