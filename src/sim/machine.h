// One machine of the world: its power, its pace, its clock, and the fake ports its daemon runs on.
//
// A machine is off, on, or on but frozen (paused by its hypervisor: nothing runs, its clock runs
// on). On a machine that is on the daemon runs, or is stalled (starved: programs and watchdog go
// on), or is absent. What was due meanwhile is held back and comes all at once afterwards.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/name.h"
#include "base/random.h"
#include "base/task.h"
#include "ports/call.h"
#include "ports/power.h"
#include "sim/conditions.h"
#include "sim/host.h"
#include "sim/mirror_port.h"
#include "sim/ports.h"
#include "sim/process.h"
#include "sim/queue.h"
#include "sim/store.h"

namespace mainstay::sim {

class World;

inline constexpr std::size_t held_max = 20'000;

class Machine {
 public:
  Machine(World& world, std::size_t index, NodeName name, ClockRate clock, Random random);

  const NodeName& name() const { return name_; }
  std::size_t index() const { return index_; }
  World& world() { return world_; }
  Random& random() { return random_; }
  MachineConditions& conditions();
  const ClockRate& rate() const { return rate_; }
  Instant now() const;

  bool powered() const { return powered_; }
  bool frozen() const { return frozen_; }
  bool stalled() const { return stalled_; }
  bool daemon_runs() const { return daemon_runs_; }
  // Another number once this run of the daemon is over.
  std::uint32_t daemon_life() const { return daemon_life_; }
  // Its programs make progress.
  bool executing() const { return powered_ && !frozen_; }

  // ---- What befalls it. Each may come in any state and does nothing where it makes no sense.
  void power_on();
  void power_off();
  // Off now, on again after `pause`.
  void reset(Duration pause);
  void freeze();
  void thaw();
  void stall();
  void unstall();
  // The daemon is gone at once; its programs run on.
  void kill_daemon();
  // The daemon begins a new life, unless one runs or the power is off.
  void start_daemon();

  // Set by whoever runs daemons here. `begin` makes one, `end` destroys it; never called from
  // inside it.
  struct Daemon {
    std::function<void()> begin;
    std::function<void()> end;
  };
  void install(Daemon daemon) { daemon_ = std::move(daemon); }
  // What Power::halt of a daemon leads to; by default the machine's own conduct (see machine.cpp).
  void halt(HaltKind kind);
  // How long it takes from power to the daemon's start.
  void set_boot_time(Span time) { boot_time_ = time; }
  // Whether a machine that was told to shut down, or was fenced, is switched on again, and when.
  void set_return_time(Span time) { return_time_ = time; }

  // ---- For the fakes: entries that die with the machine's power, or with this run of the daemon.
  QueueId on_machine(WorldTime when, std::move_only_function<void()> action);
  QueueId on_daemon(WorldTime when, std::move_only_function<void()> action);
  QueueId on_daemon_after(Duration delay, std::move_only_function<void()> action);
  // True: run it now. False: it is void, or was put aside until the machine runs again.
  bool admits(Due& due);

  // A call of a port: settled with this error at its deadline, or when it is cancelled.
  template <class T>
  Completion<Result<T>> pending(const Call& call, Code at_deadline, const char* what);

  ClockPort& clock() { return clock_; }
  NetworkPort& network() { return network_; }
  StorePort& store() { return store_; }
  ProcessPort& process() { return process_; }
  HostPort& host() { return host_; }
  AwsPort& aws() { return aws_; }
  ResolverPort& resolver() { return resolver_; }
  ArbiterPort& arbiter() { return arbiter_; }
  PowerPort& power() { return power_; }
  MirrorPort& mirror() { return mirror_; }
  MountsPort& mounts() { return mounts_; }

 private:
  void end_daemon();
  void release_held();

  World& world_;
  std::size_t index_;
  NodeName name_;
  ClockRate rate_;
  Random random_;

  bool powered_ = false;
  bool frozen_ = false;
  bool stalled_ = false;
  bool daemon_runs_ = false;
  std::uint32_t machine_life_ = 0;
  std::uint32_t daemon_life_ = 0;
  std::vector<Due> held_;
  Daemon daemon_;
  Span boot_time_{8s, 30s};
  Span return_time_{30s, 90s};

  ClockPort clock_;
  NetworkPort network_;
  StorePort store_;
  ProcessPort process_;
  HostPort host_;
  AwsPort aws_;
  ResolverPort resolver_;
  ArbiterPort arbiter_;
  PowerPort power_;
  MirrorPort mirror_;
  MountsPort mounts_;
};

template <class T>
Completion<Result<T>> Machine::pending(const Call& call, Code at_deadline, const char* what) {
  Completion<Result<T>> done;
  if (call.deadline != never) {
    on_daemon(rate_.world(call.deadline), [done, at_deadline, what] {
      done.set(failure(at_deadline, std::string(what) + ": no answer in time"));
    });
  }
  call.cancellation.on_request(
      [done, what] { done.set(failure(Code::cancelled, std::string(what) + ": called off")); });
  return done;
}

}  // namespace mainstay::sim
