#include "ports/testing.h"

namespace mainstay::testing {

TimerId FakeClock::call_at(Instant when, std::function<void()> action) {
  timers_.emplace(std::pair(std::max(when, now_), ++last_id_), std::move(action));
  return last_id_;
}

void FakeClock::cancel(TimerId timer) {
  std::erase_if(timers_, [timer](const auto& each) { return each.first.second == timer; });
}

bool FakeClock::step() {
  if (timers_.empty()) return false;
  auto node = timers_.extract(timers_.begin());
  now_ = node.key().first;
  node.mapped()();
  return true;
}

void FakeClock::advance(Duration duration) {
  const Instant end = now_ + duration;
  while (!timers_.empty() && timers_.begin()->first.first <= end) step();
  now_ = end;
}

Task<Woken> wait(FakeClock& clock, Duration latency, Call call) {
  Completion<Woken> woken;
  const Instant answer_at = clock.now() + latency;
  const bool in_time = answer_at < call.deadline;
  const auto timer = clock.call_at(std::min(answer_at, call.deadline), [woken, in_time] {
    woken.set(in_time ? Woken::answered : Woken::deadline);
  });
  const auto id = call.cancellation.on_request([woken] { woken.set(Woken::cancelled); });
  const Woken result = co_await woken;
  clock.cancel(timer);
  call.cancellation.forget(id);
  co_return result;
}

Task<Result<std::vector<IpAddress>>> FakeResolver::resolve(std::string name, IpFamily, Call call) {
  calls.push_back("resolve " + name);
  co_return co_await answer(names, name, call);
}

Task<Result<std::vector<IpAddress>>> FakeResolver::ask(std::string server, std::string name,
                                                       IpFamily, Call call) {
  calls.push_back("ask " + server + " " + name);
  co_return co_await answer(servers, server, call);
}

Task<Result<std::vector<std::string>>> FakeResolver::name_servers(std::string domain, Call call) {
  calls.push_back("name_servers " + domain);
  co_return co_await answer(domains, domain, call);
}

Task<Result<std::vector<IpAddress>>> FakeResolver::answer(const std::map<std::string, Answer>& from,
                                                          std::string key, Call call) {
  const auto found = from.find(key);
  const Duration time = found == from.end() ? Duration(24h) : Duration(1ms);
  const Woken woken = co_await wait(clock_, time, call);
  if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
  if (woken == Woken::deadline) co_return failure(Code::timed_out, "nobody answers");
  co_return found->second;
}

Task<Status> FakeHost::add_address(std::string interface, IpAddress address, Call) {
  calls.push_back("add " + address + " " + interface);
  if (address_error) co_return std::unexpected(*address_error);
  addresses[address] = interface;
  co_return Status{};
}

Task<Status> FakeHost::remove_address(std::string interface, IpAddress address, Call) {
  calls.push_back("remove " + address + " " + interface);
  if (address_error) co_return std::unexpected(*address_error);
  addresses.erase(address);
  co_return Status{};
}

Task<Result<bool>> FakeHost::has_address(IpAddress address, Call) {
  if (address_error) co_return std::unexpected(*address_error);
  co_return addresses.contains(address);
}

Task<Result<std::string>> FakeHost::interface_with_mac(std::string mac, Call) {
  if (!macs.contains(mac)) co_return failure(Code::not_found, "no interface has " + mac);
  co_return macs[mac];
}

Task<Result<std::string>> FakeHost::interface_with_address(IpAddress address, Call) {
  if (!addresses.contains(address)) {
    co_return failure(Code::not_found, "no interface has " + address);
  }
  co_return addresses[address];
}

Task<Result<Duration>> FakeHost::ping(IpAddress address, Call call) {
  calls.push_back("ping " + address);
  const auto found = pings.find(address);
  const Duration time = found == pings.end() ? Duration(24h) : Duration(1ms);
  const Woken woken = co_await wait(clock_, time, call);
  if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
  if (woken == Woken::deadline) co_return failure(Code::timed_out, "no reply");
  co_return found->second;
}

Task<Result<Duration>> FakeHost::connect_tcp(std::string, int port, Call call) {
  const Woken woken = co_await wait(clock_, 1ms, call);
  if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
  if (!open_ports.contains(port)) co_return failure(Code::conflict, "connection refused");
  co_return Duration(1ms);
}

Task<Result<int>> FakeHost::http_head(HttpHead request, Call call) {
  heads.push_back(request);
  const auto found = pages.find(request.url);
  const Duration time = found == pages.end() ? Duration(24h) : Duration(1ms);
  const Woken woken = co_await wait(clock_, time, call);
  if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
  if (woken == Woken::deadline) co_return failure(Code::timed_out, "no answer");
  co_return found->second;
}

void FakeProcess::Life::finish(ProgramEnd how) {
  if (end) return;
  end = std::move(how);
  if (on_end) std::exchange(on_end, nullptr)();
}

class FakeProcess::FakeProgram : public RunningProgram {
 public:
  FakeProgram(FakeClock& clock, std::shared_ptr<Life> life)
      : clock_(clock), life_(std::move(life)) {}
  int pid() const override { return life_->pid; }
  Task<Result<ProgramEnd>> wait(Call call) override {
    Completion<Woken> woken;
    if (life_->end) co_return *life_->end;
    life_->on_end = [woken] { woken.set(Woken::answered); };
    TimerId timer = 0;
    if (call.deadline != never) {
      timer = clock_.call_at(call.deadline, [woken] { woken.set(Woken::deadline); });
    }
    const auto id = call.cancellation.on_request([woken] { woken.set(Woken::cancelled); });
    const Woken why = co_await woken;
    clock_.cancel(timer);
    call.cancellation.forget(id);
    life_->on_end = nullptr;
    if (why == Woken::cancelled) co_return failure(Code::cancelled, "called off");
    if (why == Woken::deadline) co_return failure(Code::timed_out, "still running");
    co_return *life_->end;
  }

