// awseip against an EC2 that throttles, denies, forgets and describes the past.
#include <doctest/doctest.h>

#include "resources/testing.h"

namespace mainstay {
namespace {

using testing::Fault;
using testing::holds;

constexpr auto allocation = "eipalloc-0a1b2c3d4e5f60718";
constexpr auto own_eni = "eni-0a1b2c3d4e5f60711";
constexpr auto peer_eni = "eni-0a1b2c3d4e5f60712";

// Figure 5-1 after a failure of server2: the address still leads there.
struct Bench : testing::ResourceBench {
  Bench()
      : ResourceBench("awseip", {{"allocation_id", std::string(allocation)},
                                 {"eni_id", std::string(own_eni)}}) {
    held_by(peer_eni);
    aws.self = {"i-0a1b2c3d4e5f60711", "ap-northeast-1", "ap-northeast-1a", {{.id = own_eni}}};
  }
  AwsAddress& address() { return aws.addresses[allocation]; }
  void held_by(const std::string& eni) {
    address() = {allocation, "198.51.100.20", eni.empty() ? "" : "eipassoc-peer", eni,
                 "10.0.20.10"};
  }
};

TEST_CASE("a failover takes the address from the node that had it") {
  Bench bench;
  CHECK(bench.activate().has_value());
  CHECK(bench.address().eni == own_eni);
  CHECK(bench.aws.count("associate_address") == 1);
  CHECK(bench.steps.size() == 1);
  CHECK(bench.check() == healthy());
}

TEST_CASE("clients are served after one round trip, and it is certain after two") {
  Bench bench;
  const Instant begun = bench.clock.now();
  CHECK(bench.activate().has_value());
  CHECK(bench.clock.now() - begun == 2 * bench.aws.latency);
  CHECK(bench.aws.calls == std::vector<std::string>{"associate_address eipalloc-0a1b2c3d4e5f60718",
                                                    "address eipalloc-0a1b2c3d4e5f60718"});
}

TEST_CASE("an ENI that is left out is asked from the metadata service, patiently") {
  Bench bench;
  bench.params["eni_id"] = std::string();
  bench.aws.faults["identity"] = {{Fault::When::before, {}, true},
                                  {Fault::When::before, {Code::unavailable, "503"}}};
  CHECK(bench.activate().has_value());
  CHECK(bench.address().eni == own_eni);
  CHECK(bench.check() == healthy());
  CHECK(bench.deactivate().has_value());
  CHECK(bench.address().eni.empty());
}

TEST_CASE("a private address is named where it is configured, and must be the one") {
  Bench bench;
  bench.params["private_ip"] = std::string("10.0.10.11");
  CHECK(bench.activate().has_value());
  CHECK(bench.address().private_ip == "10.0.10.11");
  bench.address().private_ip = "10.0.10.10";
  const Health health = bench.check();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(holds(health.message, "(10.0.10.10), not with eni-0a1b2c3d4e5f60711 (10.0.10.11)"));
}

TEST_CASE("an EC2 that is out of order for a while is told until it answers") {
  Bench bench;
  bench.aws.faults["associate_address"] = {
      {}, {Fault::When::before, {}, true}, {Fault::When::before, {Code::unavailable, "503"}}};
  bench.aws.faults["address"] = {{}, {Fault::When::before, {}, true}};
  CHECK(bench.activate().has_value());
  CHECK(bench.address().eni == own_eni);
}

TEST_CASE("an association whose answer was lost is made again: a reading may be of the past") {
  Bench bench;
  bench.aws.faults["associate_address"] = {
      {Fault::When::after, {Code::outcome_unknown, "connection reset"}}};
  CHECK(bench.activate().has_value());
  CHECK(bench.aws.count("associate_address") == 2);
}

TEST_CASE("a stale reading of the address is waited out without taking it again") {
  Bench bench;
  bench.aws.stale_address = bench.address();
  bench.aws.stale_address_reads = 4;
  CHECK(bench.activate().has_value());
  CHECK(bench.aws.count("associate_address") == 1);
}

TEST_CASE("an address that somebody else keeps taking away is told with its holder") {
  Bench bench;
  bench.aws.stale_address = bench.address();
  bench.aws.stale_address_reads = 1'000;
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == Code::conflict);
  CHECK(status.error().number == 7);
  CHECK(holds(status.error().message, "198.51.100.20"));
  CHECK(holds(status.error().message, peer_eni));
  CHECK(bench.aws.count("associate_address") > 1);
}

TEST_CASE("AWS's own sentence stands first when the allocation or the ENI does not exist") {
  for (const char* sentence : {"The allocation ID 'eipalloc-1' does not exist",
                               "The networkInterface ID 'eni-1' does not exist"}) {
    Bench bench;
    bench.aws.faults["associate_address"] = {{Fault::When::before, {Code::not_found, sentence}}};
    const Status status = bench.activate();
    REQUIRE_FALSE(status.has_value());
    CHECK(start_failure_text(ResourceName("awseip1"), status.error())
              .starts_with(std::string("Failed to start the resource awseip1. (5 : ") + sentence));
    CHECK(bench.aws.count("associate_address") == 1);
  }
}

TEST_CASE("a denied association fails at once and names the permission") {
  Bench bench;
  bench.aws.faults["associate_address"] = {
      {Fault::When::before, {Code::denied, "no permission: ec2:AssociateAddress"}}};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 5);
  CHECK(status.error().message.starts_with("the AWS CLI command failed."));
  CHECK(holds(status.error().message, "ec2:AssociateAddress"));
}

