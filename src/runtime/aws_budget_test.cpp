#include "runtime/aws_budget.h"

#include <doctest/doctest.h>

#include "ports/testing.h"

namespace mainstay {
namespace {

using testing::Fault;

struct World {
  testing::FakeClock clock;
  testing::FakeAws aws{clock};
  AwsBudget budget{aws, clock};

  World() { aws.tables = {{"rtb-1", "", true, {}, {{"10.1.0.20/32", "eni-a", "", true}}}}; }
  Call within(Duration limit = 10s) { return {clock.now() + limit, {}}; }
  // Each time by another monitor.
  Task<Result<std::vector<AwsRouteTable>>> read(const std::string& vpc = "vpc-1") {
    return by("monitor" + std::to_string(++monitors)).route_tables(vpc, within());
  }
  Aws& by(const std::string& monitor) { return budget.for_monitor(MonitorName(monitor)); }
  int monitors = 0;
  std::string target(Task<Result<std::vector<AwsRouteTable>>> task) {
    const auto tables = testing::run(clock, std::move(task));
    return tables ? tables->front().routes.front().eni : tables.error().message;
  }
};

TEST_CASE("one reading of a VPC's route tables serves all its monitors for a while") {
  World world;
  for (int i = 0; i < 3; ++i) CHECK(world.target(world.read()) == "eni-a");
  CHECK(world.aws.count("route_tables") == 1);
  CHECK(world.target(world.read("vpc-2")) == "eni-a");
  CHECK(world.aws.count("route_tables") == 2);
  world.clock.advance(AwsBudget::merge_within + 1s);
  CHECK(world.target(world.read()) == "eni-a");
  CHECK(world.aws.count("route_tables vpc-1") == 2);
}

TEST_CASE("a monitor that looks again is not shown what it has seen before") {
  World world;
  Aws& monitor = world.by("awsvipw1");
  CHECK(world.target(monitor.route_tables("vpc-1", world.within())) == "eni-a");
  world.aws.route("rtb-1", "10.1.0.20/32").eni = "eni-b";
  CHECK(world.target(world.read()) == "eni-a");
  CHECK(world.target(monitor.route_tables("vpc-1", world.within())) == "eni-b");
  CHECK(world.target(world.read()) == "eni-b");
  CHECK(world.aws.count("route_tables") == 2);
}

TEST_CASE("monitors that ask at the same time share one question") {
  World world;
  std::vector<Task<Result<std::vector<AwsRouteTable>>>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(world.read());
  for (auto& task : tasks) task.start();
  world.clock.advance(1s);
  for (auto& task : tasks) {
    REQUIRE(task.done());
    CHECK(task.take().has_value());
  }
  CHECK(world.aws.count("route_tables") == 1);
}

TEST_CASE("who waits for another's answer waits no longer than it may") {
  World world;
  world.aws.faults["route_tables"] = {{Fault::When::before, {}, true}};
  auto first = world.read();
  first.start();
  auto second = world.by("one more").route_tables("vpc-1", world.within(100ms));
  second.start();
  const Cancellation cancellation;
  auto third =
      world.by("and one more").route_tables("vpc-1", Call(world.clock.now() + 5s, cancellation));
  third.start();
  cancellation.request();
  REQUIRE(third.done());
  CHECK(third.take().error().code == Code::cancelled);
  world.clock.advance(200ms);
  REQUIRE(second.done());
  CHECK(second.take().error().code == Code::timed_out);
  CHECK_FALSE(first.done());
  world.clock.advance(10s);
  CHECK(first.take().error().code == Code::timed_out);
}

TEST_CASE("what was read before this node changed a route is not shown again") {
  World world;
  CHECK(world.target(world.read()) == "eni-a");
  CHECK(testing::run(world.clock, world.budget.for_recipes().replace_route("rtb-1", "10.1.0.20/32",
                                                                           "eni-b", world.within()))
            .has_value());
  CHECK(world.target(world.read()) == "eni-b");
  // Neither is what was being read meanwhile.
  auto reading = world.read("vpc-2");
  reading.start();
  auto change =
      world.budget.for_recipes().replace_route("rtb-1", "10.1.0.20/32", "eni-c", world.within());
  change.start();
  world.clock.advance(1s);
  CHECK(reading.take().has_value());
  CHECK(world.target(world.read("vpc-2")) == "eni-c");
  CHECK(world.aws.count("route_tables vpc-2") == 2);
}

TEST_CASE("recipes are never served with what somebody else has read") {
  World world;
  CHECK(world.target(world.read()) == "eni-a");
  world.aws.route("rtb-1", "10.1.0.20/32").eni = "eni-x";
  CHECK(world.target(world.budget.for_recipes().route_tables("vpc-1", world.within())) == "eni-x");
}

TEST_CASE("a throttled account silences monitors first, longer each time, and no recipe") {
  World world;
  Aws& monitors = world.by("monitor");
  const auto ask = [&] { return testing::run(world.clock, monitors.address("e", world.within())); };
  world.aws.addresses["e"] = {"e", "", "", "", ""};
  world.aws.faults["address"] = {{}, {}};
  CHECK(ask().error().code == Code::throttled);
  const auto silenced = ask();
  CHECK(silenced.error().code == Code::throttled);
  CHECK(silenced.error().message.find("too many calls") != std::string::npos);
  CHECK(world.target(world.read()).find("too many calls") != std::string::npos);
  CHECK(world.aws.calls.size() == 1);
  CHECK(testing::run(world.clock, world.budget.for_recipes().route_tables("v", world.within())));

  world.clock.advance(AwsBudget::pause_min);
  CHECK(ask().error().code == Code::throttled);
  world.clock.advance(AwsBudget::pause_min + 1s);
  CHECK(ask().error().code == Code::throttled);
  CHECK(world.aws.count("address") == 2);
  world.clock.advance(AwsBudget::pause_min);
  CHECK(ask().has_value());
  CHECK(ask().has_value());
  CHECK(world.aws.count("address") == 4);
}

}  // namespace
}  // namespace mainstay
