#include "adapters/aws/metadata.h"

#include <doctest/doctest.h>

#include "adapters/aws/test_world.h"

namespace mainstay::aws {
namespace {

struct World {
  ManualClock clock;
  ScriptedHttp http{clock};
  Metadata metadata;

  explicit World(const std::string& endpoint = "http://169.254.169.254/")
      : metadata(clock, http.sender(), endpoint) {}

  Call within(Duration limit = 10s) { return {clock.now() + limit, {}}; }
  Result<std::string> read(const std::string& path, Duration limit = 10s) {
    return run(clock, metadata.read(path, within(limit)));
  }
};

TEST_CASE("a token is asked for once, and carried by every question") {
  World world;
  world.http.answers(200, "token-1");
  world.http.answers(200, "i-1");
  world.http.answers(200, "eu-west-1");
  CHECK(world.read("meta-data/instance-id").value() == "i-1");
  CHECK(world.read("meta-data/placement/region").value() == "eu-west-1");
  const auto& seen = world.http.seen;
  CHECK(seen.at(0).request.method == "PUT");
  CHECK(seen.at(0).request.url == "http://169.254.169.254/latest/api/token");
  CHECK(header_value(seen.at(0).request.headers, "X-aws-ec2-metadata-token-ttl-seconds") ==
        "21600");
  CHECK(seen.at(1).request.method == "GET");
  CHECK(seen.at(1).request.url == "http://169.254.169.254/latest/meta-data/instance-id");
  CHECK(header_value(seen.at(2).request.headers, "X-aws-ec2-metadata-token") == "token-1");
  for (const auto& each : seen) CHECK(each.request.proxy.empty());
}

TEST_CASE("a token is renewed before it ends, and when it is refused") {
  World world;
  for (const char* text : {"token-1", "a"}) world.http.answers(200, text);
  CHECK(world.read("x").value() == "a");
  world.clock.advance(6h);
  for (const char* text : {"token-2", "b"}) world.http.answers(200, text);
  CHECK(world.read("x").value() == "b");
  world.http.answers(401, "");
  for (const char* text : {"token-3", "c"}) world.http.answers(200, text);
  CHECK(world.read("x").value() == "c");
  CHECK(header_value(world.http.seen.back().request.headers, "X-aws-ec2-metadata-token") ==
        "token-3");
}

TEST_CASE("a service that refuses every token is not asked for ever") {
  World world;
  for (int i = 0; i < 2; ++i) {
    world.http.answers(200, "token");
    world.http.answers(401, "");
  }
  CHECK(world.read("x").error().code == Code::invalid);
  CHECK(world.http.script.empty());
}

TEST_CASE("nothing there is an answer, and is not asked again") {
  World world;
  world.http.answers(200, "token");
  world.http.answers(404, "");
  CHECK(world.read("meta-data/spot/instance-action").error().code == Code::not_found);
  CHECK(world.http.seen.size() == 2);
}

TEST_CASE("what passes is tried three times, one second each") {
  World world;
  world.http.is_silent();
  world.http.fails(HttpProblem::unreachable, false);
  world.http.answers(200, "token");
  world.http.answers(200, "yes");
  const Instant began = world.clock.now();
  CHECK(world.read("x").value() == "yes");
  CHECK(world.http.seen.at(0).deadline - began == 1s);
}

TEST_CASE("a service out of reach says what to look at") {
  World world;
  for (int i = 0; i < 3; ++i) world.http.is_silent();
  const auto answer = world.read("x");
  CHECK(answer.error().code == Code::timed_out);
  CHECK(answer.error().message.find("IMDSv2") != std::string::npos);
  CHECK(answer.error().message.find("hop limit must be 2") != std::string::npos);
  CHECK(world.clock.now() - Instant() < 4s);
}

TEST_CASE("a service that is turned off has denied it") {
  World world;
  world.http.answers(403, "");
  CHECK(world.read("x").error().code == Code::denied);
}

TEST_CASE("a service that must not be asked is not asked") {
  ManualClock clock;
  ScriptedHttp http(clock);
  Metadata metadata(clock, http.sender(), "");
  const Call call{clock.now() + 1s, {}};
  CHECK(run(clock, metadata.read("x", call)).error().code == Code::not_found);
  CHECK(http.seen.empty());
}

TEST_CASE("the instance knows itself and its interfaces") {
  World world;
  for (const char* text : {"token", "i-1", "eu-west-1\n", "eu-west-1a",
                           "02:00:00:00:00:01/\n02:00:00:00:00:02/\n", "eni-a", "vpc-1", "subnet-1",
                           "10.0.1.5\n10.0.1.6", "eni-b", "vpc-1", "subnet-2", "10.0.2.5"}) {
    world.http.answers(200, text);
  }
  const auto identity = run(world.clock, world.metadata.identity(world.within()));
  REQUIRE(identity.has_value());
  CHECK(identity->instance == "i-1");
  CHECK(identity->region == "eu-west-1");
  CHECK(identity->zone == "eu-west-1a");
  CHECK(identity->interfaces == std::vector<AwsInterface>{{.id = "eni-a",
                                                           .mac = "02:00:00:00:00:01",
                                                           .vpc = "vpc-1",
                                                           .subnet = "subnet-1",
                                                           .zone = "eu-west-1a",
                                                           .instance = "i-1",
                                                           .private_ip = "10.0.1.5"},
                                                          {.id = "eni-b",
                                                           .mac = "02:00:00:00:00:02",
                                                           .vpc = "vpc-1",
                                                           .subnet = "subnet-2",
                                                           .zone = "eu-west-1a",
                                                           .instance = "i-1",
                                                           .private_ip = "10.0.2.5"}});
  CHECK(world.http.seen.at(5).request.url.ends_with(
      "/latest/meta-data/network/interfaces/macs/02:00:00:00:00:01/interface-id"));
}

TEST_CASE("a role's credentials are read, and no role is none") {
  World world;
  for (const char* text : {"token", "node-role",
                           R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S","Token":"T",
                               "Expiration":"2026-11-23T06:00:00Z"})"}) {
    world.http.answers(200, text);
  }
  const auto found = run(world.clock, world.metadata.role_credentials(world.within()));
  CHECK(found->access_key == "A");
  CHECK(found->expires.has_value());
  CHECK(world.http.seen.back().request.url.ends_with("/iam/security-credentials/node-role"));
  world.http.answers(404, "");
  const auto none = run(world.clock, world.metadata.role_credentials(world.within()));
  CHECK(none.error() == Error{Code::not_found, "the instance has no IAM role"});
}

TEST_CASE("a metadata service that is not to be asked says nothing of the instance's role") {
  World world("");
  const auto none = run(world.clock, world.metadata.role_credentials(world.within()));
  CHECK(none.error().code == Code::not_found);
  CHECK(none.error().message.find("AWS_EC2_METADATA_DISABLED") != std::string::npos);
  CHECK(world.http.seen.empty());
}

}  // namespace
}  // namespace mainstay::aws
