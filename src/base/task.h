// Coroutines for recipes: Task<T> is work that may wait, Completion<T> is what it waits for.
//
// Everything runs on one thread. A Task is lazy: it begins when it is awaited, or when start() is
// called on it. Whoever holds a Task owns its frame and must keep it alive until it is done; the
// executor does so for every recipe. A Completion is set once, by an adapter, from the driver's own
// queue; the waiting coroutine is resumed inside set().
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"

namespace mainstay {

template <class T>
class [[nodiscard]] Task;

namespace task_detail {

struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class P>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) const noexcept {
    return done.promise().waiting ? done.promise().waiting : std::noop_coroutine();
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> waiting = nullptr;
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  // Recipes do not throw: operating errors are Results, everything else is a defect.
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace task_detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool done() const { return handle_.done(); }
  // Begins, or does nothing if it had begun by being awaited. Call once.
  void start() { handle_.resume(); }
  // The result of a Task that is done. Call once.
  T take() {
    MAINSTAY_CHECK(handle_.done());
    return handle_.promise().take();
  }

  // Waits for a Task that was started. Its own frame is at rest when the waiting coroutine goes on,
  // which may therefore destroy it.
  auto finished() const {
    struct Awaiter {
      std::coroutine_handle<promise_type> handle;
      bool await_ready() const noexcept { return handle.done(); }
      void await_suspend(std::coroutine_handle<> waiting) const noexcept {
        handle.promise().waiting = waiting;
      }
      void await_resume() const noexcept {}
    };
    return Awaiter{handle_};
  }

  auto operator co_await() && {
    struct Awaiter {
      std::coroutine_handle<promise_type> handle;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
        handle.promise().waiting = waiting;
        return handle;
      }
      T await_resume() { return handle.promise().take(); }
    };
    return Awaiter{handle_};
  }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

  std::coroutine_handle<promise_type> handle_;
};

namespace task_detail {
template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
}  // namespace task_detail

// A value that arrives later, once. Copies share it: the adapter keeps one, the coroutine awaits
// the other.
template <class T>
class Completion {
 public:
  Completion() : state_(std::make_shared<State>()) {}

  // Only the first call counts, so that an answer, a time-out and a cancellation may race. True if
  // this was the first.
  bool set(T value) const {
    if (state_->value) return false;
    const auto keep = state_;  // Resuming may destroy the owner of this Completion.
    keep->value.emplace(std::move(value));
    if (auto waiting = std::exchange(keep->waiting, nullptr)) waiting.resume();
    return true;
  }
  bool is_set() const { return state_->value.has_value(); }

  auto operator co_await() const {
    struct Awaiter {
      explicit Awaiter(std::shared_ptr<State> shared) : state(std::move(shared)) {}
      Awaiter(const Awaiter&) = delete;
      Awaiter& operator=(const Awaiter&) = delete;
      // A frame that is destroyed while it waits must not be resumed by a late value.
      ~Awaiter() { state->waiting = nullptr; }
      bool await_ready() const noexcept { return state->value.has_value(); }
      void await_suspend(std::coroutine_handle<> waiting) noexcept { state->waiting = waiting; }
      T await_resume() { return std::move(*state->value); }
      std::shared_ptr<State> state;
    };
    return Awaiter{state_};
  }

 private:
  struct State {
    std::optional<T> value;
    std::coroutine_handle<> waiting = nullptr;
  };
  std::shared_ptr<State> state_;
};

// Runs the tasks side by side and gives their results in the same order, once all are done.
template <class T>
Task<std::vector<T>> when_all(std::vector<Task<T>> tasks) {
  for (auto& task : tasks) task.start();
  std::vector<T> results;
  results.reserve(tasks.size());
  for (auto& task : tasks) {
    co_await task.finished();
    results.push_back(task.take());
  }
  co_return results;
}

}  // namespace mainstay
