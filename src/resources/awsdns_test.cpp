// awsdns against a Route 53 that throttles, denies and is silent, and resolvers that remember.
#include <doctest/doctest.h>

#include "resources/testing.h"

namespace mainstay {
namespace {

using testing::Fault;
using testing::holds;
using Addresses = std::vector<std::string>;

constexpr auto zone = "Z0123456789ABCDEFGHIJ";
constexpr auto name = "service.hz1.local.";
constexpr auto domain = "hz1.local.";
constexpr auto own_ip = "10.0.110.10";
constexpr auto peer_ip = "10.0.120.10";

// Figure 6-1 after a failure of server2: the name still stands for it.
struct Bench : testing::ResourceBench {
  Bench()
      : ResourceBench("awsdns", {{"zone_id", std::string(zone)},
                                 {"record_name", std::string(name)},
                                 {"ip", std::string(own_ip)},
                                 {"ttl", Duration(5s)}}) {
    aws.hosted_zones[zone] = {zone, "hz1.local.", false, {"ns-1.example.net", "ns-2.example.net"}};
    says(peer_ip);
    facts.cause = StartCause::failover;
  }
  void says(const std::string& ip) {
    aws.records[name] = {zone, name, RecordType::a, {ip}, 5s};
    everybody_resolves({ip});
  }
  void everybody_resolves(const Addresses& addresses) {
    resolver.servers["ns-1.example.net"] = addresses;
    resolver.names[name] = addresses;
  }
  Status activate_and_settle() {
    const Status status = activate();
    everybody_resolves({own_ip});
    clock.advance(2min);
    return status;
  }
};

TEST_CASE("a failover points the name at this node with one call") {
  Bench bench;
  const Instant begun = bench.clock.now();
  CHECK(bench.activate().has_value());
  CHECK(bench.clock.now() - begun == bench.aws.latency);
  CHECK(bench.aws.records[name] == AwsRecord{zone, name, RecordType::a, {own_ip}, 5s});
  CHECK(bench.aws.calls.size() == 1);
}

TEST_CASE("an IPv6 address makes a record set of type AAAA") {
  Bench bench;
  bench.params["ip"] = std::string("fd00::20");
  CHECK(bench.activate().has_value());
  CHECK(bench.aws.records[name].type == RecordType::aaaa);
}

TEST_CASE("a Route 53 that is out of order for a while is told until it answers") {
  Bench bench;
  bench.aws.faults["upsert_record"] = {{},
                                       {Fault::When::before, {}, true},
                                       {Fault::When::after, {Code::outcome_unknown, "reset"}},
                                       {Fault::When::before, {Code::unavailable, "503"}}};
  CHECK(bench.activate().has_value());
  CHECK(bench.aws.records[name].addresses == Addresses{own_ip});
  CHECK(bench.aws.count("upsert_record") == 5);
}

TEST_CASE("a hosted zone that does not exist fails at once, in AWS's words") {
  Bench bench;
  bench.params["zone_id"] = std::string("ZX");
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(start_failure_text(ResourceName("awsdns1"), status.error())
            .starts_with("Failed to start the resource awsdns1. (5 : No hosted zone found with ID: "
                         "ZX"));
  CHECK(bench.aws.count("upsert_record") == 1);
}

TEST_CASE("an endpoint of Route 53 out of reach is a time-out, after as long as there is") {
  Bench bench;
  bench.time_limit = 3s;
  for (int i = 0; i < 100; ++i) {
    bench.aws.faults["upsert_record"].push_back(
        {Fault::When::before, {Code::unavailable, "no route to host"}});
  }
  const Instant begun = bench.clock.now();
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 6);
  CHECK(bench.clock.now() - begun <= bench.time_limit);
  CHECK(bench.clock.now() - begun > bench.time_limit / 2);
}

TEST_CASE("a cancelled change of a name ends at once and says so") {
  Bench bench;
  bench.aws.faults["upsert_record"] = {{}, {}, {}, {}};
  Context context = bench.context();
  auto task = bench.type.activate(bench.params, context);
  task.start();
  bench.clock.advance(15ms);  // in the pause before another try
  REQUIRE_FALSE(task.done());
  bench.cancellation.request();
  while (!task.done()) REQUIRE(bench.clock.step());
  CHECK(task.take().error().code == Code::cancelled);
  CHECK(bench.aws.count("upsert_record") == 1);
}

TEST_CASE("that all name servers know is found out afterwards, as long as the resource is active") {
  Bench bench;
  REQUIRE(bench.activate().has_value());
  bench.steps.clear();
  bench.aws.syncs_after = 3;
  bench.time_limit = Duration::max();
  Context context = bench.context();
  auto task = bench.type.watch(bench.params, context);
  task.start();
  bench.clock.advance(1min);
  CHECK(bench.aws.count("change_in_sync C1") == 4);
  REQUIRE(bench.steps.size() == 1);
  CHECK(holds(bench.steps[0], "all name servers"));
  REQUIRE_FALSE(task.done());
  bench.cancellation.request();
  REQUIRE(task.done());
  CHECK(task.take().code == Code::cancelled);
}

TEST_CASE("a change that Route 53 will not speak of is warned of once, and nothing is lost") {
  Bench bench;
  REQUIRE(bench.activate().has_value());
  bench.aws.faults["change_in_sync"] = {{}, {Fault::When::before, {Code::denied, "GetChange"}}};
  bench.time_limit = Duration::max();
  Context context = bench.context();
  auto task = bench.type.watch(bench.params, context);
  task.start();
  bench.clock.advance(5min);
  CHECK(bench.aws.count("change_in_sync") == 2);
  CHECK(bench.warnings.size() == 1);
  REQUIRE_FALSE(task.done());
  bench.cancellation.request();
  CHECK(task.done());
}

TEST_CASE("a group that is stopped takes its name along, one that moves leaves it to the next") {
  for (const StopCause cause : {StopCause::group_stop, StopCause::group_move}) {
    Bench bench;
    REQUIRE(bench.activate().has_value());
    bench.facts.stop_cause = cause;
    CHECK(bench.deactivate().has_value());
    CHECK(bench.aws.records.empty() == (cause == StopCause::group_stop));
    CHECK(bench.warnings.empty());
  }
}

TEST_CASE("only a record set that this run has written, and that still says so, is removed") {
  Bench bench;
  bench.facts.stop_cause = StopCause::group_stop;
  bench.says(own_ip);
  CHECK(bench.deactivate().has_value());
  CHECK(bench.aws.calls.empty());

  REQUIRE(bench.activate().has_value());
  bench.says(peer_ip);
  CHECK(bench.deactivate().has_value());
  CHECK(bench.aws.records[name].addresses == Addresses{peer_ip});
  CHECK(bench.aws.count("remove_record") == 0);

  bench.params["delete_at_deactivation"] = false;
  REQUIRE(bench.activate().has_value());
  CHECK(bench.deactivate().has_value());
  CHECK(bench.aws.records[name].addresses == Addresses{own_ip});
}

TEST_CASE("a Route 53 that does not answer keeps no node from stopping") {
  for (const char* verb : {"record", "remove_record"}) {
    CAPTURE(std::string(verb));
    Bench bench;
    REQUIRE(bench.activate().has_value());
    bench.aws.faults[verb] = {{Fault::When::before, {}, true}};
    CHECK(bench.deactivate().has_value());
    REQUIRE(bench.warnings.size() == 1);
    CHECK(holds(bench.warnings[0], "may still name 10.0.110.10"));
  }
}

TEST_CASE("a name that everybody resolves to this node costs no call of AWS after the first look") {
  Bench bench;
  REQUIRE(bench.activate_and_settle().has_value());
  CHECK(bench.check() == healthy());
  const auto calls = bench.aws.calls.size();
  CHECK(bench.check() == healthy());
  CHECK(bench.aws.calls.size() == calls);
  CHECK(bench.aws.count("record") == 0);
  CHECK(bench.aws.count("hosted_zone") == 1);
}

TEST_CASE("the name's monitor tells missing, different, unresolved and otherwise resolved apart") {
  Bench bench;
  REQUIRE(bench.activate_and_settle().has_value());
  const testing::FakeResolver::Answer no_such_name = failure(Code::not_found, "no such name");

  bench.aws.records.clear();
  bench.resolver.servers["ns-1.example.net"] = no_such_name;
  Health health = bench.check();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(monitor_error_text(MonitorName("awsdnsw1"), health)
            .starts_with("Monitor awsdnsw1 detected an error. (7 : The resource record set does "
                         "not exist in Amazon Route 53."));

  bench.says(peer_ip);
  health = bench.check();
  CHECK(health.number == 8);
  CHECK(health.message.starts_with(
      "The different IP address from the setting value is registered in the resource record set."));
  CHECK(holds(health.message, peer_ip));

  bench.says(own_ip);
  bench.resolver.names[name] = no_such_name;
  health = bench.check();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(health.number == 9);
  CHECK(health.message.starts_with("Failed to check name resolution."));

  bench.resolver.names[name] = Addresses{peer_ip};
  health = bench.check();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(health.number == 10);
  CHECK(
      health.message.starts_with("The IP address obtained by the DNS name resolution is "
                                 "different from the setting value."));
  CHECK(holds(health.message, "this node's resolver"));

  // The zone is right, and its own name server is not: a wrong delegation.
  bench.says(own_ip);
  bench.resolver.servers["ns-1.example.net"] = Addresses{"10.0.110.1"};
  health = bench.check();
  CHECK(health.number == 10);
  CHECK(holds(health.message, "ns-1.example.net"));
}

TEST_CASE("of a name that only the zone's own servers know, the registrar's NS records are told") {
  Bench bench;
  REQUIRE(bench.activate_and_settle().has_value());
  bench.resolver.names[name] = failure(Code::not_found, "no such name");
  CHECK_FALSE(holds(bench.check().message, "registrar"));
  bench.resolver.domains[domain] = std::vector<std::string>{"ns-1.example.net"};
  CHECK_FALSE(holds(bench.check().message, "registrar"));
  bench.resolver.domains[domain] = std::vector<std::string>{"ns.old.example"};
  const Health health = bench.check();
  CHECK(health.number == 9);
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(holds(health.message, "this node's resolver: no such name."));
  CHECK(holds(health.message, "name ns.old.example, not the name servers of hosted zone"));
  CHECK(holds(health.message, "at its registrar to ns-1.example.net"));

  bench.aws.hosted_zones[zone].is_private = true;
  bench.kept.zone.reset();
  bench.resolver.servers["169.254.169.253"] = Addresses{own_ip};
  CHECK_FALSE(holds(bench.check().message, "registrar"));
}

TEST_CASE("who does not answer says nothing about the name") {
  Bench bench;
  REQUIRE(bench.activate_and_settle().has_value());
  bench.resolver.names.clear();
  Health health = bench.check();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 9);

