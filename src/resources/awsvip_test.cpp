// awsvip against an EC2 that throttles, denies, forgets and describes the past.
#include <doctest/doctest.h>

#include "resources/testing.h"

namespace mainstay {
namespace {

using testing::Fault;
using testing::holds;

constexpr auto vip = "10.1.0.20/32";
constexpr auto own_eni = "eni-0a1b2c3d4e5f60711";
constexpr auto peer_eni = "eni-0a1b2c3d4e5f60712";
constexpr auto vpc = "vpc-0a1b2c3d4e5f60718";

AwsRouteTable table(const std::string& id, const std::string& name, const std::string& holder) {
  AwsRouteTable made{id, name, false, {"subnet-" + id}, {{"10.0.0.0/16", "", "local", true}}};
  if (!holder.empty()) made.routes.push_back({vip, holder, "", true});
  return made;
}

// Figure 4-1 after a failure of server2: three tables that still send the VIP there.
struct Bench : testing::ResourceBench {
  Bench()
      : ResourceBench("awsvip", {{"ip", std::string("10.1.0.20")},
                                 {"vpc_id", std::string(vpc)},
                                 {"eni_id", std::string(own_eni)}}) {
    aws.tables = {table("rtb-1", "Public-AB", peer_eni), table("rtb-2", "Private-A", peer_eni),
                  table("rtb-3", "Private-B", peer_eni)};
    const AwsInterface own{own_eni, "02:00:00:00:00:01", vpc, "", "", "", "10.0.110.10", false};
    aws.interfaces[own_eni] = own;
    aws.self = {"i-0a1b2c3d4e5f60711", "ap-northeast-1", "ap-northeast-1a", {own}};
    host.macs = {{"02:00:00:00:00:01", "ens5"}};
    facts.previous_node = NodeName("server2");
    facts.cause = StartCause::failover;
  }
  std::string holder(const std::string& id) { return aws.route(id, vip).eni; }
  bool all_ours() {
    return holder("rtb-1") == own_eni && holder("rtb-2") == own_eni && holder("rtb-3") == own_eni;
  }
};

TEST_CASE("a failover points every route at this node and adds the address") {
  Bench bench;
  CHECK(bench.activate().has_value());
  CHECK(bench.all_ours());
  CHECK(bench.host.addresses["10.1.0.20"] == "ens5");
  CHECK(bench.aws.count("replace_route") == 3);
  CHECK(bench.warnings.empty());
  CHECK(bench.steps.size() == 3);
}

TEST_CASE("clients are served after two round trips, and it is certain after three") {
  Bench bench;
  const Instant begun = bench.clock.now();
  CHECK(bench.activate().has_value());
  CHECK(bench.clock.now() - begun == 3 * bench.aws.latency);
  // Three routes and the metadata of the interface at the same time.
  CHECK(bench.aws.in_flight_max == 4);
}

TEST_CASE("an address inside the VPC is refused before anything is changed") {
  Bench bench;
  bench.aws.cidrs = {"10.0.0.0/16", "10.1.0.0/24"};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 7);
  CHECK(start_failure_text(ResourceName("awsvip1"), status.error())
            .starts_with("Failed to start the resource awsvip1. (7 : The VIP address belongs to a "
                         "VPC subnet."));
  CHECK(holds(status.error().message, "10.1.0.0/24"));
  CHECK(bench.aws.count("replace_route") == 0);
  CHECK(bench.host.addresses.empty());
}

TEST_CASE("ranges that EC2 does not tell are a warning, not a failure") {
  Bench bench;
  bench.aws.faults["vpc_cidrs"] = {{Fault::When::before, {Code::throttled, "Rate exceeded"}}};
  CHECK(bench.activate().has_value());
  REQUIRE(bench.warnings.size() == 1);
  CHECK(holds(bench.warnings[0], "could not check"));
}

TEST_CASE("without a route in any table there is nothing to switch") {
  Bench bench;
  bench.aws.tables = {table("rtb-1", "", "")};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 11);
  CHECK(holds(status.error().message, vip));
  CHECK(holds(status.error().message, vpc));
  CHECK(bench.host.addresses.empty());
}

