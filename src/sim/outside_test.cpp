// The services outside the machines: the arbiter, AWS, and what answers to a ping.
#include <doctest/doctest.h>

#include "ports/arbiter_contract.h"
#include "ports/aws_contract.h"
#include "sim/fixture.h"

namespace mainstay::sim {
namespace {

TEST_CASE("of two swaps from one version one wins; a read shows it to both") {
  Bench bench;
  Outcome first(bench[0].arbiter().swap("group/web", 0, Bytes{1}, bench.call(0, 5s)));
  Outcome second(bench[1].arbiter().swap("group/web", 0, Bytes{2}, bench.call(1, 5s)));
  bench.run(5s);
  CHECK(first.value().has_value() != second.value().has_value());
  const auto& loser = first.value() ? second.value() : first.value();
  CHECK(loser.error().code == Code::conflict);
  Outcome read(bench[1].arbiter().read("group/web", bench.call(1, 5s)));
  bench.run(5s);
  CHECK(read.value()->value == (first.value() ? Bytes{1} : Bytes{2}));
  Outcome none(bench[1].arbiter().read("group/db", bench.call(1, 5s)));
  bench.run(5s);
  CHECK(none.value()->version == 0);
}

TEST_CASE("an arbiter that is out answers nothing: unknown for a write, timed out for a read") {
  Bench bench;
  bench.world.conditions().arbiter.outage = true;
  Outcome swap(bench[0].arbiter().swap("node/a", 0, Bytes{1}, bench.call(0, 2s)));
  Outcome read(bench[0].arbiter().read("node/a", bench.call(0, 2s)));
  bench.run(1999ms);
  CHECK(!swap.settled());
  bench.run(1ms);
  CHECK(swap.value().error().code == Code::outcome_unknown);
  CHECK(read.value().error().code == Code::timed_out);
  CHECK(bench.world.arbiter().records().empty());
}

TEST_CASE(
    "a lost reply after success is settled by the nonce: nobody is told of a false conflict") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Bench bench(seed);
    auto& rates = bench.world.conditions().arbiter;
    rates.lose_reply = rates.lose_request = 0.4;
    rates.straggle = 0.3;
    Outcome swap(bench[0].arbiter().swap("node/a", 0, Bytes{1}, bench.call(0, 3s)));
    bench.run(20s);
    REQUIRE(swap.settled());
    const auto& stored = bench.world.arbiter().get("node/a");
    if (swap.value()) {
      CHECK(*swap.value() == stored.record.version);
    } else {
      CHECK(swap.value().error().code == Code::outcome_unknown);
    }
  }
}

TEST_CASE("a write that was given up may still arrive, but only from the version it expected") {
  int late = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Bench bench(seed);
    bench.world.conditions().arbiter.straggle = 1;
    Outcome swap(bench[0].arbiter().swap("node/a", 0, Bytes{1}, bench.call(0, 500ms)));
    bench.run(501ms);
    REQUIRE(swap.settled());
    const bool before = bench.world.arbiter().get("node/a").record.version != 0;
    bench.run(10s);
    const bool after = bench.world.arbiter().get("node/a").record.version != 0;
    if (!before && after) ++late;
    CHECK(after);
  }
  CHECK(late > 10);
}

TEST_CASE("the simulated arbiter keeps the contract of the port") {
  Bench bench;
  auto& rates = bench.world.conditions().arbiter;
  ArbiterContractWorld contract{
      .one = bench[0].arbiter(),
      .two = bench[1].arbiter(),
      .clock = bench[0].clock(),
      .run_until =
          [&](const std::function<bool()>& done) {
            while (!done()) bench.run(1ms);
          },
      .be_silent = [&] { rates.outage = true; },
      .lose_answers = [&] { rates.lose_reply = 1; },
      .lose_one_answer =
          [&] {
            rates.lose_reply = 1;
            bench.world.after(100ms, [&] { rates.lose_reply = 0; });
          },
      .throttle = {},
      .deny = {},
      .forget = {},
      .heal =
          [&] {
            rates.outage = false;
            rates.lose_reply = 0;
          },
  };
  for (const auto& broken : broken_arbiter_clauses(contract)) FAIL_CHECK(broken);
}

