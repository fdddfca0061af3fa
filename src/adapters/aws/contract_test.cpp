// The real adapter, from environment variables to HTTP, held to the contract of the port.
#include <doctest/doctest.h>

#include "adapters/aws/canned_ec2.h"
#include "adapters/aws/connection.h"
#include "adapters/http/poll_loop.h"
#include "adapters/http/test_run.h"
#include "ports/aws_contract.h"

namespace mainstay::aws {
namespace {

using Mood = CannedEc2::Mood;

struct World {
  CannedEc2 ec2;
  PollLoop loop;
  std::unique_ptr<Connection> connection;

  explicit World(Environment extra = {}) {
    Environment environment = {{"AWS_ENDPOINT_URL_EC2", ec2.url()},
                               {"AWS_EC2_METADATA_SERVICE_ENDPOINT", ec2.url()}};
    environment.merge(extra);
    auto opened = Connection::open(loop, loop, environment, Random(1));
    REQUIRE(opened.has_value());
    connection = std::move(*opened);
  }
  Call within(Duration limit = 10s) { return {loop.now() + limit, {}}; }
};

AwsInterface interface(const std::string& letter) {
  return {.id = "eni-" + letter,
          .mac = "02:00:00:00:00:0" + letter,
          .vpc = "vpc-1",
          .subnet = "subnet-" + letter,
          .zone = "eu-west-1" + letter,
          .instance = "i-" + letter,
          .private_ip = "10.0.1.10",
          .source_dest_check = false};
}

TEST_CASE("EC2's adapter keeps the contract of the port") {
  World world;
  AwsContractWorld contract{
      .aws = world.connection->aws(),
      .clock = world.loop,
      .run_until = [&](const std::function<bool()>& done) { world.loop.run_until(done); },
      .self = AwsIdentity{"i-a", "eu-west-1", "eu-west-1a", {interface("a")}},
      .vpc = "vpc-1",
      .cidrs = {"10.0.0.0/16", "10.9.0.0/16", "2001:db8::/56"},
      .tables = {"rtb-1", "rtb-2", "rtb-3"},
      .table = "rtb-3",
      .destination = "10.1.0.20/32",
      .here = interface("a"),
      .there = interface("b"),
      .allocation = "eipalloc-1",
      .secondary = "10.0.1.100",
      .zone = "eu-west-1a",
      .running_instance = "i-a",
      .expendable_instance = "i-b",
      .throttle = [&] { world.ec2.set(Mood::throttling); },
      .deny = [&] { world.ec2.set(Mood::denying); },
      .be_silent = [&] { world.ec2.set(Mood::silent); },
      .lose_answers = [&] { world.ec2.set(Mood::losing_answers); },
      .heal = [&] { world.ec2.set(Mood::well); },
      .call_limit = 4s,
      .poll_pause = 1ms};
  const auto broken = broken_aws_clauses(contract);
  for (const auto& sentence : broken) MESSAGE(sentence);
  CHECK(broken.empty());
}

TEST_CASE("an instance needs no settings but those of its metadata service") {
  World world;
  const auto tables =
      run(world.loop, world.connection->aws().route_tables("vpc-1", world.within()));
  REQUIRE(tables.has_value());
  const auto last = world.ec2.requests().back();
  CHECK(header_value(last.headers, "Authorization").find("Credential=ASIAROLE/") !=
        std::string_view::npos);
  CHECK(header_value(last.headers, "Authorization").find("/eu-west-1/ec2/") !=
        std::string_view::npos);
  CHECK(header_value(last.headers, "X-Amz-Security-Token") == "role-token");
}

TEST_CASE("keys and region of the environment go before those of the instance") {
  World world({{"AWS_ACCESS_KEY_ID", "AKIAENV"},
               {"AWS_SECRET_ACCESS_KEY", "s"},
               {"AWS_REGION", "ap-northeast-1"}});
  CHECK(run(world.loop, world.connection->aws().vpc_cidrs("vpc-1", world.within())).has_value());
  REQUIRE(world.ec2.requests().size() == 1);
  CHECK(
      header_value(world.ec2.requests()[0].headers, "Authorization").find("Credential=AKIAENV/") !=
      std::string_view::npos);
  CHECK(
      header_value(world.ec2.requests()[0].headers, "Authorization").find("/ap-northeast-1/ec2/") !=
      std::string_view::npos);
}

TEST_CASE("one connection serves one question after the other") {
  World world({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_REGION", "r"}});
  for (int i = 0; i < 3; ++i) {
    CHECK(run(world.loop, world.connection->aws().vpc_cidrs("vpc-1", world.within())).has_value());
  }
  for (const auto& request : world.ec2.requests()) CHECK(request.connection == 1);
}

TEST_CASE("a connection that was warmed asks at once: credentials, place and TCP are there") {
  World world;
  world.connection->warm();
  world.connection->warm();  // It is being done.
  world.loop.run_until([&] { return !world.connection->is_warming(); });
  const std::size_t before = world.ec2.requests().size();
  CHECK(run(world.loop, world.connection->aws().vpc_cidrs("vpc-1", world.within())).has_value());
  const auto requests = world.ec2.requests();
  REQUIRE(requests.size() == before + 1);
  CHECK(requests[before].connection == requests[before - 1].connection);
}

TEST_CASE("a connection that cannot be warmed does not mind, and may go meanwhile") {
  World world;
  world.ec2.set(Mood::silent);
  world.connection->warm();
  world.loop.run_until([&] {
    const auto requests = world.ec2.requests();
    return !requests.empty() && requests.back().target == "/";
  });
  world.connection.reset();
  world.loop.run_once(world.loop.now());
}

TEST_CASE("the connection can go while a question is under way") {
  World world({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_REGION", "r"}});
  world.ec2.set(Mood::silent);
  {
    auto task = world.connection->aws().vpc_cidrs("vpc-1", world.within());
    task.start();
    world.loop.run_until([&] { return !world.ec2.requests().empty(); });
  }
  world.connection.reset();
  world.loop.run_once(world.loop.now());
}

}  // namespace
}  // namespace mainstay::aws
