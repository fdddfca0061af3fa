// What every waiting call of a port is given: until when, and how to be called off.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/time.h"

namespace mainstay {

// The executor cancels an operation; the adapter that holds the pending call hears of it. Copies
// share the state.
class Cancellation {
 public:
  Cancellation() : state_(std::make_shared<State>()) {}

  bool requested() const { return state_->requested; }
  // Runs every registered action once. Later registrations run at once.
  void request() const {
    if (std::exchange(state_->requested, true)) return;
    for (auto& action : std::exchange(state_->actions, {})) action.second();
  }
  // Gives a number with which the action can be forgotten once the call is over.
  std::uint64_t on_request(std::function<void()> action) const {
    const std::uint64_t id = ++state_->last_id;
    if (state_->requested) {
      action();
    } else {
      state_->actions.emplace_back(id, std::move(action));
    }
    return id;
  }
  void forget(std::uint64_t id) const {
    std::erase_if(state_->actions, [id](const auto& action) { return action.first == id; });
  }

 private:
  struct State {
    bool requested = false;
    std::uint64_t last_id = 0;
    std::vector<std::pair<std::uint64_t, std::function<void()>>> actions;
  };
  std::shared_ptr<State> state_;
};

// A port settles every call by its deadline: with an answer, timed_out, outcome_unknown (where the
// effect may have happened) or cancelled.
struct Call {
  // No aggregate: g++ 12 copies those bit by bit, and destroys them twice, where one is written
  // into a co_await expression.
  Call() = default;
  Call(Instant until, Cancellation called_off = {})
      : deadline(until), cancellation(std::move(called_off)) {}

  Instant deadline;
  Cancellation cancellation;
};

}  // namespace mainstay
