#include "adapters/aws/ec2.h"

#include <doctest/doctest.h>

#include "adapters/aws/ec2_reply.h"
#include "adapters/http/poll_loop.h"
#include "adapters/http/test_run.h"
#include "adapters/http/test_server.h"

namespace mainstay::aws {
namespace {

using ServerAnswer = TestServer::Answer;

constexpr std::string_view two_tables = R"(<?xml version="1.0" encoding="UTF-8"?>
<DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>59dbff89</requestId>
  <routeTableSet>
    <item>
      <routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId>
      <routeSet>
        <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock>
          <gatewayId>local</gatewayId><state>active</state></item>
        <item><destinationCidrBlock>10.1.0.20/32</destinationCidrBlock>
          <networkInterfaceId>eni-a</networkInterfaceId><instanceId>i-a</instanceId>
          <state>blackhole</state></item>
      </routeSet>
      <associationSet><item><main>true</main></item></associationSet>
      <tagSet><item><key>Name</key><value>public &amp; small</value></item></tagSet>
    </item>
    <item>
      <routeTableId>rtb-2</routeTableId>
      <associationSet><item><main>false</main><subnetId>subnet-1</subnetId></item></associationSet>
    </item>
  </routeTableSet>
</DescribeRouteTablesResponse>)";

struct World {
  PollLoop loop;
  HttpClient http{loop, loop};
  TestServer server;
  Client client;
  Metadata metadata;
  Ec2 ec2;

  explicit World(TestServer::Handler handler)
      : server(std::move(handler)),
        client({.clock = loop,
                .http = http.sender(),
                .identity = {.current = &fixed_credentials, .discard = [] {}},
                .endpoint = [this](std::string, Call) { return endpoint(); },
                .parse_fault = &parse_fault,
                .random = Random(1),
                .retry = {.pause_base = 1ms, .throttled_pause_base = 1ms}}),
        metadata(loop, http.sender(), server.url()),
        ec2(client, metadata) {}

  static Task<Result<Credentials>> fixed_credentials(Call) {
    co_return Credentials{"AKIDEXAMPLE", "secret", "", std::nullopt};
  }
  Task<Result<Endpoint>> endpoint() {
    co_return Endpoint{.url = server.url(), .region = "eu-west-1"};
  }
  Call within(Duration limit = 10s) { return {loop.now() + limit, {}}; }
};

TEST_CASE("route tables are read with one signed question") {
  World world([](const auto&) { return ServerAnswer{.body = std::string(two_tables)}; });
  const auto tables = run(world.loop, world.ec2.route_tables("vpc-1", world.within()));
  REQUIRE(tables.has_value());
  const AwsRouteTable first{
      .id = "rtb-1",
      .name = "public & small",
      .main = true,
      .routes = {{.destination = "10.0.0.0/16", .other_target = "local"},
                 {.destination = "10.1.0.20/32", .eni = "eni-a", .active = false}}};
  const AwsRouteTable second{.id = "rtb-2", .subnets = {"subnet-1"}};
  CHECK(*tables == std::vector{first, second});
  const auto seen = world.server.requests().at(0);
  CHECK(seen.method == "POST");
  CHECK(
      seen.body ==
      "Action=DescribeRouteTables&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1");
  const auto authorization = header_value(seen.headers, "Authorization");
  CHECK(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
  CHECK(authorization.find("/eu-west-1/ec2/aws4_request, "
                           "SignedHeaders=content-type;host;x-amz-date, Signature=") !=
        std::string_view::npos);
}

TEST_CASE("a route is replaced") {
  World world([](const auto&) {
    return ServerAnswer{.body =
                            "<ReplaceRouteResponse><return>true</return></ReplaceRouteResponse>"};
  });
  const auto done =
      run(world.loop, world.ec2.replace_route("rtb-1", "10.1.0.20/32", "eni-b", world.within()));
  CHECK(done.has_value());
  CHECK(world.server.requests().at(0).body ==
        "Action=ReplaceRoute&Version=2016-11-15&RouteTableId=rtb-1&"
        "DestinationCidrBlock=10.1.0.20%2F32&NetworkInterfaceId=eni-b");
}

}  // namespace
}  // namespace mainstay::aws
