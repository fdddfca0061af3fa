// What has hurt the users of other products, on AWS: one test for each, by its number in
// docs/pains.md.
#include <doctest/doctest.h>

#include <algorithm>

#include "resources/fixture.h"

namespace mainstay::testing {
namespace {

const Error throttled{Code::throttled, "Request limit exceeded. (RequestLimitExceeded)"};

TEST_CASE("C1.2: a throttled call is no state: no monitor calls anything well or ill by it") {
  for (const NamedBench& each : benches_of_all()) {
    INFO(each.type);
    const auto bench = each.active();
    CHECK(bench->check() == healthy());
    bench->resolver.servers.clear();
    fail_always(*bench, throttled);
    const Health health = bench->check();
    CHECK(health.verdict == Verdict::unknown);
    CHECK(health.number == 5);
  }
}

TEST_CASE("C1.3: a metadata service that hiccups costs a moment, not the activation") {
  for (const NamedBench& each : benches_of_all()) {
    INFO(each.type);
    const auto bench = each.make();
    bench->aws.faults["identity"] = {{Fault::When::before, {}, true},
                                     {Fault::When::before, {Code::throttled, "429"}},
                                     {Fault::When::before, {Code::unavailable, "503"}}};
    const Instant begun = bench->clock.now();
    CHECK(bench->activate().has_value());
    CHECK(bench->clock.now() - begun < 10s);
  }
}

TEST_CASE("C1.6: no resource of AWS starts a program, neither for a failover nor to look") {
  for (const NamedBench& each : benches_of_all()) {
    INFO(each.type);
    const auto bench = each.active();
    CHECK(bench->check() == healthy());
    CHECK(bench->deactivate().has_value());
    CHECK(bench->process.started.empty());
  }
}

TEST_CASE("C1.7: while the name is resolved as it should be, Route 53 is not asked at all") {
  const auto bench = active<DnsBench>();
  REQUIRE(bench->check() == healthy());
  bench->aws.calls.clear();
  fail_always(*bench, throttled);
  for (int i = 0; i < 10; ++i) CHECK(bench->check() == healthy());
  CHECK(bench->aws.calls.empty());
  // And in doubt, that it does not answer is no verdict.
  bench->resolver.servers.clear();
  CHECK(bench->check().verdict == Verdict::unknown);
}

TEST_CASE("C1.8: a change of a name is one call; that all know it is found out afterwards") {
  DnsBench bench;
  bench.aws.syncs_after = 3;
  CHECK(bench.activate().has_value());
  CHECK(bench.aws.calls == std::vector<std::string>{"upsert_record web.example.com."});
  bench.time_limit = Duration::max();
  Context context = bench.context();
  auto task = bench.type.watch(bench.params, context);
  task.start();
  bench.clock.advance(30s);
  CHECK(bench.aws.count("change_in_sync") == 4);
  bench.clock.advance(10min);
  CHECK(bench.aws.count("change_in_sync") == 4);
  bench.cancellation.request();
  CHECK(task.done());
}

TEST_CASE("C1.9: a monitor changes nothing, however wrong it finds the world") {
  for (const NamedBench& each : benches_of_all()) {
    INFO(each.type);
    const auto wrong = each.make();
    wrong->host.addresses = {{"10.1.0.20", "ens5"}, {"10.0.110.50", "ens5"}};
    CHECK(wrong->check().verdict == Verdict::unhealthy);
    fail_always(*wrong, throttled);
    wrong->check();
    CHECK(std::ranges::none_of(wrong->aws.calls, &changes_something));
    CHECK(wrong->host.calls.empty());
  }
}

TEST_CASE("C1.10: every route table that knows the address is switched, whatever is configured") {
  VipBench bench;
  CHECK(bench.activate().has_value());
  for (const char* table : {"rtb-1", "rtb-2", "rtb-3"}) CHECK(bench.holder(table) == own_eni);
  CHECK(bench.warnings.empty());
  bench.aws.tables.push_back({"rtb-4", "Forgotten", false, {"subnet-4"}, {}});
  CHECK(bench.activate().has_value());
  REQUIRE(bench.warnings.size() == 1);
  CHECK(holds(bench.warnings[0], "rtb-4 (Forgotten) has subnets but no route for 10.1.0.20/32"));
}

TEST_CASE("C1.11: 10.1.0.2 is not 10.1.0.20, for a route, an interface or a record") {
  VipBench vip;
  vip.params["ip"] = std::string("10.1.0.2");
  const Status absent = vip.activate();
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().number == 11);
  CHECK(vip.holder("rtb-1") == peer_eni);

