// No answer of AWS is a verdict, for any resource and any way of not answering; and what has just
// been changed is given time to settle.
#include <doctest/doctest.h>

#include "resources/fixture.h"

namespace mainstay::testing {
namespace {

TEST_CASE("no kind of no answer is a verdict on a resource") {
  struct Row {
    Error error;
    int number;
  };
  const std::vector<Row> rows = {{{Code::timed_out, "no answer"}, 6},
                                 {{Code::unavailable, "503"}, 6},
                                 {{Code::outcome_unknown, "?"}, 6},
                                 {{Code::throttled, "RequestLimitExceeded"}, 5},
                                 {{Code::denied, "UnauthorizedOperation"}, 5},
                                 {{Code::not_found, "The vpc ID 'vpc-1' does not exist"}, 5},
                                 {{Code::invalid, "MalformedInput"}, 5}};
  for (const NamedBench& each : benches_of_all()) {
    for (const Row& row : rows) {
      CAPTURE(each.type);
      CAPTURE(row.error.message);
      const auto bench = each.active();
      bench->resolver.servers.clear();
      fail_always(*bench, row.error);
      const Health health = bench->check();
      CHECK(health.verdict == Verdict::unknown);
      CHECK(health.number == row.number);
    }
  }
}

TEST_CASE("an endpoint that is silent is no verdict either, and the monitor ends in time") {
  for (const NamedBench& each : benches_of_all()) {
    CAPTURE(each.type);
    const auto bench = each.active();
    bench->resolver.servers.clear();
    for (const char* verb :
         {"identity", "route_tables", "network_interface", "address", "record", "hosted_zone"}) {
      bench->aws.faults[verb].assign(99, {Fault::When::before, {}, true});
    }
    const Instant begun = bench->clock.now();
    const Health health = bench->check();
    CHECK(health.verdict == Verdict::unknown);
    CHECK(health.number == 6);
    CHECK(bench->clock.now() - begun < 30s);
  }
}

TEST_CASE("after a change of a name its settle time and its TTL go by before resolvers count") {
  for (const Duration settle : {Duration(0s), Duration(10s), Duration(60s)}) {
    DnsBench bench;
    bench.params["settle"] = settle;
    REQUIRE(bench.activate().has_value());
    bench.clock.advance(settle + 4s);
    CHECK(bench.check() == healthy());
    bench.clock.advance(2s);
    CHECK(bench.check().number == 10);
  }
}

// What is read until it is seen needs no such time: its monitor may look at once.
TEST_CASE("right after its activation the monitor of any other resource finds it well") {
  for (const NamedBench& each : benches_of_all()) {
    if (std::string_view(each.type) == "awsdns") continue;
    CAPTURE(each.type);
    const auto bench = each.make();
    REQUIRE(bench->activate().has_value());
    CHECK(bench->check() == healthy());
  }
}

}  // namespace
}  // namespace mainstay::testing
