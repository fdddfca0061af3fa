// A few threads for requests that may wait: started one by one when there is work and none is free,
// then kept.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mainstay::api {

class ThreadPool {
 public:
  struct Limits {
    std::size_t threads;
    std::size_t waiting;
  };
  explicit ThreadPool(Limits limits) : limits_(limits) {}
  ~ThreadPool() { finish(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Waits for room. Not after finish().
  void add(std::function<void()> job);
  // False, and the job is dropped: there is no room.
  bool try_add(std::function<void()> job);
  // Does what is waiting, then ends the threads.
  void finish();
  std::size_t threads() const;

 private:
  void place(std::function<void()> job);
  void work();

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable work_there_;
  std::condition_variable room_there_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::jthread> threads_;
  std::size_t idle_ = 0;
  bool finished_ = false;
};

}  // namespace mainstay::api
