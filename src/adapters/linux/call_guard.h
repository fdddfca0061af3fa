// The deadline and the cancellation of one pending call, armed for as long as the guard lives.
#pragma once

#include <functional>
#include <string>

#include "adapters/linux/loop.h"
#include "base/result.h"
#include "ports/call.h"

namespace mainstay::adapters {

class CallGuard {
 public:
  // `give_up` is called at most once: with `late` at the deadline, or with `cancelled`. It is safe
  // for it to end the guard.
  CallGuard(Loop& loop, const Call& call, Error late, std::function<void(Error)> give_up)
      : loop_(loop), cancellation_(call.cancellation) {
    if (call.deadline != never) {
      timer_ = loop.call_at(call.deadline, [give_up, late] { give_up(late); });
    }
    registration_ =
        cancellation_.on_request([give_up] { give_up({Code::cancelled, "it was called off"}); });
  }
  ~CallGuard() {
    loop_.cancel(timer_);
    cancellation_.forget(registration_);
  }
  CallGuard(const CallGuard&) = delete;
  CallGuard& operator=(const CallGuard&) = delete;

 private:
  Loop& loop_;
  Cancellation cancellation_;
  TimerId timer_ = 0;
  std::uint64_t registration_ = 0;
};

}  // namespace mainstay::adapters
