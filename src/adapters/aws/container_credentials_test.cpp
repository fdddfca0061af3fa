// Credentials of containers: where the token may be sent, and what comes back.
#include "adapters/aws/container_credentials.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/aws/test_world.h"

namespace mainstay::aws {
namespace {

// A file with a token, for as long as it is needed.
struct TokenFile {
  std::string path = "/tmp/mainstay-token-XXXXXX";
  explicit TokenFile(const std::string& token) {
    const int descriptor = mkstemp(path.data());
    REQUIRE(descriptor >= 0);
    REQUIRE(write(descriptor, token.data(), token.size()) == static_cast<ssize_t>(token.size()));
    close(descriptor);
  }
  ~TokenFile() { unlink(path.c_str()); }
};

struct World {
  ManualClock clock;
  ScriptedHttp http{clock};

  Call within() { return {clock.now() + 10s, {}}; }
  Result<Credentials> container(const Environment& environment) {
    return run(clock, container_credentials(environment, http.sender(), within()));
  }
  Result<Credentials> token(const std::string& file) {
    FromWebIdentity identity{.token_file = file, .role_arn = "arn:r"};
    Endpoint endpoint;
    endpoint.url = "https://sts.eu-west-1.amazonaws.com";
    return run(clock, web_identity_credentials(identity, endpoint, http.sender(), within()));
  }
};

constexpr const char* document =
    R"({"AccessKeyId":"A","SecretAccessKey":"hush","Token":"T","Expiration":"2099-01-01T00:00:00Z"})";

TEST_CASE("outside a container nobody is asked") {
  World world;
  CHECK(world.container({}).error().code == Code::not_found);
  CHECK(world.http.seen.empty());
}

TEST_CASE("ECS: the relative URI, at the container's own address") {
  World world;
  world.http.answers(200, document);
  CHECK(world.container({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1"}})
            ->access_key == "A");
  const HttpRequest& request = world.http.seen[0].request;
  CHECK(request.url == "http://169.254.170.2/v2/credentials/1");
  CHECK(request.proxy.empty());
  CHECK(request.headers.empty());
}

TEST_CASE("EKS: the full URI with a token that is read anew each time") {
  World world;
  const TokenFile file("secret-token\n");
  const Environment environment = {
      {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"},
      {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.path}};
  world.http.answers(200, document);
  CHECK(world.container(environment).has_value());
  CHECK(header_value(world.http.seen[0].request.headers, "Authorization") == "secret-token");
}

TEST_CASE("a token is never sent in the clear to somebody else") {
  World world;
  for (const char* url : {"http://10.0.0.1/", "http://example.com/c", "http://169.254.169.254/x",
                          "ftp://localhost/", "http://127.example.com/"}) {
    CAPTURE(url);
    const auto refused = world.container({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url},
                                          {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush"}});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == Code::invalid);
    CHECK(refused.error().message.find("hush") == std::string::npos);
  }
  CHECK(world.http.seen.empty());
  world.http.answers(200, document);
  CHECK(world.container({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://example.com/c"}})
            .has_value());
}

TEST_CASE("an endpoint that refuses, fails or is silent says so by name") {
  World world;
  const Environment environment = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}};
  world.http.answers(403, "hush");
  CHECK(world.container(environment).error() ==
        Error{Code::denied, "the container's credentials endpoint answers 403"});
  world.http.answers(503, "");
  CHECK(world.container(environment).error().code == Code::unavailable);
  world.http.fails(HttpProblem::unreachable, false);
  CHECK(world.container(environment).error().code == Code::unavailable);
}

TEST_CASE("web identity: the token goes to STS, unsigned and in the body") {
  World world;
  const TokenFile file("to.ken\n");
  world.http.answers(
      200,
      "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
      "<AccessKeyId>W</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T"
      "</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
      "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>");
  CHECK(world.token(file.path)->access_key == "W");
  const HttpRequest& request = world.http.seen[0].request;
  CHECK(request.url == "https://sts.eu-west-1.amazonaws.com/");
  CHECK(header_value(request.headers, "Authorization").empty());
  CHECK(request.body.find("WebIdentityToken=to.ken") != std::string::npos);
  CHECK(request.body.find("RoleSessionName=mainstay") != std::string::npos);
}

TEST_CASE("web identity: a refusal names the role and AWS's sentence, never the token") {
  World world;
  const TokenFile file("hush");
  world.http.answers(400,
                     "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>Couldn't "
                     "retrieve verification key</Message></Error></ErrorResponse>");
  const auto refused = world.token(file.path);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("of arn:r: Couldn't retrieve") != std::string::npos);
  CHECK(refused.error().message.find("hush") == std::string::npos);
  CHECK_FALSE(world.token("/no/such/file").has_value());
}

}  // namespace
}  // namespace mainstay::aws