TEST_CASE("an endpoint of EC2 out of reach is a time-out, after as long as there is") {
  Bench bench;
  bench.time_limit = 3s;
  for (int i = 0; i < 100; ++i) {
    bench.aws.faults["associate_address"].push_back(
        {Fault::When::before, {Code::unavailable, "no route to host"}});
  }
  const Instant begun = bench.clock.now();
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 6);
  CHECK(status.error().message.starts_with("Timeout occurred."));
  CHECK(bench.clock.now() - begun <= bench.time_limit);
  CHECK(bench.clock.now() - begun > bench.time_limit / 2);
}

TEST_CASE("a cancelled association ends at once and says so") {
  Bench bench;
  Context context = bench.context();
  auto task = bench.type.activate(bench.params, context);
  task.start();
  bench.clock.advance(5ms);
  REQUIRE_FALSE(task.done());
  bench.cancellation.request();
  REQUIRE(task.done());
  CHECK(task.take().error().code == Code::cancelled);
  CHECK(bench.aws.in_flight == 0);
}

TEST_CASE("deactivation ends our own association and no other") {
  Bench bench;
  CHECK(bench.deactivate().has_value());
  CHECK(bench.address().eni == peer_eni);
  CHECK(bench.aws.count("disassociate_address") == 0);

  REQUIRE(bench.activate().has_value());
  CHECK(bench.deactivate().has_value());
  CHECK(bench.address().eni.empty());
  CHECK(bench.deactivate().has_value());
  CHECK(bench.warnings.empty());
}

TEST_CASE("an association that another node replaces meanwhile is not ended") {
  Bench bench;
  REQUIRE(bench.activate().has_value());
  // What is described is ours, what is true is the peer's.
  bench.aws.stale_address = bench.address();
  bench.aws.stale_address_reads = 1;
  bench.held_by(peer_eni);
  CHECK(bench.deactivate().has_value());
  CHECK(bench.address().eni == peer_eni);
  CHECK(bench.aws.count("disassociate_address") == 1);
  CHECK(bench.warnings.empty());
}

TEST_CASE("an AWS that does not answer keeps no node from stopping") {
  for (const char* verb : {"identity", "address", "disassociate_address"}) {
    CAPTURE(std::string(verb));
    Bench bench;
    bench.params["eni_id"] = std::string();
    REQUIRE(bench.activate().has_value());
    bench.aws.faults[verb] = {{Fault::When::before, {}, true}};
    CHECK(bench.deactivate().has_value());
    REQUIRE(bench.warnings.size() == 1);
    CHECK(holds(bench.warnings[0], allocation));
    CHECK(holds(bench.warnings[0], "may still be associated"));
  }
}

TEST_CASE("the address's monitor tells healthy, gone and unknown apart") {
  Bench bench;
  REQUIRE(bench.activate().has_value());
  bench.held_by("");
  Health health = bench.check();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(monitor_error_text(MonitorName("awseipw1"), health)
            .starts_with("Monitor awseipw1 detected an error. (7 : The EIP address does not "
                         "exist."));
  CHECK(holds(health.message, "associated with nothing"));

  bench.aws.faults["address"] = {{Fault::When::before, {}, true}};
  health = bench.check();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 6);
  bench.aws.faults["address"] = {{}};
  health = bench.check();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 5);
  CHECK(bench.aws.count("associate_address") == 1);
}

}  // namespace
}  // namespace mainstay
