#include "runtime/executor.h"

#include <algorithm>
#include <optional>

namespace mainstay {

struct Executor::Running {
  Operation operation;
  Call call;
  TimerId timer = 0;
  bool answered = false;
  bool begun = false;
  std::optional<Task<void>> task;
};

namespace {

// Tells the executor when the work has ended. A plain function, so that nothing is captured by a
// coroutine lambda.
Task<void> and_then(Task<void> work, std::function<void()> ended) {
  co_await std::move(work);
  ended();
}

}  // namespace

Executor::Executor(Clock& clock) : clock_(clock) {}

Executor::~Executor() {
  for (auto& [thing, queue] : queues_) {
    for (auto& running : queue) clock_.cancel(running->timer);
  }
}

void Executor::run(Operation operation) {
  auto running = std::make_unique<Running>();
  running->call.deadline = operation.deadline;
  const std::uint64_t ticket = operation.ticket;
  running->timer =
      clock_.call_at(operation.deadline + overtime, [this, ticket] { overdue(ticket); });
  const std::string thing = operation.thing;
  running->operation = std::move(operation);
  auto& queue = queues_[thing];
  queue.push_back(std::move(running));
  if (queue.size() == 1) begin_next(thing);
}

void Executor::reap() { ended_.clear(); }

void Executor::begin_next(const std::string& thing) {
  auto queue = queues_.find(thing);
  while (queue != queues_.end() && !queue->second.empty()) {
    Running& first = *queue->second.front();
    if (first.begun) return;
    if (first.call.cancellation.requested()) {  // Called off before its turn.
      clock_.cancel(first.timer);
      ended_.push_back(std::move(queue->second.front()));
      queue->second.pop_front();
      continue;
    }
    first.begun = true;
    first.task.emplace(and_then(first.operation.work(first.call), [this, thing] {
      auto& own = queues_.at(thing);
      clock_.cancel(own.front()->timer);
      ended_.push_back(
          std::move(own.front()));  // Its frame is still on the stack; it is destroyed later.
      own.pop_front();
      begin_next(thing);
    }));
    first.task->start();
    queue = queues_.find(thing);
  }
  if (queue != queues_.end() && queue->second.empty()) queues_.erase(queue);
}

void Executor::cancel(std::uint64_t ticket) {
  for (auto& [thing, queue] : queues_) {
    for (auto& running : queue) {
      if (running->operation.ticket != ticket) continue;
      running->answered = true;
      const Cancellation cancellation =
          running->call.cancellation;  // Cancelling may end the operation.
      cancellation.request();
      return;
    }
  }
}

bool Executor::settle(std::uint64_t ticket) {
  const auto claim = [&](Running& running) {
    return running.operation.ticket == ticket && !std::exchange(running.answered, true);
  };
  for (auto& [thing, queue] : queues_) {
    for (auto& running : queue) {
      if (running->operation.ticket == ticket) return claim(*running);
    }
  }
  return false;
}

void Executor::overdue(std::uint64_t ticket) {
  for (auto& [thing, queue] : queues_) {
    for (auto& running : queue) {
      if (running->operation.ticket != ticket || std::exchange(running->answered, true)) continue;
      const auto tell = running->operation.on_overdue;
      const Cancellation cancellation = running->call.cancellation;
      const std::string text =
          fmt::format("{}: no end {} after its deadline", thing, to_text(Duration(overtime)));
      cancellation.request();
      tell(Error{Code::outcome_unknown, text});
      return;
    }
  }
}

}  // namespace mainstay
