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
  TimerId call_at(Instant when, std::function<void()> action) override;
  void cancel(TimerId timer) override;
  // Runs the next timer; false if there is none.
  bool step();
  // Runs everything that is due within `duration`.
  void advance(Duration duration);

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
Task<Woken> wait(FakeClock& clock, Duration latency, Call call);

// What goes wrong with one call.
struct Fault {
  enum class When { before, after } when = When::before;  // the effect
  Error error{Code::throttled, "Rate exceeded"};
  bool silent = false;  // no answer at all until the deadline
};

class FakeAws : public Aws {
 public:
  explicit FakeAws(FakeClock& clock) : clock_(clock) {}
  ~FakeAws() override;

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
  std::set<std::string> protected_instances;
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

  AwsRoute& route(const std::string& table, const std::string& destination);
  std::size_t count(const std::string& verb) const;

  Task<Result<AwsIdentity>> identity(Call call) override;
  Task<Result<std::vector<std::string>>> vpc_cidrs(std::string vpc, Call call) override;
  Task<Result<std::vector<AwsRouteTable>>> route_tables(std::string vpc, Call call) override;
  Task<Result<AwsInterface>> network_interface(std::string eni, Call call) override;
  Task<Status> replace_route(std::string table, std::string destination, std::string eni,
                             Call call) override;
  Task<Result<AwsAddress>> address(std::string allocation, Call call) override;
  Task<Status> associate_address(std::string allocation, std::string eni, std::string private_ip,
                                 Call call) override;
  Task<Status> disassociate_address(std::string association, Call call) override;
  Task<Status> assign_private_ip(std::string eni, std::string address, Call call) override;
  Task<Result<AwsHostedZone>> hosted_zone(std::string id, Call call) override;
  Task<Result<std::optional<AwsRecord>>> record(std::string zone, std::string name, RecordType type,
                                                Call call) override;
  Task<Result<std::string>> change_record(RecordChange change, AwsRecord record,
                                          Call call) override;
  Task<Result<bool>> change_in_sync(std::string change, Call call) override;
  Task<Result<std::vector<AwsNotice>>> notices(Call call) override;
  Task<Result<AwsZone>> zone(std::string name, Call call) override;
  Task<Result<AwsInstance>> instance(std::string id, Call call) override;
  Task<Result<AwsInstance>> instance_with_address(std::string vpc, std::string address,
                                                  Call call) override;
  Task<Status> stop_instance(std::string id, Call call) override;
  Task<Status> protect_instance(std::string id, bool on, Call call) override;
  Task<Status> start_instance(std::string id, Call call) override;
  Task<Status> may_change_instance(InstanceChange change, std::string id, Call call) override;

 private:
  static Error no_zone(const std::string& id);
  std::optional<Fault> next_fault(const std::string& verb, const std::string& argument);
  Task<Status> answer(std::string verb, std::string argument, Call call,
                      std::function<void()> effect);

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
  std::map<std::string, Answer> domains;  // whom the system asks about each; no entry: silence
  std::vector<std::string> calls;

  Task<Result<std::vector<IpAddress>>> resolve(std::string name, IpFamily, Call call) override;
  Task<Result<std::vector<IpAddress>>> ask(std::string server, std::string name, IpFamily,
                                           Call call) override;
  Task<Result<std::vector<std::string>>> name_servers(std::string domain, Call call) override;

 private:
  Task<Result<std::vector<IpAddress>>> answer(const std::map<std::string, Answer>& from,
                                              std::string key, Call call);

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

  Task<Status> add_address(std::string interface, IpAddress address, Call) override;
  Task<Status> remove_address(std::string interface, IpAddress address, Call) override;
  Task<Result<bool>> has_address(IpAddress address, Call) override;
  Task<Result<std::string>> interface_with_mac(std::string mac, Call) override;
  Task<Result<std::string>> interface_with_address(IpAddress address, Call) override;
  Task<Result<Duration>> ping(IpAddress address, Call call) override;
  Task<Result<Duration>> connect_tcp(std::string, int port, Call call) override;
  Task<Result<int>> http_head(HttpHead request, Call call) override;

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

  Result<std::unique_ptr<RunningProgram>> start(const Program& program) override;
  Task<Result<ProgramEnd>> run(Program program, Call call) override;
  std::vector<int> members(const std::string& family) override;
  Task<Status> end_family(std::string family, Instant kill_at, Call) override;
  void kill_family(const std::string& family) override;
  // A process that an earlier run left behind.
  void leave_behind(const std::string& family);

 private:
  struct Life {
    int pid = 0;
    std::string family;
    bool ignores_sigterm = false;
    std::optional<ProgramEnd> end;
    std::function<void()> on_end;
    void finish(ProgramEnd how);
  };

  class FakeProgram;

  std::vector<std::shared_ptr<Life>> living(const std::string& family) const;

  FakeClock& clock_;
  int last_pid_ = 100;
  std::vector<std::shared_ptr<Life>> lives_;
};

}  // namespace mainstay::testing