 private:
  FakeClock& clock_;
  std::shared_ptr<Life> life_;
};

Result<std::unique_ptr<RunningProgram>> FakeProcess::start(const Program& program) {
  started.push_back(program);
  if (on_start) on_start(program);
  const Behaviour behaviour = behaviours[program.argv.front()];
  if (behaviour.start_error) return std::unexpected(*behaviour.start_error);
  auto life = std::make_shared<Life>();
  life->pid = ++last_pid_;
  life->family = program.family;
  life->ignores_sigterm = behaviour.ignores_sigterm;
  lives_.push_back(life);
  clock_.call_at(clock_.now() + behaviour.lasts,
                 [life, end = behaviour.end] { life->finish(end); });
  return std::make_unique<FakeProgram>(clock_, life);
}

Task<Result<ProgramEnd>> FakeProcess::run(Program program, Call call) {
  auto running = start(program);
  if (!running) co_return std::unexpected(running.error());
  const std::unique_ptr<RunningProgram> owned = std::move(*running);
  auto end = co_await owned->wait(call);
  if (end) co_return end;
  lives_.back()->finish({.exit_code = 0, .signal = 9, .timed_out = true, .last_line = ""});
  if (end.error().code == Code::cancelled) co_return end;
  co_return ProgramEnd{.exit_code = 0, .signal = 9, .timed_out = true, .last_line = ""};
}

std::vector<int> FakeProcess::members(const std::string& family) {
  std::vector<int> pids;
  for (const auto& life : lives_) {
    if (life->family == family && !life->end) pids.push_back(life->pid);
  }
  return pids;
}

Task<Status> FakeProcess::end_family(std::string family, Instant kill_at, Call) {
  calls.push_back("end " + family);
  bool stubborn = false;
  for (const auto& life : living(family)) {
    if (life->ignores_sigterm) {
      stubborn = true;
    } else {
      life->finish({.exit_code = 0, .signal = 15, .timed_out = false, .last_line = ""});
    }
  }
  if (stubborn) {
    co_await sleep_until(clock_, kill_at);
    kill_family(family);
  }
  co_return Status{};
}

void FakeProcess::kill_family(const std::string& family) {
  calls.push_back("kill " + family);
  for (const auto& life : living(family)) {
    life->finish({.exit_code = 0, .signal = 9, .timed_out = false, .last_line = ""});
  }
}

void FakeProcess::leave_behind(const std::string& family) {
  auto life = std::make_shared<Life>();
  life->pid = ++last_pid_;
  life->family = family;
  lives_.push_back(life);
}

std::vector<std::shared_ptr<FakeProcess::Life>> FakeProcess::living(
    const std::string& family) const {
  std::vector<std::shared_ptr<Life>> found;
  for (const auto& life : lives_) {
    if (life->family == family && !life->end) found.push_back(life);
  }
  return found;
}

}  // namespace mainstay::testing
