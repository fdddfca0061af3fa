// AWS as one machine reaches it: every call travels there and back, and may be lost, throttled or
// refused on the way; what is described may be the past.
#include "sim/aws_call.h"

namespace mainstay::sim {
namespace {

Error no_vpc(const std::string& id) {
  return {Code::not_found, "The vpc ID '" + id + "' does not exist"};
}

Error no_instance(const std::string& id) {
  return {Code::not_found, "The instance ID '" + id + "' does not exist"};
}

Error no_allocation(const std::string& allocation) {
  return {Code::not_found, "The allocation ID '" + allocation + "' does not exist"};
}

Error no_interface(const std::string& eni) {
  return {Code::not_found, "The networkInterface ID '" + eni + "' does not exist"};
}

}  // namespace

Duration AwsPort::draw_staleness() {
  const Duration stale_max = machine_.world().conditions().aws.stale_max;
  if (stale_max <= Duration::zero()) return Duration::zero();
  return machine_.random().between(Duration::zero(), stale_max);
}

Task<Result<AwsIdentity>> AwsPort::identity(Call call) {
  // The metadata service is on the machine itself: an outage of the API is none of it.
  auto done = machine_.pending<AwsIdentity>(call, Code::timed_out, "instance metadata");
  if (machine_.conditions().metadata_cut) co_return co_await done;
  machine_.on_daemon_after(machine_.random().between(200us, 2ms), [this, done] {
    done.set(machine_.world().region().identity(machine_.index()));
  });
  co_return co_await done;
}

Task<Result<std::vector<std::string>>> AwsPort::vpc_cidrs(std::string vpc, Call call) {
  auto done = machine_.pending<std::vector<std::string>>(call, Code::timed_out, "DescribeVpcs");
  Region& region = machine_.world().region();
  ask<std::vector<std::string>>(machine_, "ec2:DescribeVpcs", done,
                                [&region, vpc]() -> Result<std::vector<std::string>> {
                                  if (vpc != region.vpc()) return std::unexpected(no_vpc(vpc));
                                  return region.cidrs();
                                });
  co_return co_await done;
}

Task<Result<std::vector<AwsRouteTable>>> AwsPort::route_tables(std::string vpc, Call call) {
  auto done =
      machine_.pending<std::vector<AwsRouteTable>>(call, Code::timed_out, "DescribeRouteTables");
  World& world = machine_.world();
  const Duration stale = draw_staleness();
  ask<std::vector<AwsRouteTable>>(machine_, "ec2:DescribeRouteTables", done,
                                  [&world, vpc, stale]() -> Result<std::vector<AwsRouteTable>> {
                                    if (vpc != world.region().vpc())
                                      return std::unexpected(no_vpc(vpc));
                                    return world.region().tables(world.now() - stale);
                                  });
  co_return co_await done;
}

Task<Result<AwsInterface>> AwsPort::network_interface(std::string eni, Call call) {
  auto done = machine_.pending<AwsInterface>(call, Code::timed_out, "DescribeNetworkInterfaces");
  World& world = machine_.world();
  const Duration stale = draw_staleness();
  ask<AwsInterface>(machine_, "ec2:DescribeNetworkInterfaces", done,
                    [&world, eni, stale]() -> Result<AwsInterface> {
                      const auto holder = world.region().machine_of_eni(eni);
                      if (!holder) return std::unexpected(no_interface(eni));
                      AwsInterface interface = world.region().interface(*holder);
                      interface.secondary_ips =
                          world.region().secondary_ips(eni, world.now() - stale);
                      return interface;
                    });
  co_return co_await done;
}

Task<Status> AwsPort::replace_route(std::string table, std::string destination, std::string eni,
                                    Call call) {
  auto done = machine_.pending<void>(call, Code::outcome_unknown, "ReplaceRoute");
  Region& region = machine_.world().region();
  ask<void>(machine_, "ec2:ReplaceRoute", done,
            [&region, table, destination, eni] { return region.replace(table, destination, eni); });
  co_return co_await done;
}

Task<Result<AwsAddress>> AwsPort::address(std::string allocation, Call call) {
  auto done = machine_.pending<AwsAddress>(call, Code::timed_out, "DescribeAddresses");
  World& world = machine_.world();
  const Duration stale = draw_staleness();
  ask<AwsAddress>(machine_, "ec2:DescribeAddresses", done,
                  [&world, allocation, stale]() -> Result<AwsAddress> {
                    const auto holding = world.region().holding(allocation, world.now() - stale);
                    if (!holding) return std::unexpected(no_allocation(allocation));
                    AwsAddress address{.allocation = allocation,
                                       .public_ip = "",
                                       .association = "",
                                       .eni = "",
                                       .private_ip = ""};
                    if (holding->target.empty()) return address;
                    address.association = holding->number;
                    address.eni = holding->target;
                    return address;
                  });
  co_return co_await done;
}

Task<Status> AwsPort::associate_address(std::string allocation, std::string eni,
                                        std::string private_ip, Call call) {
  (void)private_ip;
  auto done = machine_.pending<void>(call, Code::outcome_unknown, "AssociateAddress");
  Region& region = machine_.world().region();
  ask<void>(machine_, "ec2:AssociateAddress", done, [&region, allocation, eni]() -> Status {
    if (!region.holding(allocation, WorldTime{})) {
      return std::unexpected(no_allocation(allocation));
    }
    if (!region.machine_of_eni(eni)) return std::unexpected(no_interface(eni));
    region.give(allocation, eni);
    return {};
  });
  co_return co_await done;
}

Task<Status> AwsPort::disassociate_address(std::string association, Call call) {
  auto done = machine_.pending<void>(call, Code::outcome_unknown, "DisassociateAddress");
  World& world = machine_.world();
  const std::size_t self = machine_.index();
  ask<void>(machine_, "ec2:DisassociateAddress", done, [&world, self, association]() -> Status {
    const std::string allocation = association.substr(0, association.rfind('-'));
    const auto holding = world.region().holding(allocation, world.now());
    if (!holding || holding->target.empty() || holding->number != association) {
      return failure(Code::not_found, "The association ID '" + association + "' does not exist");
    }
    world.saw({Sight::lets_go, self, allocation});
    world.region().give(allocation, "");
    return {};
  });
  co_return co_await done;
}

Task<Status> AwsPort::assign_private_ip(std::string eni, std::string address, Call call) {
  auto done = machine_.pending<void>(call, Code::outcome_unknown, "AssignPrivateIpAddresses");
  Region& region = machine_.world().region();
  ask<void>(machine_, "ec2:AssignPrivateIpAddresses", done, [&region, eni, address]() -> Status {
    if (!region.machine_of_eni(eni)) return std::unexpected(no_interface(eni));
    if (!region.holding(address, WorldTime{})) {
      return failure(Code::invalid, "Address " + address + " does not fall within the subnet");
    }
    region.give(address, eni);
    return {};
  });
  co_return co_await done;
}

Task<Result<AwsZone>> AwsPort::zone(std::string name, Call call) {
  auto done = machine_.pending<AwsZone>(call, Code::timed_out, "DescribeAvailabilityZones");
  Region& region = machine_.world().region();
  ask<AwsZone>(machine_, "ec2:DescribeAvailabilityZones", done,
               [&region, name]() -> Result<AwsZone> {
                 const auto state = region.zone_state(name);
                 if (!state)
                   return failure(Code::not_found, "Invalid availability zone: [" + name + "]");
                 return AwsZone{.name = name, .state = *state, .messages = {}};
               });
  co_return co_await done;
}

Task<Result<AwsInstance>> AwsPort::instance(std::string id, Call call) {
  auto done = machine_.pending<AwsInstance>(call, Code::timed_out, "DescribeInstances");
  World& world = machine_.world();
  const Duration stale = draw_staleness();
  ask<AwsInstance>(machine_, "ec2:DescribeInstances", done,
                   [&world, id, stale]() -> Result<AwsInstance> {
                     const auto machine = world.region().machine_of_instance(id);
                     if (!machine) return std::unexpected(no_instance(id));
                     return world.region().instance(*machine, world.now() - stale);
                   });
  co_return co_await done;
}

Task<Result<AwsInstance>> AwsPort::instance_with_address(std::string vpc, std::string address,
                                                         Call call) {
  auto done = machine_.pending<AwsInstance>(call, Code::timed_out, "DescribeInstances");
  World& world = machine_.world();
  const Duration stale = draw_staleness();
  ask<AwsInstance>(machine_, "ec2:DescribeInstances", done,
                   [&world, vpc, address, stale]() -> Result<AwsInstance> {
                     const auto place = world.region().place_of(address);
                     if (!place || vpc != world.region().vpc()) {
                       return failure(Code::not_found,
                                      "no instance in " + vpc + " has the address " + address);
                     }
                     return world.region().instance(place->second, world.now() - stale);
                   });
  co_return co_await done;
}

Task<Status> AwsPort::stop_instance(std::string instance, Call call) {
  auto done = machine_.pending<void>(call, Code::outcome_unknown, "StopInstances");
  Region& region = machine_.world().region();
  const Duration takes = machine_.world().conditions().aws.stop_instance.draw(machine_.random());
  const Duration back = machine_.random().between(30s, 90s);
  ask<void>(machine_, "ec2:StopInstances", done, [&region, instance, takes, back]() -> Status {
    const auto machine = region.machine_of_instance(instance);
    if (!machine) return std::unexpected(no_instance(instance));
    return region.stop(*machine, takes, back);
  });
  co_return co_await done;
}

Task<Status> AwsPort::protect_instance(std::string instance, bool on, Call call) {
  auto done = machine_.pending<void>(call, Code::outcome_unknown, "ModifyInstanceAttribute");
  Region& region = machine_.world().region();
  ask<void>(machine_, "ec2:ModifyInstanceAttribute", done, [&region, instance, on]() -> Status {
    const auto machine = region.machine_of_instance(instance);
    if (!machine) return std::unexpected(no_instance(instance));
    region.protect(*machine, on);
    return {};
  });
  co_return co_await done;
}

Task<Status> AwsPort::start_instance(std::string instance, Call call) {
  auto done = machine_.pending<void>(call, Code::outcome_unknown, "StartInstances");
  Region& region = machine_.world().region();
  ask<void>(machine_, "ec2:StartInstances", done, [&region, instance]() -> Status {
    const auto machine = region.machine_of_instance(instance);
    if (!machine) return std::unexpected(no_instance(instance));
    return region.start(*machine);
  });
  co_return co_await done;
}

Task<Status> AwsPort::may_change_instance(InstanceChange change, std::string instance, Call call) {
  auto done = machine_.pending<void>(call, Code::timed_out, "DryRun");
  Region& region = machine_.world().region();
  const char* action = change == InstanceChange::stop    ? "ec2:StopInstances"
                       : change == InstanceChange::start ? "ec2:StartInstances"
                                                         : "ec2:ModifyInstanceAttribute";
  ask<void>(machine_, action, done, [&region, instance]() -> Status {
    if (!region.machine_of_instance(instance)) return std::unexpected(no_instance(instance));
    return {};
  });
  co_return co_await done;
}

}  // namespace mainstay::sim
