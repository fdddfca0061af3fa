// Asking AWS with the rights of a role, natively and by a program instead of the AWS CLI; and where
// the role's secrets go.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "adapters/aws/canned_ec2.h"
#include "adapters/aws/connection.h"
#include "adapters/http/poll_loop.h"
#include "adapters/http/test_run.h"

namespace mainstay::aws {
namespace {

const std::string mover = "arn:aws:iam::111122223333:role/mover";

struct World {
  CannedEc2 ec2;
  PollLoop loop;
  std::unique_ptr<Connection> connection;

  explicit World(const Environment& extra = {}, Backend backend = Backend::native) {
    Environment environment = {{"AWS_ENDPOINT_URL", ec2.url()},
                               {"AWS_EC2_METADATA_SERVICE_ENDPOINT", ec2.url()},
                               {"AWS_ACCESS_KEY_ID", "AKIAOWN"},
                               {"AWS_SECRET_ACCESS_KEY", "own-secret"},
                               {"AWS_REGION", "eu-west-1"}};
    for (const auto& [name, value] : extra) environment[name] = value;
    auto opened = Connection::open(loop, loop, environment, Random(1), backend);
    REQUIRE(opened.has_value());
    connection = std::move(*opened);
  }
  Call within() { return {loop.now() + 10s, {}}; }
  Result<std::vector<std::string>> ask(Aws& aws) {
    return run(loop, aws.vpc_cidrs("vpc-1", within()));
  }
  bool is_signed_by(std::size_t request, std::string_view key) const {
    const std::string credential = "Credential=" + std::string(key) + "/";
    return header_value(ec2.requests().at(request).headers, "Authorization").find(credential) !=
           std::string_view::npos;
  }
};

TEST_CASE("a role is taken on once, by our own rights, and asks in its name") {
  World world;
  CHECK(world.ask(world.connection->aws_as(mover)).has_value());
  CHECK(world.ask(world.connection->aws_as(mover)).has_value());
  REQUIRE(world.ec2.requests().size() == 3);
  CHECK(world.ec2.requests()[0].body.find("Action=AssumeRole") != std::string::npos);
  CHECK(world.is_signed_by(0, "AKIAOWN"));
  for (const std::size_t request : {std::size_t{1}, std::size_t{2}}) {
    CHECK(world.is_signed_by(request, "ASIATAKEN"));
    CHECK(header_value(world.ec2.requests()[request].headers, "X-Amz-Security-Token") ==
          "taken-token");
  }
}

TEST_CASE("whoever has no role goes on with our own rights") {
  World world;
  CHECK(world.ask(world.connection->aws_as(mover)).has_value());
  CHECK(world.ask(world.connection->aws_as("")).has_value());
  CHECK(world.ask(world.connection->aws()).has_value());
  CHECK(world.is_signed_by(2, "AKIAOWN"));
  CHECK(world.is_signed_by(3, "AKIAOWN"));
}

TEST_CASE("a role that may not be taken on is a refusal that names it, and no secret") {
  World world;
  const auto refused = world.ask(world.connection->aws_as("arn:aws:iam::111122223333:role/other"));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::denied);
  CHECK(refused.error().message.find("role/other") != std::string::npos);
  CHECK(refused.error().message.find("own-secret") == std::string::npos);
}

// A program in the place of the AWS CLI that writes down how it was called.
struct Program {
  std::string folder =
      (std::filesystem::temp_directory_path() / ("mainstay-roles-" + std::to_string(getpid())))
          .string();
  Program() {
    std::filesystem::create_directory(folder);
    const std::string path = folder + "/aws";
    std::ofstream(path) << "#!/bin/sh\n"
                        << "tr '\\0' ' ' < /proc/$$/cmdline > " << folder << "/words\n"
                        << "env > " << folder << "/environment\n"
                        << "echo '{\"Vpcs\": [{\"CidrBlock\": \"10.0.0.0/16\"}]}'\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  ~Program() { std::filesystem::remove_all(folder); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  Environment environment() const { return {{"CLP_AWS_CMD", folder + "/aws"}}; }
  std::string file(const char* name) const {
    std::ifstream file(folder + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

TEST_CASE("the AWS CLI is given a role's credentials in its environment, never among its words") {
  const Program program;
  World world(program.environment(), Backend::cli);
  world.ask(world.connection->aws_as(mover));
  CHECK(has(program.file("words"), "ec2 describe-vpcs --cli-input-json"));
  for (const char* secret : {"own-secret", "taken-secret", "taken-token", "ASIATAKEN"}) {
    CAPTURE(secret);
    CHECK_FALSE(has(program.file("words"), secret));
  }
  const std::string environment = program.file("environment");
  CHECK(has(environment, "AWS_ACCESS_KEY_ID=ASIATAKEN\n"));
  CHECK(has(environment, "AWS_SECRET_ACCESS_KEY=taken-secret\n"));
  CHECK(has(environment, "AWS_SESSION_TOKEN=taken-token\n"));
  CHECK_FALSE(has(environment, "own-secret"));
}

TEST_CASE("the AWS CLI finds our own credentials itself, and is told where services are") {
  const Program program;
  Environment extra = program.environment();
  extra["HTTPS_PROXY"] = "http://proxy.example:3128";
  World world(extra, Backend::cli);
  world.ask(world.connection->aws());
  CHECK_FALSE(has(program.file("words"), "own-secret"));
  CHECK(has(program.file("words"), ("--endpoint-url " + world.ec2.url()).c_str()));
  CHECK(has(program.file("environment"), "AWS_SECRET_ACCESS_KEY=own-secret\n"));
  CHECK(has(program.file("environment"), "HTTPS_PROXY=http://proxy.example:3128\n"));
  CHECK_FALSE(has(program.file("environment"), "CLP_AWS_CMD"));
}

TEST_CASE("by the AWS CLI, a role that may not be taken on is a refusal, too") {
  const Program program;
  World world(program.environment(), Backend::cli);
  const auto refused = world.ask(world.connection->aws_as("arn:aws:iam::111122223333:role/other"));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Code::denied);
  CHECK(program.file("words").empty());
}

}  // namespace
}  // namespace mainstay::aws
