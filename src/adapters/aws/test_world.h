// For tests: time that passes only when somebody waits, and an HTTP that answers by script.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "adapters/aws/wait.h"
#include "adapters/http/http.h"
#include "base/check.h"
#include "ports/clock.h"

namespace mainstay::aws {

class ManualClock final : public Clock {
 public:
  Instant now() const override { return time_; }
  WallTime wall() const override {
    return wall_ + std::chrono::duration_cast<std::chrono::milliseconds>(time_ - Instant());
  }
  TimerId call_at(Instant when, std::function<void()> action) override {
    timers_.emplace(std::pair(std::max(when, time_), ++last_id_), std::move(action));
    return last_id_;
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [timer](const auto& entry) { return entry.first.second == timer; });
  }

  bool idle() const { return timers_.empty(); }
  // Goes to the next timer and runs it.
  void step() {
    MAINSTAY_CHECK(!timers_.empty());
    auto next = timers_.extract(timers_.begin());
    time_ = next.key().first;
    next.mapped()();
  }
  void advance(Duration duration) {
    const Instant until = time_ + duration;
    while (!timers_.empty() && timers_.begin()->first.first <= until) step();
    time_ = until;
  }
  void set_wall(WallTime wall) {
    wall_ = wall - std::chrono::duration_cast<std::chrono::milliseconds>(time_ - Instant());
  }

 private:
  Instant time_{};
  WallTime wall_ = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);
  TimerId last_id_ = 0;
  std::map<std::pair<Instant, TimerId>, std::function<void()>> timers_;
};

template <class T>
T run(ManualClock& clock, Task<T> task) {
  task.start();
  while (!task.done()) clock.step();
  return task.take();
}

class ScriptedHttp {
 public:
  struct Step {
    HttpResult result;
    Duration takes = 10ms;
  };
  struct Seen {
    HttpRequest request;
    Instant at;
    Instant deadline;
  };

  explicit ScriptedHttp(Clock& clock) : clock_(clock) {}

  void answers(int status, std::string body, HttpHeaders headers = {}) {
    script.push_back({HttpResponse{status, std::move(headers), std::move(body)}});
  }
  void fails(HttpProblem problem, bool sent) {
    script.push_back({std::unexpected(HttpFailure{problem, "host: it went wrong", sent})});
  }
  void is_silent() { script.push_back({HttpResponse{}, 1h}); }

  HttpSend sender() {
    return [this](HttpRequest request, Call call) { return send(std::move(request), call); };
  }

  std::deque<Step> script;
  std::vector<Seen> seen;

 private:
  Task<HttpResult> send(HttpRequest request, Call call) {
    seen.push_back({std::move(request), clock_.now(), call.deadline});
    MAINSTAY_CHECK(!script.empty());
    const Step step = std::move(script.front());
    script.pop_front();
    const bool in_time = clock_.now() + step.takes <= call.deadline;
    const Instant end = in_time ? clock_.now() + step.takes : call.deadline;
    const bool go_on = co_await pause_until(clock_, end, call.cancellation);
    if (!go_on) {
      co_return std::unexpected(HttpFailure{HttpProblem::cancelled, "host: called off", true});
    }
    if (!in_time) {
      co_return std::unexpected(HttpFailure{HttpProblem::timed_out, "host: no answer", true});
    }
    co_return step.result;
  }

  Clock& clock_;
};

}  // namespace mainstay::aws
