// The small fake ports: clock, network, AWS, arbiter and power as one machine sees them. What they
// speak to lies in the world: fabric, region, arbiter store, the other machines.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ports/arbiter.h"
#include "ports/aws.h"
#include "ports/clock.h"
#include "ports/network.h"
#include "ports/power.h"
#include "ports/resolver.h"
#include "sim/queue.h"

namespace mainstay::sim {

class Machine;

class ClockPort : public Clock {
 public:
  explicit ClockPort(Machine& machine) : machine_(machine) {}
  Instant now() const override;
  WallTime wall() const override;
  TimerId call_at(Instant when, std::function<void()> action) override;
  void cancel(TimerId timer) override;

 private:
  Machine& machine_;
};

class NetworkPort : public Network {
 public:
  explicit NetworkPort(Machine& machine) : machine_(machine) {}
  void listen(Handler handler) override { handler_ = std::move(handler); }
  void send_datagram(const NodeName& to, PathIndex path, ByteView payload) override;
  void send_message(const NodeName& to, ByteView message) override;

  void daemon_lost() { handler_ = {}; }
  const Handler& handler() const { return handler_; }

 private:
  Machine& machine_;
  Handler handler_;
};

class AwsPort : public Aws {
 public:
  explicit AwsPort(Machine& machine) : machine_(machine) {}
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
  Task<Result<AwsZone>> zone(std::string name, Call call) override;
  Task<Result<AwsHostedZone>> hosted_zone(std::string id, Call call) override;
  Task<Result<std::optional<AwsRecord>>> record(std::string zone, std::string name, RecordType type,
                                                Call call) override;
  Task<Result<std::string>> change_record(RecordChange change, AwsRecord record,
                                          Call call) override;
  Task<Result<bool>> change_in_sync(std::string change, Call call) override;
  Task<Result<std::vector<AwsNotice>>> notices(Call call) override;
  Task<Result<AwsInstance>> instance(std::string id, Call call) override;
  Task<Result<AwsInstance>> instance_with_address(std::string vpc, std::string address,
                                                  Call call) override;
  Task<Status> stop_instance(std::string instance, Call call) override;
  Task<Status> protect_instance(std::string instance, bool on, Call call) override;
  Task<Status> start_instance(std::string instance, Call call) override;
  Task<Status> may_change_instance(InstanceChange change, std::string instance, Call call) override;

 private:
  // How old the world is that the next description shows.
  Duration draw_staleness();

  Machine& machine_;
};

class ResolverPort : public Resolver {
 public:
  explicit ResolverPort(Machine& machine) : machine_(machine) {}
  Task<Result<std::vector<IpAddress>>> resolve(std::string name, IpFamily family,
                                               Call call) override;
  Task<Result<std::vector<IpAddress>>> ask(std::string server, std::string name, IpFamily family,
                                           Call call) override;
  Task<Result<std::vector<std::string>>> name_servers(std::string domain, Call call) override;

 private:
  // As it was up to so long ago.
  Task<Result<std::vector<IpAddress>>> look_up(std::string name, Duration age_max, Call call);

  Machine& machine_;
};

class ArbiterPort : public Arbiter {
 public:
  explicit ArbiterPort(Machine& machine) : machine_(machine) {}
  Task<Result<ArbiterRecord>> read(std::string key, Call call) override;
  Task<Result<RecordVersion>> swap(std::string key, RecordVersion expected, Bytes value,
                                   Call call) override;

 private:
  Machine& machine_;
};

class PowerPort : public Power {
 public:
  explicit PowerPort(Machine& machine) : machine_(machine) {}
  void arm_watchdog(Instant deadline) override;
  void halt(HaltKind kind) override;
  Task<Status> fence(NodeName peer, Call call) override;

  void power_lost() { watchdog_ = 0; }

 private:
  Machine& machine_;
  QueueId watchdog_ = 0;
};

}  // namespace mainstay::sim
