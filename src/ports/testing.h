// Fake ports for unit tests of recipes: a world driven by hand, in virtual time. Every call takes
// `latency`, obeys its deadline and its cancellation, and answers what the test told it to.
//
// The simulator has richer fakes; these are for one recipe at a time.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/task.h"
#include "ports/aws.h"
#include "ports/clock.h"
#include "ports/host.h"
#include "ports/process.h"
#include "ports/resolver.h"

namespace mainstay::testing {

class FakeClock : public Clock {
 public:
  Instant now() const override { return now_; }
  WallTime wall() const override { return WallTime(1'700'000'000'000ms); }
  TimerId call_at(Instant when, std::function<void()> action) override {
    timers_.emplace(std::pair(std::max(when, now_), ++last_id_), std::move(action));
    return last_id_;
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [timer](const auto& each) { return each.first.second == timer; });
  }
  // Runs the next timer; false if there is none.
  bool step() {
    if (timers_.empty()) return false;
    auto node = timers_.extract(timers_.begin());
    now_ = node.key().first;
    node.mapped()();
    return true;
  }
  // Runs everything that is due within `duration`.
  void advance(Duration duration) {
    const Instant end = now_ + duration;
    while (!timers_.empty() && timers_.begin()->first.first <= end) step();
    now_ = end;
  }

 private:
  Instant now_ = Instant(1h);
  TimerId last_id_ = 0;
  std::map<std::pair<Instant, TimerId>, std::function<void()>> timers_;
};

// Runs a task to its end.
template <class T>
T run(FakeClock& clock, Task<T> task) {
  task.start();
  while (!task.done()) MAINSTAY_CHECK(clock.step() && "the task waits for nothing");
  return task.take();
}

