// awssip against an EC2 that throttles, denies, forgets and describes the past.
#include <doctest/doctest.h>

#include "resources/testing.h"

namespace mainstay {
namespace {

using testing::Fault;
using testing::holds;

constexpr auto ip = "10.0.10.100";
constexpr auto own_eni = "eni-0a1b2c3d4e5f60711";
constexpr auto peer_eni = "eni-0a1b2c3d4e5f60712";

struct Bench : testing::ResourceBench {
  Bench() : ResourceBench("awssip", {{"ip", std::string(ip)}, {"eni_id", std::string(own_eni)}}) {
    AwsInterface own;
    own.id = own_eni;
    own.mac = "02:00:00:00:00:01";
    aws.self = {"i-0a1b2c3d4e5f60711", "ap-northeast-1", "ap-northeast-1a", {own}};
    aws.interfaces[own_eni] = own;
    aws.interfaces[peer_eni].secondary_ips = {ip};
    host.macs = {{"02:00:00:00:00:01", "ens5"}};
  }
  bool is_ours() {
    return aws.interfaces[own_eni].secondary_ips == std::vector<std::string>{ip} &&
           aws.interfaces[peer_eni].secondary_ips.empty() && host.addresses[ip] == "ens5";
  }
};

TEST_CASE(
    "a failover takes the secondary address from the other ENI and puts it on the interface") {
  Bench bench;
  const Instant begun = bench.clock.now();
  CHECK(bench.activate().has_value());
  CHECK(bench.is_ours());
  CHECK(bench.clock.now() - begun == 2 * bench.aws.latency);
  CHECK(bench.aws.count("assign_private_ip") == 1);
  CHECK(bench.check() == healthy());
}

TEST_CASE("an assignment is made again until EC2 has answered: a reading may be of the past") {
  Bench bench;
  bench.aws.faults["assign_private_ip"] = {{}, {Fault::When::before, {}, true}};
  CHECK(bench.activate().has_value());
  CHECK(bench.is_ours());
  CHECK(bench.aws.count("assign_private_ip") == 3);

  Bench lost;
  lost.aws.faults["assign_private_ip"] = {{Fault::When::after, {Code::outcome_unknown, "reset"}}};
  CHECK(lost.activate().has_value());
  CHECK(lost.aws.count("assign_private_ip") == 2);
}

TEST_CASE("an address outside the subnet is EC2's to refuse, at once and in its own words") {
  Bench bench;
  bench.aws.faults["assign_private_ip"] = {
      {Fault::When::before, {Code::invalid, "Address does not fall within the subnet"}}};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 5);
  CHECK(holds(status.error().message, "Address does not fall within the subnet"));
  CHECK(bench.aws.count("assign_private_ip") == 1);
}

TEST_CASE("an interface that cannot be changed fails with its name") {
  Bench bench;
  bench.host.address_error = Error{Code::denied, "operation not permitted"};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 8);
  CHECK(holds(status.error().message, "ens5"));
}

TEST_CASE("an assigned address that EC2 never shows is told as taken away") {
  Bench bench;
  bench.time_limit = 12s;
  for (int i = 0; i < 100; ++i) {
    bench.aws.faults["assign_private_ip"].push_back(
        {Fault::When::before, {Code::outcome_unknown, "reset"}});
  }
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 6);
  CHECK(bench.aws.count("assign_private_ip") > 3);
}

TEST_CASE("deactivation takes the address from the interface and asks nothing of AWS") {
  Bench bench;
  REQUIRE(bench.activate().has_value());
  const auto calls = bench.aws.calls.size();
  CHECK(bench.deactivate().has_value());
  CHECK(bench.host.addresses.empty());
  CHECK(bench.deactivate().has_value());
  CHECK(bench.aws.calls.size() == calls);
}

TEST_CASE("a cancelled assignment ends at once") {
  Bench bench;
  Context context = bench.context();
  auto task = bench.type.activate(bench.params, context);
  task.start();
  bench.clock.advance(5ms);
  bench.cancellation.request();
  REQUIRE(task.done());
  CHECK(task.take().error().code == Code::cancelled);
}

TEST_CASE("the secondary address's monitor tells healthy, absent, changed and unknown apart") {
  Bench bench;
  bench.params["eni_id"] = std::string();
  REQUIRE(bench.activate().has_value());
  CHECK(bench.check() == healthy());

  bench.aws.interfaces[own_eni].secondary_ips = {"10.0.10.10"};  // similar is not the same
  Health health = bench.check();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(health.number == 8);
  CHECK(holds(health.message, own_eni));

  bench.aws.faults["network_interface"] = {{Fault::When::before, {}, true}};
  health = bench.check();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 6);

  bench.host.addresses.clear();
  health = bench.check();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(health.number == 7);
}

TEST_CASE("only a unicast IPv4 address can be a secondary one") {
  const TypeSchema& schema = find_resource_type("awssip")->schema;
  Params params = {{"ip", std::string(ip)}};
  CHECK(schema.laws(params).empty());
  params["ip"] = std::string("fd00::1");
  CHECK(schema.laws(params).size() == 1);
  params["ip"] = std::string("224.0.0.1");
  CHECK(schema.laws(params).size() == 1);
}

}  // namespace
}  // namespace mainstay
