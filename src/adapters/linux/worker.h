// One thread beside the loop for the few calls that can only be made by blocking.
//
// Jobs run in the order they were submitted, one at a time. What a job gives is handed to `then` on
// the loop's thread. The thread is started by the first job.
#pragma once

#include <functional>
#include <memory>

#include "adapters/linux/loop.h"

namespace mainstay::adapters {

// Jobs that wait in one worker; one more is refused.
inline constexpr std::size_t worker_jobs_max = 1024;

class Worker {
 public:
  // What the destructor does with the jobs that are left: waits for them (a save must reach the
  // disk), or leaves the running one to itself (a name server that does not answer).
  enum class AtEnd { finish, abandon };

  Worker(Loop& loop, AtEnd at_end);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False: worker_jobs_max are waiting, and neither of the two will run. `then` is only ever
  // touched on the loop's thread, or dropped with the loop.
  template <class T>
  [[nodiscard]] bool submit(std::move_only_function<T()> job,
                            std::move_only_function<void(T)> then) {
    return submit_pair([job = std::move(job), then = std::move(then)]() mutable {
      return std::move_only_function<void()>(
          [then = std::move(then), value = job()]() mutable { then(std::move(value)); });
    });
  }

 private:
  using Job = std::move_only_function<std::move_only_function<void()>()>;
  struct State;

  bool submit_pair(Job job);

  std::shared_ptr<State> state_;
  AtEnd at_end_;
};

}  // namespace mainstay::adapters
