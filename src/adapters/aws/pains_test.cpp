// What has hurt the users of other products, at the edge to AWS: one test for each, by its number
// in docs/pains.md.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "adapters/aws/connection.h"
#include "adapters/aws/credential_chain.h"
#include "adapters/aws/ec2.h"
#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/fault.h"
#include "adapters/aws/test_world.h"
#include "adapters/http/poll_loop.h"
#include "adapters/http/test_run.h"
#include "adapters/http/test_server.h"

namespace mainstay::aws {
namespace {

using ServerAnswer = TestServer::Answer;
using Ending = TestServer::Ending;

Task<Result<Credentials>> some_credentials(Call) {
  co_return Credentials{"AKIDEXAMPLE", "secret", "", std::nullopt};
}

// Answers by script; no time passes.
struct Script {
  ManualClock clock;
  ScriptedHttp http{clock};
  Client client{{.clock = clock,
                 .http = http.sender(),
                 .identity = {.current = &some_credentials, .discard = [] {}},
                 .endpoint = &somewhere,
                 .parse_fault = &parse_fault,
                 .random = Random(1),
                 .retry = {.attempts_max = 1}}};
  Metadata metadata{clock, http.sender(), "http://169.254.169.254"};
  Ec2 ec2{client, client, metadata};

  static Task<Result<Endpoint>> somewhere(std::string, Call) {
    Endpoint endpoint;
    endpoint.url = "https://aws.example.com";
    endpoint.region = "eu-west-1";
    co_return endpoint;
  }
  Call within(Duration limit = 10s) { return {clock.now() + limit, {}}; }
};

// A server on loopback, and the whole connection as the daemon opens it.
struct Loopback {
  PollLoop loop;
  TestServer server;
  std::unique_ptr<Connection> connection;

