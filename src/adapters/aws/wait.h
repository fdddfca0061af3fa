// Pauses that end when they are called off.
#pragma once

#include "base/task.h"
#include "ports/call.h"
#include "ports/clock.h"

namespace mainstay::aws {

// Waits until `completion` is set, `when` has come, or the cancellation is requested; the last two
// set it to false. The completion is set from the driver's own queue.
inline Task<bool> wait_for(Clock& clock, Completion<bool> completion, Instant when,
                           Cancellation cancellation) {
  struct Ends {
    Clock& clock;
    Cancellation cancellation;
    TimerId timer;
    std::uint64_t action = 0;
    std::shared_ptr<bool> gone = std::make_shared<bool>(false);
    ~Ends() {
      *gone = true;
      clock.cancel(timer);
      cancellation.forget(action);
    }
  } ends{clock, cancellation, clock.call_at(when, [completion] { completion.set(false); })};
  ends.action = cancellation.on_request([&clock, completion, gone = ends.gone] {
    clock.call_at(clock.now(), [completion, gone] {
      if (!*gone) completion.set(false);
    });
  });
  co_return co_await completion;
}

// False: it was called off.
inline Task<bool> pause_until(Clock& clock, Instant when, Cancellation cancellation) {
  co_await wait_for(clock, Completion<bool>(), when, cancellation);
  co_return !cancellation.requested();
}

}  // namespace mainstay::aws
