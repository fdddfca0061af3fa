// A queue by time of arrival: each entry waits for the one before it.
#include "lab/later.h"

#include <algorithm>

#include "lab/files.h"

namespace mainstay::lab {

Later::Later() : thread_([this] { run(); }) {}

Later::~Later() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Later::after(Duration delay, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (ending_ || waiting_.size() >= later_max) return false;
  std::int64_t due_ns = monotonic_ns() + delay.count();
  if (!waiting_.empty()) due_ns = std::max(due_ns, waiting_.back().due_ns);
  waiting_.push_back({due_ns, std::move(work)});
  changed_.notify_all();
  return true;
}

void Later::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    const std::int64_t left = waiting_.front().due_ns - monotonic_ns();
    if (left > 0) {
      changed_.wait_for(lock, std::chrono::nanoseconds(left), [this] { return ending_; });
      continue;
    }
    const auto work = std::move(waiting_.front().work);
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace mainstay::lab
