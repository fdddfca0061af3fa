// Runs recipes: coroutines over ports, each under a deadline, each answered exactly once.
//
// Operations on one thing (a resource, a monitor) never overlap: a new one waits until the one
// before, cancelled or not, has really ended. An operation that has not ended a little after its
// deadline is answered as outcome_unknown and keeps its place until it ends, so that even a recipe
// that hangs cannot run twice at once.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "ports/call.h"
#include "ports/clock.h"

namespace mainstay {

class Executor {
 public:
  using Work = std::function<Task<void>(Call)>;

  explicit Executor(Clock& clock);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  struct Operation {
    std::uint64_t ticket = 0;
    std::string thing;  // operations with the same one run one after the other
    Instant deadline;
    // Makes the coroutine; called when it is its turn. What it captures lives as long as the
    // operation.
    Work work;
    // Called if `work` has not ended `overtime` after the deadline (or never had its turn). After
    // that the answer of `work` itself must not be used: `work` reports through settle().
    std::function<void(Error)> on_overdue;
  };
  static constexpr Duration overtime = 2s;

  void run(Operation operation);
  // The operation's calls are cancelled; it is no longer answered.
  void cancel(std::uint64_t ticket);
  // True, once, if the operation with this ticket still owes an answer.
  bool settle(std::uint64_t ticket);
  // Destroys the frames of what has ended. Never to be called from inside an operation.
  void reap();

 private:
  struct Running;

  void begin_next(const std::string& thing);
  void overdue(std::uint64_t ticket);

  Clock& clock_;
  // By thing: the first runs, the others wait.
  std::map<std::string, std::deque<std::unique_ptr<Running>>> queues_;
  std::vector<std::unique_ptr<Running>> ended_;
};

}  // namespace mainstay