  const auto sip = active<SipBench>();
  sip->params["ip"] = std::string("10.0.110.5");
  sip->host.addresses["10.0.110.5"] = "ens5";
  CHECK(sip->check().verdict == Verdict::unhealthy);

  const auto dns = active<DnsBench>();
  dns->params["ip"] = std::string("10.0.110.1");
  CHECK(dns->check().number == 8);
}

TEST_CASE("C1.14: on a node with two interfaces the address goes to the one of the ENI") {
  for (const bool reversed : {false, true}) {
    VipBench bench;
    AwsInterface other = bench.aws.interfaces[own_eni];
    other.id = "eni-other";
    other.mac = "02:00:00:00:00:99";
    auto& interfaces = bench.aws.self.interfaces;
    interfaces.insert(reversed ? interfaces.begin() : interfaces.end(), other);
    bench.host.macs["02:00:00:00:00:99"] = "ens6";
    bench.params["eni_id"] = std::string(own_eni);
    CHECK(bench.activate().has_value());
    CHECK(bench.host.addresses["10.1.0.20"] == "ens5");
    CHECK(bench.holder("rtb-1") == own_eni);
  }
}

TEST_CASE("C1.16: letting an Elastic IP go succeeds when it is gone, another's, or unknown") {
  const auto bench = active<EipBench>();
  CHECK(bench->deactivate().has_value());
  CHECK(bench->aws.count("disassociate_address") == 1);
  CHECK(bench->deactivate().has_value());
  EipBench others;
  CHECK(others.deactivate().has_value());
  CHECK(others.holder() == peer_eni);
  EipBench unknown;
  fail_always(unknown, throttled);
  CHECK(unknown.deactivate().has_value());
  REQUIRE(unknown.warnings.size() == 1);
  CHECK(holds(unknown.warnings[0], "may still be associated with this node"));
}

TEST_CASE("C1.18: what was changed is waited for as it is seen, by no constant pause") {
  EipBench quick;
  Instant begun = quick.clock.now();
  CHECK(quick.activate().has_value());
  CHECK(quick.clock.now() - begun == 3 * quick.aws.latency);
  EipBench slow;
  slow.aws.stale_address_reads = 4;
  slow.aws.stale_address = slow.aws.addresses["eipalloc-1"];
  begun = slow.clock.now();
  CHECK(slow.activate().has_value());
  CHECK(slow.clock.now() - begun < 2s);
  CHECK(slow.aws.count("associate_address") == 1);
}

TEST_CASE("C1.19: a reading of the past after a right one restarts nothing by itself") {
  const auto bench = active<VipBench>();
  CHECK(bench->check() == healthy());
  bench->aws.stale_reads = 1;
  bench->aws.stale_tables = VipBench().aws.tables;
  CHECK(bench->check().verdict == Verdict::unhealthy);
  CHECK(bench->check() == healthy());
  // So one bad answer must not count for any of them.
  for (const NamedBench& each : benches_of_all()) {
    const ResourceType* type = find_resource_type(each.type);
    CHECK_MESSAGE(type->schema.check->retries >= 1, each.type);
  }
}

TEST_CASE("C1.22: a former owner that lets go late takes nothing from the new one") {
  const auto late = active<EipBench>();
  // Between its look and its call, the new owner takes the address.
  late->aws.stale_address_reads = 1;
  late->aws.stale_address = late->aws.addresses["eipalloc-1"];
  late->aws.addresses["eipalloc-1"].association = "eipassoc-new";
  late->aws.addresses["eipalloc-1"].eni = peer_eni;
  CHECK(late->deactivate().has_value());
  CHECK(late->aws.addresses["eipalloc-1"].eni == peer_eni);
}

TEST_CASE("C1.23: one of several things that stays behind fails the activation by its name") {
  VipBench bench;
  bench.aws.faults["replace_route rtb-2"] = {
      {Fault::When::before, {Code::denied, "no permission"}}};
  const Status stayed = bench.activate();
  REQUIRE_FALSE(stayed.has_value());
  CHECK(holds(stayed.error().message, "rtb-2"));
  CHECK(bench.holder("rtb-1") == own_eni);
  CHECK(bench.holder("rtb-2") == peer_eni);
  CHECK(bench.activate().has_value());
  CHECK(bench.holder("rtb-2") == own_eni);
}

TEST_CASE("C1.24: an enabled Source/Dest. Check is told, by its ENI and with what to do") {
  VipBench bench;
  bench.aws.interfaces[own_eni].source_dest_check = true;
  CHECK(bench.activate().has_value());
  REQUIRE(bench.warnings.size() == 1);
  CHECK(holds(bench.warnings[0], own_eni));
  CHECK(holds(bench.warnings[0], "Disable it"));
}

// ---- Defects that stand in others' agents.

TEST_CASE("C5.1: a refused replacement of a route is no success, whoever asked for it") {
  for (const Code code : {Code::denied, Code::invalid, Code::not_found}) {
    VipBench bench;
    bench.aws.faults["replace_route"].assign(9, {Fault::When::before, {code, "refused"}, false});
    CHECK_FALSE(bench.activate().has_value());
  }
}

TEST_CASE("C5.2: an address whose routes lead elsewhere already is taken off the interface") {
  const auto bench = active<VipBench>();
  for (const char* id : {"rtb-1", "rtb-2", "rtb-3"})
    bench->aws.route(id, "10.1.0.20/32").eni = peer_eni;
  REQUIRE(bench->host.addresses.contains("10.1.0.20"));
  CHECK(bench->deactivate().has_value());
  CHECK_FALSE(bench->host.addresses.contains("10.1.0.20"));
  CHECK(bench->aws.calls.empty());
}

TEST_CASE("C5.3: tables that are open are told again, and no table is left out meanwhile") {
  VipBench bench;
  bench.aws.faults["replace_route rtb-2"] = {{Fault::When::before, throttled, false},
                                             {Fault::When::before, {}, true},
                                             {Fault::When::after, {Code::unavailable, "503"}}};
  CHECK(bench.activate().has_value());
  for (const char* table : {"rtb-1", "rtb-2", "rtb-3"}) CHECK(bench.holder(table) == own_eni);
  CHECK(bench.aws.count("replace_route rtb-1") == 1);
  CHECK(bench.aws.count("replace_route rtb-2") == 4);
}

TEST_CASE("C5.4: a change that cannot be looked up is not called known to all") {
  DnsBench bench;
  REQUIRE(bench.activate().has_value());
  bench.steps.clear();
  bench.aws.faults["change_in_sync"].assign(5, {Fault::When::before, throttled, false});
  bench.time_limit = Duration::max();
  Context context = bench.context();
  auto task = bench.type.watch(bench.params, context);
  task.start();
  bench.clock.advance(20s);
  CHECK(bench.aws.count("change_in_sync") >= 3);
  CHECK(bench.steps.empty());
  bench.clock.advance(2min);
  CHECK(bench.steps.size() == 1);
  bench.cancellation.request();
  CHECK(task.done());
}

TEST_CASE("C5.5: an Elastic IP is ours by its ENI, not by a text that looks like it") {
  const auto bench = active<EipBench>();
  bench->aws.addresses["eipalloc-1"].eni = std::string(own_eni) + "0";
  CHECK(bench->check().verdict == Verdict::unhealthy);
  CHECK(bench->deactivate().has_value());
  CHECK(bench->aws.count("disassociate_address") == 0);
}

}  // namespace
}  // namespace mainstay::testing
