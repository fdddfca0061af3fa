#include "ports/aws_contract.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay {
namespace {

constexpr const char* no_vpc = "vpc-0fedcba9876543210";
constexpr const char* no_table = "rtb-0fedcba9876543210";
constexpr const char* no_interface = "eni-0fedcba9876543210";
constexpr const char* no_allocation = "eipalloc-0fedcba9876543210";
constexpr const char* no_association = "eipassoc-0fedcba9876543210";
constexpr const char* no_zone = "no-such-1x";
constexpr const char* no_instance = "i-0fedcba9876543210";
constexpr const char* no_address = "203.0.113.78";
constexpr const char* no_destination = "203.0.113.77/32";

// Runs one clause after the other and keeps what they find wrong.
class Checker {
 public:
  explicit Checker(AwsContractWorld& the_world) : world(the_world) {}

  template <class T>
  T run(Task<T> task) const {
    task.start();
    world.run_until([&] { return task.done(); });
    return task.take();
  }
  Call call() const { return call(world.call_limit); }
  Call call(Duration limit) const { return {world.clock.now() + limit, {}}; }

  void expect(bool holds, std::string_view sentence) {
    if (!holds) broken.push_back(fmt::format("{}: {}", clause, sentence));
  }
  template <class T>
  void expect_ok(const Result<T>& result, std::string_view what) {
    if (!result) expect(false, fmt::format("{} fails: {}", what, described(result.error())));
  }
  template <class T>
  void expect_code(const Result<T>& result, std::initializer_list<Code> allowed,
                   std::string_view what) {
    if (result) return expect(false, fmt::format("{} succeeds", what));
    expect(std::ranges::find(allowed, result.error().code) != allowed.end(),
           fmt::format("{} gives {}", what, described(result.error())));
    expect(!result.error().message.empty(), fmt::format("{} gives no message", what));
  }
  static std::string described(const Error& error) {
    return fmt::format("{} ({})", to_text(error.code), error.message);
  }

  // Asks again, as callers must, until the past is over.
  void expect_soon(const std::function<bool()>& holds, std::string_view sentence) {
    const Instant until = world.clock.now() + world.staleness_max;
    bool held = holds();
    while (!held && world.clock.now() < until) {
      run(sleep_until(world.clock, world.clock.now() + world.poll_pause));
      held = holds();
    }
    expect(held, sentence);
  }
  // Where the route points now; "" if that cannot be told.
  std::string target() const {
    const auto tables = run(world.aws.route_tables(world.vpc, call()));
    if (!tables) return {};
    for (const auto& table : *tables) {
      for (const auto& route : table.routes) {
        if (table.id == world.table && route.destination == world.destination) return route.eni;
      }
    }
    return {};
  }
  Status point_at(const std::string& eni) const {
    return run(world.aws.replace_route(world.table, world.destination, eni, call()));
  }

