// EC2 asked by the AWS CLI: the same contract as for the native back end, and what is its own.
#include <doctest/doctest.h>

#include "adapters/aws/canned_ec2.h"
#include "adapters/aws/canned_route53.h"
#include "adapters/aws/connection.h"
#include "adapters/aws/names_contract.h"
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

  explicit World(const Environment& extra = {}) {
    Environment environment = process_environment();
    for (const auto& [name, value] : Environment{{"AWS_ENDPOINT_URL_EC2", ec2.url()},
                                                 {"AWS_EC2_METADATA_SERVICE_ENDPOINT", ec2.url()},
                                                 {"AWS_ACCESS_KEY_ID", "AKIACLI"},
                                                 {"AWS_SECRET_ACCESS_KEY", "hush"},
                                                 {"AWS_REGION", "eu-west-1"},
                                                 {"AWS_DEFAULT_REGION", "eu-west-1"}}) {
      environment[name] = value;
    }
    for (const auto& [name, value] : extra) environment[name] = value;
    auto opened = Connection::open(loop, loop, environment, Random(1), Backend::cli);
    REQUIRE(opened.has_value());
    connection = std::move(*opened);
  }
  Call within(Duration limit = 60s) { return {loop.now() + limit, {}}; }
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

TEST_CASE("the AWS CLI keeps the contract of the port") {
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
      // A tenth of it must be enough for a process to start and to ask.
      .call_limit = 120s,
      .poll_pause = 1ms};
  const auto broken = broken_aws_clauses(contract);
  for (const auto& sentence : broken) MESSAGE(sentence);
  CHECK(broken.empty());
}

TEST_CASE("the AWS CLI keeps the contract of names") {
  CannedRoute53 route53;
  const Environment place = {{"AWS_ENDPOINT_URL_ROUTE_53", route53.url()}};
  World world(place);
  using NamesMood = CannedRoute53::Mood;
  NamesContractWorld contract{
      .aws = world.connection->aws(),
      .clock = world.loop,
      .run_until = [&](const std::function<bool()>& done) { world.loop.run_until(done); },
      .zone = CannedRoute53::zone(),
      .name = "service.hz1.local.",
      .throttle = [&] { route53.set(NamesMood::throttling); },
      .deny = [&] { route53.set(NamesMood::denying); },
      .be_silent = [&] { route53.set(NamesMood::silent); },
      .heal = [&] { route53.set(NamesMood::well); },
      .call_limit = 120s};
  const auto broken = broken_names_clauses(contract);
  for (const auto& sentence : broken) MESSAGE(sentence);
  CHECK(broken.empty());
  for (const auto& request : route53.requests()) {
    CHECK(header_value(request.headers, "Authorization").find("/us-east-1/route53/") !=
          std::string_view::npos);
  }
}

TEST_CASE("it signs with the credentials and for the region of the environment") {
  World world;
  CHECK(run(world.loop, world.connection->aws().vpc_cidrs("vpc-1", world.within())).has_value());
  REQUIRE(world.ec2.requests().size() == 1);
  const std::string signature(header_value(world.ec2.requests()[0].headers, "Authorization"));
  CHECK(signature.find("Credential=AKIACLI/") != std::string::npos);
  CHECK(signature.find("/eu-west-1/ec2/") != std::string::npos);
}

TEST_CASE("CLP_AWS_CMD names the program; one that is not there is told by name") {
  const Environment program = {{"CLP_AWS_CMD", "/no/such/aws"}};
  World world(program);
  const auto result = run(world.loop, world.connection->aws().vpc_cidrs("vpc-1", world.within()));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("'/no/such/aws' cannot be run") != std::string::npos);
  CHECK(result.error().message.find("CLP_AWS_CMD") != std::string::npos);
  CHECK(world.ec2.requests().empty());
}

TEST_CASE("a program that is no AWS CLI is found out") {
  const Environment program = {{"CLP_AWS_CMD", "/bin/echo"}};
  World world(program);
  const auto result = run(world.loop, world.connection->aws().vpc_cidrs("vpc-1", world.within()));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("Is CLP_AWS_CMD the AWS CLI?") != std::string::npos);
}

}  // namespace
}  // namespace mainstay::aws
