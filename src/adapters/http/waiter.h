// A completion whose waiting task may be dropped: what comes after that is lost, not delivered to a
// frame that no longer exists.
#pragma once

#include <memory>

#include "base/task.h"

namespace mainstay {

template <class T>
class Waiter {
 public:
  // True if somebody was there to take it. Only the first value counts.
  bool set(T value) const { return !*dropped_ && done_.set(std::move(value)); }

  // For the waiting side: a local of the coroutine, which must outlive its co_await.
  class Presence {
   public:
    explicit Presence(const Waiter& waiter) : dropped_(waiter.dropped_) {}
    ~Presence() { *dropped_ = true; }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

   private:
    std::shared_ptr<bool> dropped_;
  };
  const Completion<T>& completion() const { return done_; }

 private:
  Completion<T> done_;
  std::shared_ptr<bool> dropped_ = std::make_shared<bool>(false);
};

}  // namespace mainstay
