#include "api/thread_pool.h"

#include <utility>

#include "base/check.h"

namespace mainstay::api {

void ThreadPool::add(std::function<void()> job) {
  std::unique_lock lock(mutex_);
  MAINSTAY_CHECK(!finished_);
  room_there_.wait(lock, [this] { return jobs_.size() < limits_.waiting; });
  place(std::move(job));
}

bool ThreadPool::try_add(std::function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (finished_ || jobs_.size() >= limits_.waiting) return false;
  place(std::move(job));
  return true;
}

// With the mutex held.
void ThreadPool::place(std::function<void()> job) {
  jobs_.push_back(std::move(job));
  if (jobs_.size() > idle_ && threads_.size() < limits_.threads) {
    threads_.emplace_back([this] { work(); });
  }
  work_there_.notify_one();
}

void ThreadPool::finish() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  work_there_.notify_all();
  threads_.clear();  // joins
}

std::size_t ThreadPool::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_there_.wait(lock, [this] { return finished_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty()) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    room_there_.notify_one();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace mainstay::api