  // Name servers out of reach are what Route 53 is asked for.
  bench.says(own_ip);
  bench.resolver.servers.clear();
  CHECK(bench.check() == healthy());
  CHECK(bench.aws.count("record") == 1);

  bench.aws.faults["record"] = {{Fault::When::before, {}, true}};
  health = bench.check();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 6);
}

TEST_CASE("after a change, servers and resolvers have time to learn of it") {
  Bench bench;
  REQUIRE(bench.activate().has_value());
  CHECK(bench.check() == healthy());  // They still say what was before.
  bench.clock.advance(64s);
  CHECK(bench.check() == healthy());
  bench.clock.advance(2s);
  CHECK(bench.check().number == 10);
  // A record set that somebody else changed is not a matter of time.
  REQUIRE(bench.activate().has_value());
  bench.says(peer_ip);
  CHECK(bench.check().number == 8);
}

TEST_CASE(
    "a second name server is asked if the first is silent, and a private zone's is the VPC's") {
  Bench bench;
  REQUIRE(bench.activate_and_settle().has_value());
  bench.resolver.servers = {{"ns-2.example.net", Addresses{own_ip}}};
  CHECK(bench.check() == healthy());
  CHECK(bench.aws.count("record") == 0);

  Bench private_zone;
  private_zone.aws.hosted_zones[zone].is_private = true;
  REQUIRE(private_zone.activate_and_settle().has_value());
  private_zone.resolver.servers = {{"169.254.169.253", Addresses{own_ip}}};
  CHECK(private_zone.check() == healthy());
  CHECK(private_zone.aws.count("record") == 0);
}

TEST_CASE("without name resolution only the record set is looked at") {
  Bench bench;
  bench.params["check_name_resolution"] = false;
  REQUIRE(bench.activate().has_value());
  bench.resolver.names.clear();
  CHECK(bench.check() == healthy());
  CHECK(bench.resolver.calls.empty());
}

}  // namespace
}  // namespace mainstay