  AwsContractWorld& world;
  std::string_view clause;
  std::vector<std::string> broken;
};

void knows_itself(Checker& check) {
  if (!check.world.self) return;
  const auto identity = check.run(check.world.aws.identity(check.call()));
  check.expect_ok(identity, "identity");
  if (!identity) return;
  const AwsIdentity& self = *check.world.self;
  check.expect(identity->instance == self.instance, "the instance is " + identity->instance);
  check.expect(identity->region == self.region, "the region is " + identity->region);
  check.expect(identity->zone == self.zone, "the zone is " + identity->zone);
  check.expect(identity->interfaces.size() == self.interfaces.size(), "interfaces are missing");
  for (const auto& wanted : self.interfaces) {
    const auto same = [&](const AwsInterface& found) {
      return found.id == wanted.id && found.mac == wanted.mac && found.vpc == wanted.vpc &&
             found.subnet == wanted.subnet && found.private_ip == wanted.private_ip;
    };
    check.expect(std::ranges::any_of(identity->interfaces, same), wanted.id + " is not described");
  }
}

void knows_the_vpc(Checker& check) {
  auto cidrs = check.run(check.world.aws.vpc_cidrs(check.world.vpc, check.call()));
  check.expect_ok(cidrs, "vpc_cidrs");
  if (cidrs) {
    auto wanted = check.world.cidrs;
    std::ranges::sort(wanted);
    std::ranges::sort(*cidrs);
    check.expect(*cidrs == wanted, fmt::format("{} CIDR blocks", cidrs->size()));
  }
  check.expect_code(check.run(check.world.aws.vpc_cidrs(no_vpc, check.call())), {Code::not_found},
                    "vpc_cidrs of a VPC that does not exist");
}

void knows_the_route_tables(Checker& check) {
  const auto tables = check.run(check.world.aws.route_tables(check.world.vpc, check.call()));
  check.expect_ok(tables, "route_tables");
  if (tables) {
    std::vector<std::string> ids;
    for (const auto& table : *tables) ids.push_back(table.id);
    auto wanted = check.world.tables;
    std::ranges::sort(wanted);
    std::ranges::sort(ids);
    check.expect(ids == wanted, "the tables are not those of the VPC");
    check.expect(std::ranges::count_if(*tables, &AwsRouteTable::main) == 1,
                 "not exactly one table is the main one");
    check.expect_soon([&] { return check.target() == check.world.here.id; },
                      "the route does not point where it does");
  }
  check.expect_code(check.run(check.world.aws.route_tables(no_vpc, check.call())),
                    {Code::not_found}, "route_tables of a VPC that does not exist");
}

void knows_the_interfaces(Checker& check) {
  for (const auto* wanted : {&check.world.here, &check.world.there}) {
    const auto found = check.run(check.world.aws.network_interface(wanted->id, check.call()));
    check.expect_ok(found, "network_interface");
    check.expect(!found || *found == *wanted, wanted->id + " is described wrongly");
  }
  check.expect_code(check.run(check.world.aws.network_interface(no_interface, check.call())),
                    {Code::not_found}, "network_interface of one that does not exist");
}

void replaces_a_route(Checker& check) {
  for (const auto* target : {&check.world.there, &check.world.there, &check.world.here}) {
    check.expect_ok(check.point_at(target->id), "replace_route");
    check.expect_soon([&] { return check.target() == target->id; },
                      "the route does not point at " + target->id + " after a while");
  }
}

void replaces_nothing_that_is_not_there(Checker& check) {
  Aws& aws = check.world.aws;
  const std::string& table = check.world.table;
  const std::string& destination = check.world.destination;
  const std::string& eni = check.world.there.id;
  check.expect_code(check.run(aws.replace_route(no_table, destination, eni, check.call())),
                    {Code::not_found}, "replace_route in a table that does not exist");
  check.expect_code(check.run(aws.replace_route(table, no_destination, eni, check.call())),
                    {Code::not_found}, "replace_route of a route that does not exist");
  check.expect_code(check.run(aws.replace_route(table, destination, no_interface, check.call())),
                    {Code::not_found}, "replace_route to an interface that does not exist");
  check.expect_code(check.run(aws.replace_route(table, "not a block", eni, check.call())),
                    {Code::invalid, Code::not_found},
                    "replace_route of something that is no block");
  check.expect_soon([&] { return check.target() == check.world.here.id; },
                    "a refused change has an effect");
}

void associates_an_address(Checker& check) {
  const std::string& allocation = check.world.allocation;
  if (allocation.empty()) return;
  Aws& aws = check.world.aws;
  const auto holder = [&] {
    const auto address = check.run(aws.address(allocation, check.call()));
    return address ? address->eni : std::string();
  };
  std::string first;
  for (const auto* target : {&check.world.there, &check.world.there, &check.world.here}) {
    check.expect_ok(check.run(aws.associate_address(allocation, target->id, "", check.call())),
                    "associate_address");
    check.expect_soon([&] { return holder() == target->id; },
                      "the address is not associated with " + target->id + " after a while");
    const auto address = check.run(aws.address(allocation, check.call()));
    if (first.empty() && address) first = address->association;
  }
  // Whoever let it go by the first association's id would take it from the one that has it now.
  check.expect_code(check.run(aws.disassociate_address(first, check.call())), {Code::not_found},
                    "disassociate_address of an association that was replaced");
  check.expect(holder() == check.world.here.id, "an association that is over takes the next along");
  const auto address = check.run(aws.address(allocation, check.call()));
  check.expect_ok(address, "address");
  if (address) {
    const std::string association = address->association;
    check.expect_ok(check.run(aws.disassociate_address(association, check.call())),
                    "disassociate_address");
  }
  check.expect_soon([&] { return holder().empty(); }, "the address is still associated");
}

void associates_nothing_that_is_not_there(Checker& check) {
  const std::string& allocation = check.world.allocation;
  if (allocation.empty()) return;
  Aws& aws = check.world.aws;
  const std::string& eni = check.world.here.id;
  check.expect_code(check.run(aws.address(no_allocation, check.call())), {Code::not_found},
                    "address of an allocation that does not exist");
  check.expect_code(check.run(aws.associate_address(no_allocation, eni, "", check.call())),
                    {Code::not_found}, "associate_address of an allocation that does not exist");
  check.expect_code(check.run(aws.associate_address(allocation, no_interface, "", check.call())),
                    {Code::not_found}, "associate_address with an ENI that does not exist");
  check.expect_code(check.run(aws.disassociate_address(no_association, check.call())),
                    {Code::not_found}, "disassociate_address of one that does not exist");
}

void assigns_a_private_address(Checker& check) {
  const std::string& secondary = check.world.secondary;
  if (secondary.empty()) return;
  Aws& aws = check.world.aws;
  const auto has = [&](const std::string& eni) {
    const auto found = check.run(aws.network_interface(eni, check.call()));
    return found &&
           std::ranges::find(found->secondary_ips, secondary) != found->secondary_ips.end();
  };
  const std::string here = check.world.here.id;
  const std::string there = check.world.there.id;
  for (const auto& [to, from] : {std::pair(here, there), std::pair(there, here)}) {
    check.expect_ok(check.run(aws.assign_private_ip(to, secondary, check.call())),
                    "assign_private_ip");
    check.expect_soon([&] { return has(to) && !has(from); }, to + " does not get the address");
  }
  check.expect_code(check.run(aws.assign_private_ip(no_interface, secondary, check.call())),
                    {Code::not_found}, "assign_private_ip to an ENI that does not exist");
}

void tells_states_of_zones(Checker& check) {
  const std::string& name = check.world.zone;
  if (name.empty()) return;
  const auto zone = check.run(check.world.aws.zone(name, check.call()));
  check.expect_ok(zone, "zone");
  check.expect(!zone || zone->name == name, "it is another zone");
  check.expect(!zone || zone->state == ZoneState::available,
               "a zone that is well is not available");
  check.expect_code(check.run(check.world.aws.zone(no_zone, check.call())), {Code::not_found},
                    "zone of one that does not exist");
}

void tells_states_of_instances(Checker& check) {
  Aws& aws = check.world.aws;
  const auto found = check.run(aws.instance(check.world.running_instance, check.call()));
  check.expect_ok(found, "instance");
  check.expect(!found || found->state == InstanceState::running,
               "a running instance is not running");
  check.expect(!found || !found->launched.empty(), "it is not said since when it runs");
  // Whoever reads this as "stopped" starts a group twice.
  check.expect_code(check.run(aws.instance(no_instance, check.call())), {Code::not_found},
                    "instance of one that does not exist");
}

void finds_an_instance_by_its_address(Checker& check) {
  Aws& aws = check.world.aws;
  const AwsInterface& there = check.world.there;
  const auto found =
      check.run(aws.instance_with_address(check.world.vpc, there.private_ip, check.call()));
  check.expect_ok(found, "instance_with_address");
  check.expect(!found || found->id == there.instance, "it is another instance's address");
  check.expect(
      !found || std::ranges::find(found->addresses, there.private_ip) != found->addresses.end(),
      "the instance does not name the address it was found by");
  check.expect_code(check.run(aws.instance_with_address(check.world.vpc, no_address, check.call())),
                    {Code::not_found}, "instance_with_address of an address that nobody has");
  check.expect_code(check.run(aws.instance_with_address(no_vpc, there.private_ip, check.call())),
                    {Code::not_found}, "instance_with_address in a VPC that does not exist");
}

void asks_for_permission_only(Checker& check) {
  Aws& aws = check.world.aws;
  for (const auto change : {InstanceChange::stop, InstanceChange::start, InstanceChange::protect}) {
    check.expect_ok(
        check.run(aws.may_change_instance(change, check.world.running_instance, check.call())),
        "may_change_instance");
  }
  const auto found = check.run(aws.instance(check.world.running_instance, check.call()));
  check.expect(!found || found->state == InstanceState::running,
               "asking for permission to stop it stops it");
}

void stops_an_instance(Checker& check) {
  Aws& aws = check.world.aws;
  check.expect_code(check.run(aws.stop_instance(no_instance, check.call())), {Code::not_found},
                    "stop_instance of an instance that does not exist");
  check.expect_ok(check.run(aws.start_instance(check.world.running_instance, check.call())),
                  "starting what runs");
  check.expect_code(check.run(aws.start_instance(no_instance, check.call())), {Code::not_found},
                    "start_instance of an instance that does not exist");
  const std::string& instance = check.world.expendable_instance;
  if (instance.empty()) return;
  check.expect_ok(check.run(aws.stop_instance(instance, check.call())), "stop_instance");
  check.expect_soon(
      [&] {
        const auto found = check.run(aws.instance(instance, check.call()));
        return found && found->state == InstanceState::stopped;
      },
      "a stopped instance is not stopped after a while");
  check.expect_ok(check.run(aws.stop_instance(instance, check.call())), "stopping it once more");
}

void protects_an_instance(Checker& check) {
  Aws& aws = check.world.aws;
  const std::string& id = check.world.expendable_instance;
  if (id.empty()) return;
  check.expect_ok(check.run(aws.protect_instance(id, true, check.call())), "protect_instance");
  check.expect_ok(check.run(aws.protect_instance(id, true, check.call())),
                  "protect_instance of one that is protected");
  check.expect_code(check.run(aws.stop_instance(id, check.call())), {Code::conflict},
                    "stop_instance of one that is protected");
  check.expect_ok(check.run(aws.protect_instance(id, false, check.call())),
                  "protect_instance, no longer");
  check.expect_code(check.run(aws.protect_instance(no_instance, true, check.call())),
                    {Code::not_found}, "protect_instance of an instance that does not exist");
}

void settles_in_time(Checker& check) {
  const Instant began = check.world.clock.now();
  const Call late{began - 1s, {}};
  check.expect_code(check.run(check.world.aws.vpc_cidrs(check.world.vpc, late)), {Code::timed_out},
                    "a read whose deadline has passed");
  const Call called_off = check.call();
  called_off.cancellation.request();
  check.expect_code(check.run(check.world.aws.vpc_cidrs(check.world.vpc, called_off)),
                    {Code::cancelled}, "a read that was called off before");
  check.expect(check.world.clock.now() - began < check.world.call_limit, "it takes its time");
}

void tells_when_throttled(Checker& check) {
  if (!check.world.throttle) return;
  check.world.throttle();
  check.expect_code(check.run(check.world.aws.vpc_cidrs(check.world.vpc, check.call())),
                    {Code::throttled}, "a throttled read");
  check.expect_code(check.point_at(check.world.there.id), {Code::throttled}, "a throttled change");
  check.world.heal();
  check.expect_soon([&] { return check.target() == check.world.here.id; },
                    "a throttled change has an effect");
}

void tells_what_is_denied(Checker& check) {
  if (!check.world.deny) return;
  check.world.deny();
  const auto refused = check.point_at(check.world.there.id);
  check.expect_code(refused, {Code::denied}, "a change that is not permitted");
  check.expect(refused || refused.error().message.find("ec2:ReplaceRoute") != std::string::npos,
               "the missing permission is not named");
  check.world.heal();
  check.expect_soon([&] { return check.target() == check.world.here.id; },
                    "a change that was denied has an effect");
}

void is_honest_about_silence(Checker& check) {
  if (!check.world.be_silent) return;
  check.world.be_silent();
  const Duration limit = check.world.call_limit / 10;
  const Instant began = check.world.clock.now();
  check.expect_code(check.run(check.world.aws.vpc_cidrs(check.world.vpc, check.call(limit))),
                    {Code::timed_out}, "a read without an answer");
  check.expect_code(
      check.run(check.world.aws.replace_route(check.world.table, check.world.destination,
                                              check.world.there.id, check.call(limit))),
      {Code::outcome_unknown, Code::timed_out}, "a change without an answer");
  check.expect(check.world.clock.now() - began < check.world.call_limit,
               "calls go on after their deadline");
  check.world.heal();
}

void calls_a_lost_answer_unknown(Checker& check) {
  if (!check.world.lose_answers) return;
  check.world.lose_answers();
  check.expect_code(check.run(check.world.aws.replace_route(
                        check.world.table, check.world.destination, check.world.there.id,
                        check.call(check.world.call_limit / 10))),
                    {Code::outcome_unknown}, "a change that happens without an answer");
  check.world.heal();
  check.expect_soon([&] { return check.target() == check.world.there.id; },
                    "what happened cannot be seen afterwards");
  check.expect_ok(check.point_at(check.world.here.id), "putting it back");
}

struct Clause {
  const char* sentence;
  void (*check)(Checker&);
};

constexpr Clause clauses[] = {
    {"it knows itself", &knows_itself},
    {"it knows the VPC", &knows_the_vpc},
    {"it knows the route tables", &knows_the_route_tables},
    {"it knows the interfaces", &knows_the_interfaces},
    {"it replaces a route, and may be asked twice", &replaces_a_route},
    {"it replaces nothing that is not there", &replaces_nothing_that_is_not_there},
    {"it associates an address, and ends that association only", &associates_an_address},
    {"it associates nothing that is not there", &associates_nothing_that_is_not_there},
    {"it assigns a private address, from whomever has it", &assigns_a_private_address},
    {"it tells the states of zones", &tells_states_of_zones},
    {"it tells the states of instances", &tells_states_of_instances},
    {"it finds an instance by its address", &finds_an_instance_by_its_address},
    {"it asks for permission without using it", &asks_for_permission_only},
    {"every call settles in time", &settles_in_time},
    {"throttled is throttled, and without effect", &tells_when_throttled},
    {"denied names the permission, and is without effect", &tells_what_is_denied},
    {"silence is a time-out, or unknown", &is_honest_about_silence},
    {"a change whose answer is lost is unknown", &calls_a_lost_answer_unknown},
    {"it protects an instance from being stopped", &protects_an_instance},
    {"it stops an instance", &stops_an_instance},
};

}  // namespace

std::vector<std::string> broken_aws_clauses(AwsContractWorld& world) {
  Checker checker(world);
  for (const auto& clause : clauses) {
    checker.clause = clause.sentence;
    clause.check(checker);
  }
  return checker.broken;
}

}  // namespace mainstay