struct Cloud : Bench {
  explicit Cloud(std::uint64_t seed = 1) : Bench(seed) {
    for (const char* table : {"rtb-1", "rtb-2"}) {
      world.region().add_table(table);
      world.region().add_route(table, "10.1.0.20/32");
    }
  }
  std::string shown(std::size_t machine) {
    Outcome tables(world.machine(machine).aws().route_tables("vpc-1", call(machine, 5s)));
    run(1s);
    REQUIRE(tables.settled());
    REQUIRE(tables.value().has_value());
    return tables.value()->front().routes.back().eni;
  }
};

TEST_CASE("the simulated AWS keeps the contract of the port, whatever past it describes") {
  for (const Duration stale_max : {Duration(0s), Duration(4s)}) {
    Cloud cloud;
    Region& region = cloud.world.region();
    region.place("10.0.1.10", 0, 0);
    region.place("10.0.2.10", 0, 1);
    region.point("rtb-1", "10.1.0.20/32", region.eni_of(0));
    cloud.run(5s);
    auto& rates = cloud.world.conditions().aws;
    rates.stale_max = stale_max;
    rates.stop_instance = {1s, 3s};
    AwsContractWorld contract{
        .aws = cloud[0].aws(),
        .clock = cloud[0].clock(),
        .run_until =
            [&](const std::function<bool()>& done) {
              while (!done()) cloud.run(1ms);
            },
        .self = region.identity(0),
        .vpc = region.vpc(),
        .cidrs = region.cidrs(),
        .tables = {"rtb-1", "rtb-2"},
        .table = "rtb-1",
        .destination = "10.1.0.20/32",
        .here = region.interface(0),
        .there = region.interface(1),
        .running_instance = region.instance_of(0),
        .expendable_instance = region.instance_of(1),
        .throttle = [&] { rates.throttled = 1; },
        .deny = [&] { rates.denied = 1; },
        .be_silent = [&] { rates.outage = true; },
        .lose_answers = [&] { rates.lose_reply = 1; },
        .heal =
            [&] {
              rates.throttled = rates.denied = rates.lose_reply = 0;
              rates.outage = false;
            },
    };
    CAPTURE(stale_max.count());
    for (const auto& broken : broken_aws_clauses(contract)) FAIL_CHECK(broken);
  }
}

TEST_CASE("a replaced route leads to the new interface; others are not touched") {
  Cloud cloud;
  Outcome done(cloud[0].aws().replace_route("rtb-1", "10.1.0.20/32", cloud.world.region().eni_of(0),
                                            cloud.call(0, 5s)));
  cloud.run(1s);
  CHECK(done.value().has_value());
  const auto leads = cloud.world.region().leads_to("10.1.0.20/32");
  CHECK(leads.at("rtb-1") == cloud.world.region().eni_of(0));
  CHECK(leads.at("rtb-2").empty());
  Outcome wrong(cloud[0].aws().replace_route("rtb-1", "10.9.9.9/32", cloud.world.region().eni_of(0),
                                             cloud.call(0, 5s)));
  cloud.run(1s);
  CHECK(wrong.value().error().code == Code::not_found);
}

TEST_CASE("a describe may show the past, but no more of it than the staleness") {
  Cloud cloud;
  cloud.world.conditions().aws.stale_max = 3s;
  cloud.world.region().point("rtb-1", "10.1.0.20/32", cloud.world.region().eni_of(0));
  int stale = 0;
  for (int i = 0; i < 2; ++i) stale += cloud.shown(1) != cloud.world.region().eni_of(0) ? 1 : 0;
  cloud.run(3s);
  for (int i = 0; i < 20; ++i) CHECK(cloud.shown(1) == cloud.world.region().eni_of(0));
  CHECK(stale > 0);
}

TEST_CASE("a change without an answer is unknown, whether or not it happened") {
  for (const bool after : {false, true}) {
    Cloud cloud;
    auto& rates = cloud.world.conditions().aws;
    (after ? rates.lose_reply : rates.lose_request) = 1;
    Outcome done(cloud[0].aws().replace_route("rtb-1", "10.1.0.20/32",
                                              cloud.world.region().eni_of(0), cloud.call(0, 2s)));
    cloud.run(2s);
    CHECK(done.value().error().code == Code::outcome_unknown);
    CHECK((cloud.world.region().leads_to("10.1.0.20/32").at("rtb-1") ==
           cloud.world.region().eni_of(0)) == after);
  }
}