TEST_CASE("an EC2 that is out of order for a while is asked until it answers") {
  for (const char* verb : {"route_tables", "identity", "network_interface"}) {
    CAPTURE(std::string(verb));
    Bench bench;
    bench.params["eni_id"] = std::string();
    const Fault silent{Fault::When::before, {}, true};
    const Fault broken{Fault::When::before, {Code::unavailable, "503"}, false};
    bench.aws.faults[verb] = {silent, broken, broken, silent};
    CHECK(bench.activate().has_value());
    CHECK(bench.all_ours());
    CHECK(bench.host.addresses["10.1.0.20"] == "ens5");
  }
}

TEST_CASE("neither metadata nor EC2 tell the interface at first") {
  Bench bench;
  const Fault broken{Fault::When::before, {Code::unavailable, "503"}, false};
  bench.aws.faults["identity"] = {broken, broken};
  bench.aws.faults["network_interface"] = {broken, broken};
  CHECK(bench.activate().has_value());
  CHECK(bench.all_ours());
  CHECK(bench.host.addresses["10.1.0.20"] == "ens5");
}

TEST_CASE("a throttled route is replaced again, the others are not") {
  Bench bench;
  bench.aws.faults["replace_route rtb-2"] = {{}, {}};
  CHECK(bench.activate().has_value());
  CHECK(bench.all_ours());
  CHECK(bench.aws.count("replace_route rtb-2") == 3);
  CHECK(bench.aws.count("replace_route rtb-1") == 1);
}

TEST_CASE("a replacement whose reply was lost is asked for again: a reading may be of the past") {
  for (const auto when : {Fault::When::before, Fault::When::after}) {
    Bench bench;
    bench.aws.faults["replace_route rtb-3"] = {{when, {Code::outcome_unknown, "connection reset"}}};
    bench.aws.stale_tables = {table("rtb-1", "", own_eni), table("rtb-2", "", own_eni),
                              table("rtb-3", "", own_eni)};
    bench.aws.stale_reads = 3;
    CHECK(bench.activate().has_value());
    CHECK(bench.all_ours());
    CHECK(bench.aws.count("replace_route rtb-3") == 2);
    CHECK(bench.aws.count("replace_route rtb-1") == 1);
  }
}

TEST_CASE("a replacement that gets no answer at all is asked for again") {
  Bench bench;
  bench.aws.faults["replace_route rtb-3"] = {{Fault::When::before, {}, true}};
  CHECK(bench.activate().has_value());
  CHECK(bench.all_ours());
  CHECK(bench.aws.count("replace_route rtb-3") == 2);
}

TEST_CASE("a route that was replaced again when the time is over is as good as any") {
  int activated = 0;
  for (Duration limit = 10ms; limit <= 500ms; limit += 10ms) {
    CAPTURE(to_text(limit));
    Bench bench;
    bench.time_limit = limit;
    bench.aws.faults["replace_route rtb-3"] = {
        {Fault::When::after, {Code::outcome_unknown, "connection reset"}}};
    const Status status = bench.activate();
    if (status) ++activated;
    if (status) CHECK(bench.all_ours());
  }
  CHECK(activated > 0);
}

TEST_CASE("a stale reading after the write is waited out without writing again") {
  Bench bench;
  bench.aws.stale_tables = bench.aws.tables;
  bench.aws.stale_reads = 4;
  CHECK(bench.activate().has_value());
  CHECK(bench.all_ours());
  CHECK(bench.aws.count("replace_route") == 3);
}

TEST_CASE("a route that looks right is replaced too if another node was the last to write") {
  Bench bench;
  bench.aws.stale_tables = {table("rtb-1", "", own_eni), table("rtb-2", "", own_eni),
                            table("rtb-3", "", own_eni)};
  // The reading that is to confirm it is stale as well.
  bench.aws.stale_reads = 2;
  CHECK(bench.activate().has_value());
  CHECK(bench.all_ours());
}

TEST_CASE("a restart in place writes routes that look right, too") {
  Bench bench;
  bench.facts.previous_node = NodeName("server1");
  bench.aws.stale_tables = {table("rtb-1", "", own_eni), table("rtb-2", "", own_eni),
                            table("rtb-3", "", own_eni)};
  // Somebody's hand changed one since, and the reading that is to confirm is stale as well.
  bench.aws.stale_reads = 2;
  CHECK(bench.activate().has_value());
  CHECK(bench.aws.count("replace_route") == 3);
  CHECK(bench.all_ours());
}

