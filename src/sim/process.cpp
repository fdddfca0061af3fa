#include "sim/process.h"

#include <csignal>

#include "sim/machine.h"
#include "sim/world.h"

namespace mainstay::sim {

namespace {

constexpr int sigkill = 9;
constexpr int sigterm = 15;
constexpr std::size_t ended_max = 64;

bool service(Conduct conduct) {
  return conduct == Conduct::resident || conduct == Conduct::starts_service;
}

}  // namespace

class ProgramHandle : public RunningProgram {
 public:
  ProgramHandle(ProcessPort& port, int pid) : port_(port), pid_(pid) {}
  int pid() const override { return pid_; }
  Task<Result<ProgramEnd>> wait(Call call) override {
    if (const auto ended = port_.ended_.find(pid_); ended != port_.ended_.end()) {
      co_return ended->second;
    }
    const auto living = port_.living_.find(pid_);
    if (living == port_.living_.end()) {
      co_return failure(Code::not_found, "the program's end was not kept");
    }
    auto done = port_.machine_.pending<ProgramEnd>(call, Code::timed_out, "program");
    living->second.waiting.push_back(done);
    co_return co_await done;
  }

 private:
  ProcessPort& port_;
  int pid_;
};

int ProcessPort::begin(const Program& program, Conduct conduct) {
  const int pid = ++last_pid_;
  const ScriptConditions& rates = machine_.conditions().scripts;
  Living living{.family = program.family, .conduct = conduct};
  living.stubborn = rates.outlive > 0 && machine_.random().chance(rates.outlive);
  living.undying = rates.undying > 0 && machine_.random().chance(rates.undying);
  living_.emplace(pid, std::move(living));
  changed(program.family);
  return pid;
}

Result<std::unique_ptr<RunningProgram>> ProcessPort::start(const Program& program) {
  if (!machine_.daemon_runs()) return failure(Code::unavailable, "this machine is gone");
  const Conduct conduct = judge_ ? judge_(program) : Conduct::passes;
  ScriptConditions& rates = machine_.conditions().scripts;
  Random& random = machine_.random();
  const int pid = begin(program, conduct);
  const WorldTime now = machine_.world().now();
  if (conduct == Conduct::resident) {
    const bool dies = (rates.fail > 0 && random.chance(rates.fail)) ||
                      (rates.dies > 0 && random.chance(rates.dies));
    if (dies) {
      machine_.on_machine(now + random.between(1ms, 3s),
                          [this, pid] { end(pid, {.exit_code = 1}); });
    }
  } else if (!(rates.hang > 0 && random.chance(rates.hang))) {
    const Duration takes =
        (conduct == Conduct::stops_service ? rates.stop : rates.start).draw(random);
    machine_.on_machine(now + takes, [this, pid, family = program.family, conduct] {
      finish_script(pid, family, conduct);
    });
  }
  return std::make_unique<ProgramHandle>(*this, pid);
}

void ProcessPort::finish_script(int pid, const std::string& family, Conduct conduct) {
  if (!living_.contains(pid)) return;
  const ScriptConditions& rates = machine_.conditions().scripts;
  Random& random = machine_.random();
  if (rates.fail > 0 && random.chance(rates.fail)) {
    end(pid, {.exit_code = 1, .last_line = "something went wrong"});
    return;
  }
  if (conduct == Conduct::starts_service && !(rates.lie > 0 && random.chance(rates.lie))) {
    start_service(family);
  }
  if (conduct == Conduct::stops_service) end_services(family);
  end(pid, {});
}

void ProcessPort::start_service(const std::string& family) {
  // A start script run twice finds its service there.
  for (const auto& [pid, living] : living_) {
    if (living.family == family && living.conduct == Conduct::resident) return;
  }
  // Nobody watches what a script leaves behind, so it lives until it is ended.
  begin(Program{.family = family}, Conduct::resident);
}

void ProcessPort::end_services(const std::string& family) {
  std::vector<int> doomed;
  for (const auto& [pid, living] : living_) {
    if (living.family == family && service(living.conduct)) doomed.push_back(pid);
  }
  for (const int pid : doomed) end(pid, {.signal = sigterm});
}

void ProcessPort::end(int pid, ProgramEnd how) {
  const auto found = living_.find(pid);
  if (found == living_.end()) return;
  Living living = std::move(found->second);
  living_.erase(found);
  ended_[pid] = how;
  if (ended_.size() > ended_max) ended_.erase(ended_.begin());
  changed(living.family);
  // The answer reaches the daemon as an event of its own: it may be frozen, or be the caller.
  for (auto& done : living.waiting) {
    machine_.on_daemon(machine_.world().now(), [done, how] { done.set(how); });
  }
  if (!members(living.family).empty()) return;
  for (auto& done : emptied(living.family)) {
    machine_.on_daemon(machine_.world().now(), [done] { done.set(Status{}); });
  }
}

void ProcessPort::kill(int pid) {
  const auto found = living_.find(pid);
  if (found == living_.end()) return;
  if (!found->second.undying) {
    end(pid, {.signal = sigkill});
    return;
  }
  machine_.on_machine(machine_.world().now() + machine_.random().between(1s, 15s),
                      [this, pid] { end(pid, {.signal = sigkill}); });
}

std::vector<Completion<Status>> ProcessPort::emptied(const std::string& family) {
  std::vector<Completion<Status>> waiting;
  const auto [first, last] = ending_.equal_range(family);
  for (auto it = first; it != last; ++it) waiting.push_back(it->second);
  ending_.erase(first, last);
  return waiting;
}

Task<Result<ProgramEnd>> ProcessPort::run(Program program, Call call) {
  auto started = start(program);
  if (!started) co_return std::unexpected(started.error());
  const int pid = (*started)->pid();
  Completion<Result<ProgramEnd>> done;
  const auto living = living_.find(pid);
  MAINSTAY_CHECK(living != living_.end());
  living->second.waiting.push_back(done);
  machine_.on_daemon(machine_.rate().world(call.deadline), [this, done, pid] {
    if (done.is_set()) return;
    kill(pid);
    done.set(ProgramEnd{.signal = sigkill, .timed_out = true});
  });
  const auto cancellation = call.cancellation.on_request([this, done, pid] {
    if (done.is_set()) return;
    kill(pid);
    done.set(failure(Code::cancelled, "the program was called off and killed"));
  });
  auto outcome = co_await done;
  call.cancellation.forget(cancellation);
  co_return outcome;
}

std::vector<int> ProcessPort::members(const std::string& family) {
  std::vector<int> pids;
  for (const auto& [pid, living] : living_) {
    if (living.family == family) pids.push_back(pid);
  }
  return pids;
}

Task<Status> ProcessPort::end_family(std::string family, Instant kill_at, Call call) {
  if (members(family).empty()) co_return Status{};
  const auto done = machine_.pending<void>(call, Code::timed_out, "ending a program");
  ending_.emplace(family, done);
  const Duration takes = machine_.random().between(1ms, 30ms);
  machine_.on_machine(machine_.world().now() + takes, [this, family] {
    for (const int pid : members(family)) {
      if (!living_.at(pid).stubborn) end(pid, {.signal = sigterm});
    }
  });
  machine_.on_daemon(machine_.rate().world(std::min(kill_at, call.deadline)), [this, family, done] {
    if (!done.is_set()) kill_family(family);
  });
  co_return co_await done;
}

void ProcessPort::kill_family(const std::string& family) {
  if (!machine_.daemon_runs()) return;
  for (const int pid : members(family)) kill(pid);
}

bool ProcessPort::serves(const std::string& family) const {
  for (const auto& [pid, living] : living_) {
    if (living.family == family && service(living.conduct)) return true;
  }
  return false;
}

bool ProcessPort::fell(const std::string& family, int exit_code) {
  for (const auto& [pid, living] : living_) {
    if (living.family == family && living.conduct == Conduct::resident) {
      end(pid, {.exit_code = exit_code, .last_line = "crashed"});
      return true;
    }
  }
  return false;
}

void ProcessPort::daemon_lost() {
  for (auto& [pid, living] : living_) living.waiting.clear();
  ending_.clear();
}

void ProcessPort::power_lost() {
  const std::vector<std::string> lost = families();
  living_.clear();
  ended_.clear();
  ending_.clear();
  for (const auto& family : lost) changed(family);
}

std::vector<std::string> ProcessPort::families() const {
  std::vector<std::string> names;
  for (const auto& [pid, living] : living_) names.push_back(living.family);
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

void ProcessPort::changed(const std::string& family) {
  machine_.world().saw({Sight::programs_changed, machine_.index(), family});
}

}  // namespace mainstay::sim