TEST_CASE("a stop that is accepted is not stopped yet") {
  Cloud cloud;
  cloud.world.conditions().aws.stop_instance = {10s, 10s};
  Outcome done(
      cloud[0].aws().stop_instance(cloud.world.region().instance_of(1), cloud.call(0, 5s)));
  cloud.run(1s);
  CHECK(done.value().has_value());
  const std::string instance = cloud.world.region().instance_of(1);
  const auto state = [&] {
    Outcome found(cloud[0].aws().instance(instance, cloud.call(0, 5s)));
    cloud.run(1s);
    return found.value()->state;
  };
  CHECK(state() == InstanceState::stopping);
  CHECK(cloud[1].powered());
  cloud.run(10s);
  CHECK(!cloud[1].powered());
  CHECK(state() == InstanceState::stopped);
  const std::string launched = cloud.world.region().instance(1, cloud.world.now()).launched;
  Outcome started(cloud[0].aws().start_instance(instance, cloud.call(0, 5s)));
  cloud.run(1s);
  CHECK(started.value().has_value());
  CHECK(state() == InstanceState::running);
  CHECK(cloud[1].powered());
  CHECK(cloud.world.region().instance(1, cloud.world.now()).launched > launched);
}

TEST_CASE("throttling and denial are told, and nothing happens") {
  Cloud cloud;
  cloud.world.conditions().aws.throttled = 1;
  Outcome throttled(cloud[0].aws().replace_route(
      "rtb-1", "10.1.0.20/32", cloud.world.region().eni_of(0), cloud.call(0, 5s)));
  cloud.run(1s);
  CHECK(throttled.value().error().code == Code::throttled);
  CHECK(cloud.world.region().leads_to("10.1.0.20/32").at("rtb-1").empty());
}

TEST_CASE("a ping is answered from where it can come back") {
  Bench bench;
  bench.world.region().place("10.0.1.10", 0, 0);
  bench.world.region().place("10.0.2.10", 0, 1);
  const auto answered = [&](const std::string& address) {
    Outcome ping(bench[0].host().ping(address, bench.call(0, 1s)));
    bench.run(1s);
    REQUIRE(ping.settled());
    if (!ping.value()) CHECK(ping.value().error().code == Code::timed_out);
    return ping.value().has_value();
  };
  CHECK(answered("10.0.2.10"));
  CHECK(answered("8.8.8.8"));
  bench.world.conditions().link(0, 1, 0).cut = true;
  CHECK(!answered("10.0.2.10"));
  bench.world.conditions().link(0, 1, 0).cut = false;
  bench[1].power_off();
  CHECK(!answered("10.0.2.10"));
  bench[0].conditions().outside_cut = true;
  CHECK(!answered("8.8.8.8"));
  CHECK(answered("10.0.1.10"));
  bench[0].conditions().outside_cut = false;
  bench.world.region().silence("8.8.8.8", true);
  CHECK(!answered("8.8.8.8"));
}

TEST_CASE("an address added is there until it is removed or the power is lost") {
  Bench bench;
  const Call call = bench.call(0, 1s);
  CHECK(Outcome(bench[0].host().add_address("ens5", "10.1.0.20", call)).value().has_value());
  CHECK(Outcome(bench[0].host().add_address("ens5", "10.1.0.20", call)).value().has_value());
  CHECK(*Outcome(bench[0].host().has_address("10.1.0.20", call)).value());
  CHECK(!Outcome(bench[0].host().add_address("eth9", "10.1.0.20", call)).value().has_value());
  CHECK(Outcome(bench[0].host().remove_address("ens5", "10.1.0.20", call)).value().has_value());
  CHECK(!*Outcome(bench[0].host().has_address("10.1.0.20", call)).value());
  CHECK(*Outcome(bench[0].host().interface_with_mac("02:00:00:00:00:01", call)).value() == "ens5");
}

}  // namespace
}  // namespace mainstay::sim