TEST_CASE("a denied replacement fails at once and names the table") {
  Bench bench;
  bench.aws.faults["replace_route rtb-2"] = {
      {Fault::When::before, {Code::denied, "You are not authorized to perform: ec2:ReplaceRoute"}}};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 5);
  CHECK(status.error().code == Code::denied);
  CHECK(status.error().message.starts_with("the AWS CLI command failed."));
  CHECK(holds(status.error().message, "rtb-2 (Private-A)"));
  CHECK(holds(status.error().message, "ec2:ReplaceRoute"));
}

TEST_CASE("AWS's own sentence stands first when an id does not exist") {
  Bench bench;
  bench.aws.faults["route_tables"] = {
      {Fault::When::before, {Code::not_found, "The vpc ID 'vpc-1' does not exist"}}};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 5);
  CHECK(status.error().message.starts_with("The vpc ID 'vpc-1' does not exist"));
}

TEST_CASE("an endpoint out of reach is a time-out, after as long as there is") {
  Bench bench;
  bench.time_limit = 3s;
  for (int i = 0; i < 100; ++i) {
    bench.aws.faults["replace_route"].push_back(
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

TEST_CASE("a route that somebody else keeps taking away is told with its holder") {
  Bench bench;
  bench.aws.stale_tables = bench.aws.tables;
  bench.aws.stale_reads = 1'000;
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == Code::conflict);
  CHECK(status.error().number == 8);
  CHECK(holds(status.error().message, "rtb-1 (Public-AB)"));
  CHECK(holds(status.error().message, peer_eni));
  // It was told again while there was time.
  CHECK(bench.aws.count("replace_route rtb-1") > 1);
}

TEST_CASE("an address that is there already is no obstacle") {
  Bench bench;
  bench.host.addresses["10.1.0.20"] = "ens5";
  CHECK(bench.activate().has_value());
  CHECK(bench.host.addresses.size() == 1);
}

TEST_CASE("an address that cannot be added fails with its interface") {
  Bench bench;
  bench.host.address_error = Error{Code::denied, "operation not permitted"};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 8);
  CHECK(holds(status.error().message, "ens5"));
}

TEST_CASE("Source/Dest. Check is warned of") {
  Bench bench;
  bench.aws.interfaces[own_eni].source_dest_check = true;
  CHECK(bench.activate().has_value());
  REQUIRE(bench.warnings.size() == 1);
  CHECK(holds(bench.warnings[0], "Source/Dest. Check of eni-0a1b2c3d4e5f60711"));
}

TEST_CASE("a table with subnets that lacks the route is warned of") {
  Bench bench;
  bench.aws.tables.push_back(table("rtb-4", "Private-C", ""));
  bench.aws.tables.push_back({"rtb-5", "unused", false, {}, {}});
  CHECK(bench.activate().has_value());
  REQUIRE(bench.warnings.size() == 1);
  CHECK(holds(bench.warnings[0], "rtb-4 (Private-C)"));
}

TEST_CASE("a cancelled activation ends at once and says so") {
  Bench bench;
  Context context = bench.context();
  auto task = bench.type.activate(bench.params, context);
  task.start();
  bench.clock.advance(15ms);
  REQUIRE_FALSE(task.done());
  CHECK(bench.aws.in_flight == 4);
  bench.cancellation.request();
  REQUIRE(task.done());
  const Status status = task.take();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == Code::cancelled);
  CHECK(bench.aws.in_flight == 0);
}

TEST_CASE("a pause between two readings can be called off") {
  Bench bench;
  bench.aws.stale_tables = bench.aws.tables;
  bench.aws.stale_reads = 1'000;
  Context context = bench.context();
  auto task = bench.type.activate(bench.params, context);
  task.start();
  while (bench.aws.in_flight > 0 || bench.aws.count("route_tables") < 9) bench.clock.step();
  REQUIRE_FALSE(task.done());
  bench.cancellation.request();
  while (!task.done()) bench.clock.step();
  CHECK(task.take().error().code == Code::cancelled);
  CHECK(bench.aws.count("route_tables") <= 10);
}

TEST_CASE("ids that are left out are asked from the metadata service") {
  Bench bench;
  bench.params["vpc_id"] = std::string();
  bench.params["eni_id"] = std::string();
  CHECK(bench.activate().has_value());
  CHECK(bench.all_ours());
}