// Waits for `latency`, the deadline or the cancellation, whichever comes first.
enum class Woken { answered, deadline, cancelled };
inline Task<Woken> wait(FakeClock& clock, Duration latency, Call call) {
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

// What goes wrong with one call.
struct Fault {
  enum class When { before, after } when = When::before;  // the effect
  Error error{Code::throttled, "Rate exceeded"};
  bool silent = false;  // no answer at all until the deadline
};

class FakeAws : public Aws {
 public:
  explicit FakeAws(FakeClock& clock) : clock_(clock) {}

  std::vector<AwsRouteTable> tables;
  std::vector<std::string> cidrs = {"10.0.0.0/16"};
  AwsIdentity self;
  std::map<std::string, AwsInterface> interfaces;
  std::map<std::string, AwsAddress> addresses;  // by allocation
  std::map<std::string, AwsZone> zones;
  std::map<std::string, AwsHostedZone> hosted_zones;
  std::map<std::string, AwsRecord> records;  // by name
  int syncs_after = 0;                       // so many questions later a change is known to all
  std::vector<AwsNotice> announced;
  // So many readings of an address show this one.
  int stale_address_reads = 0;
  AwsAddress stale_address;
  std::map<std::string, AwsInstance> instances;
  InstanceState after_stop = InstanceState::stopped;
  // What the next readings of an instance by its id show instead; the last one stays.
  std::map<std::string, std::deque<AwsInstance>> readings;
  Duration latency = 10ms;
  // By verb, or by verb and first argument: "replace_route rtb-1". Each fault strikes one call.
  std::map<std::string, std::deque<Fault>> faults;
  // So many readings of the route tables show what they were at first.
  int stale_reads = 0;
  std::vector<AwsRouteTable> stale_tables;
  std::vector<std::string> calls;
  int in_flight = 0;
  int in_flight_max = 0;

  AwsRoute& route(const std::string& table, const std::string& destination) {
    for (auto& each : tables) {
      for (auto& found : each.routes) {
        if (each.id == table && found.destination == destination) return found;
      }
    }
    MAINSTAY_CHECK(false && "no such route");
    return tables.front().routes.front();
  }
  std::size_t count(const std::string& verb) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        calls, [&verb](const std::string& call) { return call.starts_with(verb); }));
  }

  Task<Result<AwsIdentity>> identity(Call call) override {
    const Status answered = co_await answer("identity", "", call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    co_return self;
  }
  Task<Result<std::vector<std::string>>> vpc_cidrs(std::string vpc, Call call) override {
    const Status answered = co_await answer("vpc_cidrs", vpc, call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    co_return cidrs;
  }
  Task<Result<std::vector<AwsRouteTable>>> route_tables(std::string vpc, Call call) override {
    const Status answered = co_await answer("route_tables", vpc, call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    if (stale_reads > 0) {
      --stale_reads;
      co_return stale_tables;
    }
    co_return tables;
  }
  Task<Result<AwsInterface>> network_interface(std::string eni, Call call) override {
    const Status answered = co_await answer("network_interface", eni, call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    const auto found = interfaces.find(eni);
    if (found == interfaces.end()) {
      co_return failure(Code::not_found, "The networkInterface ID '" + eni + "' does not exist");
    }
    co_return found->second;
  }
  Task<Status> replace_route(std::string table, std::string destination, std::string eni,
                             Call call) override {
    std::function<void()> effect = [this, table, destination, eni] {
      route(table, destination) = {destination, eni, "", true};
    };
    co_return co_await answer("replace_route", table, call, effect);
  }
  Task<Result<AwsAddress>> address(std::string allocation, Call call) override {
    const Status answered = co_await answer("address", allocation, call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    if (stale_address_reads > 0) {
      --stale_address_reads;
      co_return stale_address;
    }
    const auto found = addresses.find(allocation);
    if (found != addresses.end()) co_return found->second;
    co_return failure(Code::not_found, "The allocation ID '" + allocation + "' does not exist");
  }
  Task<Status> associate_address(std::string allocation, std::string eni, std::string private_ip,
                                 Call call) override {
    const std::function<void()> effect = [this, allocation, eni, private_ip] {
      AwsAddress& address = addresses[allocation];
      address.association = "eipassoc-" + std::to_string(++last_association_);
      address.eni = eni;
      address.private_ip = private_ip;
    };
    co_return co_await answer("associate_address", allocation, call, effect);
  }
  Task<Status> disassociate_address(std::string association, Call call) override {
    bool known = false;
    for (const auto& [id, address] : addresses) known |= address.association == association;
    const std::function<void()> effect = [this, association] {
      for (auto& [id, address] : addresses) {
        if (address.association != association) continue;
        address.association.clear();
        address.eni.clear();
        address.private_ip.clear();
      }
    };
    const Status answered = co_await answer("disassociate_address", association, call, effect);
    if (!answered || known) co_return answered;
    co_return failure(Code::not_found, "The association ID '" + association + "' does not exist");
  }
  Task<Status> assign_private_ip(std::string eni, std::string address, Call call) override {
    const std::function<void()> effect = [this, eni, address] {
      for (auto& [id, interface] : interfaces) std::erase(interface.secondary_ips, address);
      interfaces[eni].secondary_ips.push_back(address);
    };
    co_return co_await answer("assign_private_ip", eni, call, effect);
  }
  Task<Result<AwsHostedZone>> hosted_zone(std::string id, Call call) override {
    const Status answered = co_await answer("hosted_zone", id, call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    const auto found = hosted_zones.find(id);
    if (found != hosted_zones.end()) co_return found->second;
    co_return std::unexpected(no_zone(id));
  }
  Task<Result<std::optional<AwsRecord>>> record(std::string zone, std::string name, RecordType type,
                                                Call call) override {
    const Status answered = co_await answer("record", name, call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    if (!hosted_zones.contains(zone)) co_return std::unexpected(no_zone(zone));
    const auto found = records.find(name);
    if (found != records.end() && found->second.type == type) {
      co_return std::optional<AwsRecord>(found->second);
    }
    co_return std::optional<AwsRecord>();
  }
  Task<Result<std::string>> change_record(RecordChange change, AwsRecord record,
                                          Call call) override {
    const bool upsert = change == RecordChange::upsert;
    const bool known = hosted_zones.contains(record.zone);
    const bool exact = records.contains(record.name) && records[record.name] == record;
    const std::function<void()> effect = [this, upsert, known, exact, record] {
      if (upsert && known) records[record.name] = record;
      if (!upsert && exact) records.erase(record.name);
    };
    const Status answered =
        co_await answer(upsert ? "upsert_record" : "remove_record", record.name, call, effect);
    if (!answered) co_return std::unexpected(answered.error());
    if (!known) co_return std::unexpected(no_zone(record.zone));
    if (!upsert && !exact) co_return failure(Code::not_found, "it was not found");
    co_return "C" + std::to_string(++last_change_);
  }
  Task<Result<bool>> change_in_sync(std::string change, Call call) override {
    const Status answered = co_await answer("change_in_sync", change, call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    co_return --syncs_after < 0;
  }
  Task<Result<std::vector<AwsNotice>>> notices(Call call) override {
    const Status answered = co_await answer("notices", "", call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    co_return announced;
  }
  Task<Result<AwsZone>> zone(std::string name, Call call) override {
    const Status answered = co_await answer("zone", name, call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    const auto found = zones.find(name);
    if (found != zones.end()) co_return found->second;
    co_return failure(Code::not_found, "Invalid availability zone: [" + name + "]");
  }
  Task<Result<AwsInstance>> instance(std::string id, Call call) override {
    const Status answered = co_await answer("instance", id, call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    if (auto& script = readings[id]; !script.empty()) {
      AwsInstance reading = script.front();
      if (script.size() > 1) script.pop_front();
      co_return reading;
    }
    const auto found = instances.find(id);
    if (found != instances.end()) co_return found->second;
    co_return failure(Code::not_found, "The instance ID '" + id + "' does not exist");
  }
  Task<Result<AwsInstance>> instance_with_address(std::string vpc, std::string address,
                                                  Call call) override {
    const Status answered = co_await answer("instance_with_address", address, call, [] {});
    if (!answered) co_return std::unexpected(answered.error());
    for (const auto& [id, found] : instances) {
      if (std::ranges::find(found.addresses, address) != found.addresses.end()) co_return found;
    }
    co_return failure(Code::not_found, "no instance in " + vpc + " has the address " + address);
  }
  Task<Status> stop_instance(std::string id, Call call) override {
    const std::function<void()> effect = [this, id] { instances[id].state = after_stop; };
    co_return co_await answer("stop_instance", id, call, effect);
  }
  Task<Status> start_instance(std::string id, Call call) override {
    const std::function<void()> effect = [this, id] {
      instances[id].state = InstanceState::pending;
    };
    co_return co_await answer("start_instance", id, call, effect);
  }
  Task<Status> may_change_instance(InstanceChange change, std::string id, Call call) override {
    const std::string verb = change == InstanceChange::stop ? "may_stop" : "may_start";
    co_return co_await answer(verb, id, call, [] {});
  }

 private:
  static Error no_zone(const std::string& id) {
    return {Code::not_found, "No hosted zone found with ID: " + id};
  }
  std::optional<Fault> next_fault(const std::string& verb, const std::string& argument) {
    for (const std::string& key : {verb + " " + argument, verb}) {
      auto& queue = faults[key];
      if (queue.empty()) continue;
      Fault fault = queue.front();
      queue.pop_front();
      return fault;
    }
    return std::nullopt;
  }
  Task<Status> answer(std::string verb, std::string argument, Call call,
                      std::function<void()> effect) {
    calls.push_back(argument.empty() ? verb : verb + " " + argument);
    const auto fault = next_fault(verb, argument);
    in_flight_max = std::max(in_flight_max, ++in_flight);
    const Duration time = fault && fault->silent ? Duration(24h) : latency;
    const Woken woken = co_await wait(clock_, time, call);
    --in_flight;
    if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
    if (!fault || fault->when == Fault::When::after) effect();
    if (woken == Woken::deadline) {
      static const std::set<std::string> writing = {
          "replace_route",        "stop_instance",     "start_instance", "associate_address",
          "disassociate_address", "assign_private_ip", "upsert_record",  "remove_record"};
      const bool writes = writing.contains(verb);
      co_return failure(writes ? Code::outcome_unknown : Code::timed_out, "no answer in time");
    }
    if (fault) co_return std::unexpected(fault->error);
    co_return Status{};
  }

  FakeClock& clock_;
  int last_association_ = 0;
  int last_change_ = 0;
};

class FakeResolver : public Resolver {
 public:
  explicit FakeResolver(FakeClock& clock) : clock_(clock) {}

  using Answer = Result<std::vector<IpAddress>>;
  std::map<std::string, Answer> names;    // as the system resolves them; no entry: silence
  std::map<std::string, Answer> servers;  // what each says of any name; no entry: silence
  std::vector<std::string> calls;

  Task<Result<std::vector<IpAddress>>> resolve(std::string name, IpFamily, Call call) override {
    calls.push_back("resolve " + name);
    co_return co_await answer(names, name, call);
  }
  Task<Result<std::vector<IpAddress>>> ask(std::string server, std::string name, IpFamily,
                                           Call call) override {
    calls.push_back("ask " + server + " " + name);
    co_return co_await answer(servers, server, call);
  }

 private:
  Task<Result<std::vector<IpAddress>>> answer(const std::map<std::string, Answer>& from,
                                              std::string key, Call call) {
    const auto found = from.find(key);
    const Duration time = found == from.end() ? Duration(24h) : Duration(1ms);
    const Woken woken = co_await wait(clock_, time, call);
    if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
    if (woken == Woken::deadline) co_return failure(Code::timed_out, "nobody answers");
    co_return found->second;
  }

  FakeClock& clock_;
};

class FakeHost : public Host {
 public:
  explicit FakeHost(FakeClock& clock) : clock_(clock) {}

  std::map<std::string, std::string> macs;        // MAC → interface
  std::map<std::string, std::string> addresses;   // address → interface
  std::map<std::string, Result<Duration>> pings;  // no entry: silence
  std::set<int> open_ports;
  std::map<std::string, Result<int>> pages;  // by URL: the status; no entry: silence
  std::vector<HttpHead> heads;
  std::optional<Error> address_error;
  std::vector<std::string> calls;

  Task<Status> add_address(std::string interface, IpAddress address, Call) override {
    calls.push_back("add " + address + " " + interface);
    if (address_error) co_return std::unexpected(*address_error);
    addresses[address] = interface;
    co_return Status{};
  }
  Task<Status> remove_address(std::string interface, IpAddress address, Call) override {
    calls.push_back("remove " + address + " " + interface);
    if (address_error) co_return std::unexpected(*address_error);
    addresses.erase(address);
    co_return Status{};
  }
  Task<Result<bool>> has_address(IpAddress address, Call) override {
    if (address_error) co_return std::unexpected(*address_error);
    co_return addresses.contains(address);
  }
  Task<Result<std::string>> interface_with_mac(std::string mac, Call) override {
    if (!macs.contains(mac)) co_return failure(Code::not_found, "no interface has " + mac);
    co_return macs[mac];
  }
  Task<Result<std::string>> interface_with_address(IpAddress address, Call) override {
    if (!addresses.contains(address)) {
      co_return failure(Code::not_found, "no interface has " + address);
    }
    co_return addresses[address];
  }
  Task<Result<Duration>> ping(IpAddress address, Call call) override {
    calls.push_back("ping " + address);
    const auto found = pings.find(address);
    const Duration time = found == pings.end() ? Duration(24h) : Duration(1ms);
    const Woken woken = co_await wait(clock_, time, call);
    if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
    if (woken == Woken::deadline) co_return failure(Code::timed_out, "no reply");
    co_return found->second;
  }
  Task<Result<Duration>> connect_tcp(std::string, int port, Call call) override {
    const Woken woken = co_await wait(clock_, 1ms, call);
    if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
    if (!open_ports.contains(port)) co_return failure(Code::conflict, "connection refused");
    co_return Duration(1ms);
  }
  Task<Result<int>> http_head(HttpHead request, Call call) override {
    heads.push_back(request);
    const auto found = pages.find(request.url);
    const Duration time = found == pages.end() ? Duration(24h) : Duration(1ms);
    const Woken woken = co_await wait(clock_, time, call);
    if (woken == Woken::cancelled) co_return failure(Code::cancelled, "called off");
    if (woken == Woken::deadline) co_return failure(Code::timed_out, "no answer");
    co_return found->second;
  }

 private:
  FakeClock& clock_;
};

class FakeProcess : public Process {
 public:
  explicit FakeProcess(FakeClock& clock) : clock_(clock) {}

  // How a program behaves, by its path; one that is not here returns 0 after 1 ms.
  struct Behaviour {
    Duration lasts = 1ms;
    ProgramEnd end;
    std::optional<Error> start_error;
    bool ignores_sigterm = false;
  };
  std::map<std::string, Behaviour> behaviours;
  std::vector<Program> started;
  std::vector<std::string> calls;
  std::function<void(const Program&)> on_start;

  Result<std::unique_ptr<RunningProgram>> start(const Program& program) override {
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
  Task<Result<ProgramEnd>> run(Program program, Call call) override {
    auto running = start(program);
    if (!running) co_return std::unexpected(running.error());
    const std::unique_ptr<RunningProgram> owned = std::move(*running);
    auto end = co_await owned->wait(call);
    if (end) co_return end;
    lives_.back()->finish({.exit_code = 0, .signal = 9, .timed_out = true, .last_line = ""});
    if (end.error().code == Code::cancelled) co_return end;
    co_return ProgramEnd{.exit_code = 0, .signal = 9, .timed_out = true, .last_line = ""};
  }
  std::vector<int> members(const std::string& family) override {
    std::vector<int> pids;
    for (const auto& life : lives_) {
      if (life->family == family && !life->end) pids.push_back(life->pid);
    }
    return pids;
  }
  Task<Status> end_family(std::string family, Instant kill_at, Call) override {
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
  void kill_family(const std::string& family) override {
    calls.push_back("kill " + family);
    for (const auto& life : living(family)) {
      life->finish({.exit_code = 0, .signal = 9, .timed_out = false, .last_line = ""});
    }
  }
  // A process that an earlier run left behind.
  void leave_behind(const std::string& family) {
    auto life = std::make_shared<Life>();
    life->pid = ++last_pid_;
    life->family = family;
    lives_.push_back(life);
  }

 private:
  struct Life {
    int pid = 0;
    std::string family;
    bool ignores_sigterm = false;
    std::optional<ProgramEnd> end;
    std::function<void()> on_end;
    void finish(ProgramEnd how) {
      if (end) return;
      end = std::move(how);
      if (on_end) std::exchange(on_end, nullptr)();
    }
  };

  class FakeProgram : public RunningProgram {
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

  std::vector<std::shared_ptr<Life>> living(const std::string& family) const {
    std::vector<std::shared_ptr<Life>> found;
    for (const auto& life : lives_) {
      if (life->family == family && !life->end) found.push_back(life);
    }
    return found;
  }

  FakeClock& clock_;
  int last_pid_ = 100;
  std::vector<std::shared_ptr<Life>> lives_;
};

}  // namespace mainstay::testing