  explicit Loopback(TestServer::Handler handler, Environment more = {})
      : server(std::move(handler)) {
    Environment environment = {{"HOME", "/nowhere"},
                               {"AWS_REGION", "eu-west-1"},
                               {"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url()}};
    environment.merge(more);
    auto opened = Connection::open(loop, loop, std::move(environment), Random(1));
    REQUIRE(opened.has_value());
    connection = std::move(*opened);
  }
  Call within(Duration limit = 10s) { return {loop.now() + limit, {}}; }
};

// The instance metadata service, as far as the role's credentials.
ServerAnswer metadata_answer(const TestServer::Request& request) {
  if (request.target.ends_with("/token")) return {.body = "token"};
  if (request.target.ends_with("/security-credentials/")) return {.body = "role"};
  if (request.target.ends_with("/role")) {
    return {.body = R"({"Code":"Success","AccessKeyId":"ASIAROLE","SecretAccessKey":"S",)"
                    R"("Token":"T","Expiration":"2099-01-01T00:00:00Z"})"};
  }
  return {.status = 404, .body = ""};
}

std::string tables_response(std::string_view content) {
  return fmt::format(
      "<DescribeRouteTablesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">{}"
      "</DescribeRouteTablesResponse>",
      content);
}

TEST_CASE("C1.1: every description names what it asks about, whatever else the account holds") {
  Script script;
  const auto asks = [&script]<class T>(Task<Result<T>> task, std::string_view id) {
    script.http.answers(400, "<Response/>");
    (void)run(script.clock, std::move(task));
    const HttpRequest& request = script.http.seen.back().request;
    CHECK_MESSAGE((request.body + request.url).find(id) != std::string::npos, request.url, " ",
                  request.body);
  };
  Aws& aws = script.ec2;
  const Call call = script.within(1h);
  asks(aws.vpc_cidrs("vpc-7", call), "VpcId.1=vpc-7");
  asks(aws.route_tables("vpc-7", call), "Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-7");
  asks(aws.network_interface("eni-7", call), "NetworkInterfaceId.1=eni-7");
  asks(aws.address("eipalloc-7", call), "AllocationId.1=eipalloc-7");
  asks(aws.zone("az-7", call), "ZoneName.1=az-7");
  asks(aws.instance("i-7", call), "InstanceId.1=i-7");
  asks(aws.instance_with_address("vpc-7", "10.0.0.7", call), "10.0.0.7");
  asks(aws.hosted_zone("Z7", call), "/hostedzone/Z7");
  asks(aws.record("Z7", "web.example.com.", RecordType::a, call), "name=web.example.com.");
}

TEST_CASE("C1.4: one token does for a hundred questions, and no answer of ours shows it") {
  Script script;
  script.http.answers(200, "very-secret-token");
  for (int i = 0; i < 100; ++i) script.http.answers(404, "");
  for (int i = 0; i < 100; ++i) {
    const auto answer = run(script.clock, script.metadata.read("meta-data/x", script.within()));
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().message.find("very-secret-token") == std::string::npos);
  }
  CHECK(script.http.seen.size() == 101);
  CHECK(script.http.seen.at(0).request.method == "PUT");
}

TEST_CASE("C1.5: a call ends by its deadline, whether nobody listens or nobody answers") {
  Environment keys = {{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "S"}};
  Loopback silent([](const auto&) { return ServerAnswer{.ending = Ending::silence}; }, keys);
  for (const std::string& url : {silent.server.url(), std::string("http://127.0.0.1:1")}) {
    Environment there = keys;
    there["AWS_ENDPOINT_URL_EC2"] = url;
    Loopback world([](const auto&) { return ServerAnswer{}; }, there);
    const Instant begun = world.loop.now();
    const auto tables =
        run(world.loop, world.connection->aws().route_tables("vpc-1", world.within(300ms)));
    REQUIRE_FALSE(tables.has_value());
    CHECK(world.loop.now() - begun < 2s);
  }
}

TEST_CASE("C1.12: an answer is parsed: neither the order of its elements nor white space matters") {
  const auto one = parse_route_tables(tables_response(
      "<routeTableSet><item><routeTableId>rtb-1</routeTableId><routeSet><item>"
      "<destinationCidrBlock>10.0.0.1/32</destinationCidrBlock><networkInterfaceId>eni-1"
      "</networkInterfaceId><state>active</state></item></routeSet></item></routeTableSet>"));
  const auto other = parse_route_tables(tables_response(
      "\n <routeTableSet>\n\t<item><!-- 10.0.0.10/32 eni-9 --><routeSet><item><state>active"
      "</state><networkInterfaceId>eni-1</networkInterfaceId>\n<destinationCidrBlock>10.0.0.1/32"
      "</destinationCidrBlock></item></routeSet><routeTableId>rtb-1</routeTableId></item>"
      "</routeTableSet>"));
  REQUIRE(one.has_value());
  REQUIRE(other.has_value());
  CHECK(one->items == other->items);
  CHECK(one->items.at(0).routes.at(0).eni == "eni-1");
}

TEST_CASE("C1.15: without any setting the instance's role is used; stored keys are a choice") {
  Loopback world(&metadata_answer);
  (void)run(world.loop, world.connection->aws().route_tables("vpc-1", world.within(1s)));
  bool asked_for_role = false;
  for (const auto& request : world.server.requests()) {
    asked_for_role = asked_for_role || request.target.ends_with("/security-credentials/role");
  }
  CHECK(asked_for_role);

  Loopback chosen(&metadata_answer, {{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "S"}});
  (void)run(chosen.loop, chosen.connection->aws().route_tables("vpc-1", chosen.within(300ms)));
  CHECK(chosen.server.requests().empty());
}

TEST_CASE("C1.20: that an address may be taken from another is said, not left to the account") {
  Script script;
  Aws& aws = script.ec2;
  script.http.answers(400, "<Response/>");
  (void)run(script.clock, aws.associate_address("eipalloc-1", "eni-1", "", script.within()));
  CHECK(script.http.seen.back().request.body.find("AllowReassociation=true") != std::string::npos);
  script.http.answers(400, "<Response/>");
  (void)run(script.clock, aws.assign_private_ip("eni-1", "10.0.0.7", script.within()));
  CHECK(script.http.seen.back().request.body.find("AllowReassignment=true") != std::string::npos);
}

TEST_CASE("C1.25: a kept connection that a change of routes has killed costs a retry, no more") {
  int seen = 0;
  Environment environment = {{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "S"}};
  TestServer ec2([&seen](const auto&) {
    ++seen;
    return ServerAnswer{.body = tables_response("<routeTableSet/>"),
                        .ending = seen == 2 ? Ending::break_off : Ending::keep};
  });
  environment["AWS_ENDPOINT_URL_EC2"] = ec2.url();
  Loopback world([](const auto&) { return ServerAnswer{}; }, environment);
  Aws& aws = world.connection->aws();
  for (int i = 0; i < 2; ++i) {
    // An empty list is a VPC that does not exist; it is an answer all the same.
    const auto tables = run(world.loop, aws.route_tables("vpc-1", world.within()));
    REQUIRE_FALSE(tables.has_value());
    CHECK(tables.error().code == Code::not_found);
  }
  CHECK(ec2.requests().size() == 3);
}

TEST_CASE("C1.27: no proxy is asked for credentials, and a failing hop is called by its name") {
  Loopback world(&metadata_answer,
                 {{"HTTP_PROXY", "http://127.0.0.1:1"}, {"HTTPS_PROXY", "http://127.0.0.1:1"}});
  const auto tables =
      run(world.loop, world.connection->aws().route_tables("vpc-1", world.within(2s)));
  REQUIRE_FALSE(tables.has_value());
  INFO(tables.error().message);
  // The credentials came; what failed was the proxy.
  CHECK(world.server.requests().size() >= 3);
  CHECK(tables.error().message.find("127.0.0.1") != std::string::npos);
  CHECK(tables.error().message.find("credentials") == std::string::npos);
}

TEST_CASE("C1.28: what is tried again is told by the answers that AWS really gives") {
  struct Row {
    int status;
    const char* body;
    FaultKind kind;
  };
  const std::vector<Row> rows = {
      {503,
       "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit "
       "exceeded.</Message></Error></Errors><RequestID>1</RequestID></Response>",
       FaultKind::throttled},
      {400,
       "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender"
       "</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
       FaultKind::throttled},
      {400,
       "<ErrorResponse><Error><Type>Sender</Type><Code>PriorRequestNotComplete</Code><Message>The "
       "request was rejected because Route 53 was still processing a prior request.</Message>"
       "</Error></ErrorResponse>",
       FaultKind::throttled},
      {500,
       "<Response><Errors><Error><Code>InternalError</Code><Message>An internal error has occurred"
       "</Message></Error></Errors></Response>",
       FaultKind::transient},
      {503, "upstream connect error", FaultKind::transient},
      {403,
       "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not "
       "authorized to perform this operation.</Message></Error></Errors></Response>",
       FaultKind::final},
      {400,
       "<Response><Errors><Error><Code>InvalidParameterValue</Code><Message>Throttling is no "
       "parameter</Message></Error></Errors></Response>",
       FaultKind::final},
  };
  for (const Row& row : rows) {
    INFO(row.body);
    CHECK(kind_of(parse_fault(row.status, row.body)) == row.kind);
  }
}

}  // namespace
}  // namespace mainstay::aws
