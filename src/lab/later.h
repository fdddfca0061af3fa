// Work that is done a little later, in the order in which it falls due, by one thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/time.h"

namespace mainstay::lab {

inline constexpr std::size_t later_max = 1'000;

class Later {
 public:
  Later();
  ~Later();  // What is not due yet is not done any more.

  // Not before what was given earlier; false if there is too much waiting.
  bool after(Duration delay, std::function<void()> work);

 private:
  void run();
  struct Entry {
    std::int64_t due_ns;
    std::function<void()> work;
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace mainstay::lab
