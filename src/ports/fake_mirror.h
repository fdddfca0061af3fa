// Fake mirrors and mounts for unit tests of recipes, driven by hand in virtual time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ports/mirror.h"
#include "ports/mounts.h"
#include "ports/testing.h"

namespace mainstay::testing {

class FakeMirror : public Mirror {
 public:
  explicit FakeMirror(FakeClock& clock) : clock_(clock) {}

  std::map<std::string, MirrorStatus> mirrors;
  bool in_use = false;  // a file system is mounted from the device
  bool silent = false;  // an engine is there, and says nothing
  Duration latency = 1ms;
  // By verb: what the next ones are answered instead.
  std::map<std::string, std::deque<Error>> faults;
  std::vector<std::string> calls;

  MirrorStatus& add(const std::string& name) {
    MirrorStatus& status = mirrors[name];
    status.name = name;
    status.role = MirrorRole::secondary;
    status.own = status.peer = CopyState::up_to_date;
    status.connected = true;
    status.device = "/dev/loop9";
    return status;
  }
  Task<Status> promote(std::string mirror, std::uint64_t term, Call call) override {
    const Status answered = co_await answer("promote", mirror, call, Code::outcome_unknown);
    if (!answered) co_return answered;
    MirrorStatus& status = mirrors[mirror];
    if (status.role == MirrorRole::primary && status.term == term) co_return Status{};
    if (term <= status.term) co_return failure(Code::conflict, "a higher term is known");
    if (status.own != CopyState::up_to_date) {
      co_return failure(Code::conflict, fmt::format("this copy is {}", to_text(status.own)));
    }
    status.role = MirrorRole::primary;
    status.term = term;
    co_return Status{};
  }
  Task<Status> demote(std::string mirror, Demotion how, Call call) override {
    const std::string verb = how == Demotion::forced ? "force demote" : "demote";
    const Status answered = co_await answer(verb, mirror, call, Code::outcome_unknown);
    if (!answered) co_return answered;
    if (in_use && how == Demotion::orderly) co_return failure(Code::conflict, "it is in use");
    mirrors[mirror].role = MirrorRole::secondary;
    co_return Status{};
  }
  Task<Result<MirrorStatus>> status(std::string mirror, Call call) override {
    const Status answered = co_await answer("status", mirror, call, Code::timed_out);
    if (!answered) co_return std::unexpected(answered.error());
    co_return mirrors[mirror];
  }
  Task<Status> order(std::string mirror, MirrorOrder order, Call call) override {
    const std::string verb(to_text(order));
    const Status answered = co_await answer(verb, mirror, call, Code::outcome_unknown);
    if (!answered) co_return answered;
    if (order == MirrorOrder::connect) mirrors[mirror].broken_off = false;
    if (order == MirrorOrder::break_off) mirrors[mirror].broken_off = true;
    co_return Status{};
  }

 private:
  Task<Status> answer(std::string verb, std::string mirror, Call call, Code at_deadline) {
    calls.push_back(verb);
    const Woken woken = co_await wait(clock_, silent ? Duration(24h) : latency, call);
    if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
    if (woken == Woken::deadline) co_return failure(at_deadline, "the engine does not answer");
    if (!mirrors.contains(mirror)) {
      co_return failure(Code::unavailable, fmt::format("no engine runs for {}", mirror));
    }
    auto& waiting = faults[verb];
    if (waiting.empty()) co_return Status{};
    const Error error = waiting.front();
    waiting.pop_front();
    co_return std::unexpected(error);
  }

  FakeClock& clock_;
};

class FakeMounts : public Mounts {
 public:
  std::map<std::string, MountEntry> mounted;
  std::vector<MountHolder> held_by;
  bool holders_ignore_sigterm = false;
  std::vector<std::string> calls;

  Result<std::optional<MountEntry>> mounted_at(const std::string& point) override {
    const auto found = mounted.find(point);
    if (found == mounted.end()) return std::nullopt;
    return found->second;
  }
  Task<Result<std::vector<MountHolder>>> holders(std::string, Call) override { co_return held_by; }
  Task<Result<std::size_t>> end_holders(std::string point, Force force, Call) override {
    calls.push_back((force == Force::kill ? "kill " : "ask ") + point);
    const std::size_t count = held_by.size();
    if (force == Force::kill || !holders_ignore_sigterm) held_by.clear();
    co_return count;
  }
};

}  // namespace mainstay::testing