TEST_CASE("an ENI of another instance is refused with the node's name") {
  Bench bench;
  bench.params["vpc_id"] = std::string();
  bench.params["eni_id"] = std::string(peer_eni);
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 5);
  CHECK(status.error().message.starts_with("The networkInterface ID 'eni-0a1b2c3d4e5f60712'"));
  CHECK(holds(status.error().message, "server1"));
}

TEST_CASE("a silent metadata service is replaced by EC2's word") {
  Bench bench;
  bench.aws.faults["identity"] = {{Fault::When::before, {Code::unavailable, "no route"}}};
  CHECK(bench.activate().has_value());
  CHECK(bench.host.addresses["10.1.0.20"] == "ens5");
}

TEST_CASE("a configured interface needs no search") {
  Bench bench;
  bench.params["interface"] = std::string("eth7");
  CHECK(bench.activate().has_value());
  CHECK(bench.host.addresses["10.1.0.20"] == "eth7");
  CHECK(bench.aws.count("identity") == 0);
}

TEST_CASE("an IPv6 address is a /128 and is compared as an address") {
  Bench bench;
  bench.params["ip"] = std::string("fd00:0::20");
  bench.aws.tables = {{"rtb-1", "", false, {}, {{"fd00::20/128", peer_eni, "", true}}}};
  CHECK(bench.activate().has_value());
  CHECK(bench.aws.route("rtb-1", "fd00::20/128").eni == own_eni);
  CHECK(bench.check() == healthy());
}

TEST_CASE("C1.13: in a VPC that another account shares, the ENI is all there is to go by") {
  Bench bench;
  bench.aws.interfaces[own_eni].instance.clear();
  bench.aws.interfaces[own_eni].vpc.clear();
  CHECK(bench.activate().has_value());
  CHECK(bench.all_ours());
  CHECK(bench.check() == healthy());
  CHECK(bench.aws.count("instance") == 0);
}

TEST_CASE("the route tables are those of this node's own VPC") {
  Bench bench;
  bench.params["vpc_id"] = std::string("vpc-0a1b2c3d4e5f60799");
  CHECK(bench.activate().has_value());
  CHECK(bench.aws.count("route_tables vpc-0a1b2c3d4e5f60799") > 0);
  CHECK(bench.aws.count("route_tables") == bench.aws.count("route_tables vpc-0a1b2c3d4e5f60799"));
}

TEST_CASE("deactivation removes the address and leaves the routes") {
  Bench bench;
  REQUIRE(bench.activate().has_value());
  const auto calls = bench.aws.calls.size();
  CHECK(bench.deactivate().has_value());
  CHECK(bench.host.addresses.empty());
  CHECK(bench.all_ours());
  // AWS is not needed to let go.
  CHECK(bench.aws.calls.size() == calls);
  CHECK(bench.deactivate().has_value());
}

TEST_CASE("the monitor tells healthy, absent, changed and unknown apart") {
  Bench bench;
  REQUIRE(bench.activate().has_value());
  CHECK(bench.check() == healthy());

  bench.aws.route("rtb-2", vip).eni = peer_eni;
  Health health = bench.check();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(health.number == 8);
  CHECK(monitor_error_text(MonitorName("awsvipw1"), health)
            .starts_with("Monitor awsvipw1 detected an error. (8 : The routing for VIP was "
                         "changed."));
  CHECK(holds(health.message, "rtb-2 (Private-A)"));
  CHECK(holds(health.message, peer_eni));

  bench.host.addresses.clear();
  health = bench.check();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(health.number == 7);

  bench.host.addresses["10.1.0.20"] = "ens5";
  bench.aws.faults["route_tables"] = {{Fault::When::before, {}, true}};
  health = bench.check();
  CHECK(health.verdict == Verdict::unknown);
  CHECK(health.number == 6);
  CHECK(monitor_warning_text(MonitorName("awsvipw1"), health)
            .starts_with("Monitor awsvipw1 is in the warning status. (106 : Timeout occurred."));

  bench.aws.tables = {table("rtb-1", "", "")};
  health = bench.check();
  CHECK(health.verdict == Verdict::unhealthy);
  CHECK(health.number == 8);
}

}  // namespace
}  // namespace mainstay
