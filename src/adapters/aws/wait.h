// Pauses that end when they are called off.
#pragma once

#include "base/task.h"
#include "ports/call.h"
#include "ports/clock.h"

namespace mainstay::aws {

// True: `done` was set to true before `when` came and before the call was called off. It is set
// from the driver's own queue.
inline Task<bool> wait_for(Clock& clock, Completion<bool> done, Instant when,
                           Cancellation cancellation) {
  struct Ends {
    Clock& clock;
    Cancellation cancellation;
    TimerId timer;
    std::uint64_t action;
    ~Ends() {
      clock.cancel(timer);
      cancellation.forget(action);
    }
  };
  const auto end = [done] { done.set(false); };
  // Who cancels is not yet ready to see the recipe run on: it goes through the queue.
  const auto end_soon = [&clock, end] { clock.call_at(clock.now(), end); };
  const Ends ends{clock, cancellation, clock.call_at(when, end), cancellation.on_request(end_soon)};
  co_return co_await done;
}

// False: it was called off.
inline Task<bool> pause_until(Clock& clock, Instant when, Cancellation cancellation) {
  co_await wait_for(clock, Completion<bool>(), when, cancellation);
  co_return !cancellation.requested();
}

}  // namespace mainstay::aws
