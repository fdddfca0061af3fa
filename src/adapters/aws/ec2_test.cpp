#include "adapters/aws/ec2.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/test_world.h"
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
        ec2(client, client, metadata) {}

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

// EC2 answers by script; time does not pass.
struct Script {
  ManualClock clock;
  ScriptedHttp http{clock};
  Client client{{.clock = clock,
                 .http = http.sender(),
                 .identity = {.current = &World::fixed_credentials, .discard = [] {}},
                 .endpoint = &fixed_endpoint,
                 .parse_fault = &parse_fault,
                 .random = Random(1),
                 .retry = {.attempts_max = 1}}};
  Metadata metadata{clock, http.sender(), ""};
  Ec2 ec2{client, client, metadata};

  static Task<Result<Endpoint>> fixed_endpoint(std::string, Call) {
    Endpoint endpoint;
    endpoint.url = "https://ec2.example.com";
    endpoint.region = "eu-west-1";
    co_return endpoint;
  }
  Call within(Duration limit = 10s) { return {clock.now() + limit, {}}; }
  void faults(std::string_view code, std::string_view message) {
    http.answers(400, fmt::format("<Response><Errors><Error><Code>{}</Code><Message>{}</Message>"
                                  "</Error></Errors></Response>",
                                  code, message));
  }
  Status replace(const std::string& destination) {
    return mainstay::aws::run(clock, ec2.replace_route("rtb-1", destination, "eni-1", within()));
  }
  const std::string& last_body() const { return http.seen.back().request.body; }
};

TEST_CASE("an IPv6 route is replaced by its own parameter") {
  Script script;
  script.http.answers(200, "<ReplaceRouteResponse><return>true</return></ReplaceRouteResponse>");
  CHECK(script.replace("2001:db8::1/128").has_value());
  CHECK(script.last_body().find("&DestinationIpv6CidrBlock=2001%3Adb8%3A%3A1%2F128&") !=
        std::string::npos);
}

TEST_CASE("a route that is not there is told from a parameter that is wrong") {
  Script script;
  script.faults("InvalidParameterValue",
                "There is no route defined for '10.9.0.0/32' in the route table. Use CreateRoute "
                "instead.");
  CHECK(script.replace("10.9.0.0/32").error().code == Code::not_found);
  script.faults("InvalidRoute.NotFound", "no route with destination-cidr-block 10.9.0.0/32");
  CHECK(script.replace("10.9.0.0/32").error().code == Code::not_found);
  script.faults("InvalidParameterValue", "Value (10.9.0.0/40) is not a valid CIDR block");
  CHECK(script.replace("10.9.0.0/40").error().code == Code::invalid);
}

TEST_CASE("a change that EC2 took, but answers strangely, is unknown") {
  Script script;
  script.http.answers(200, "<html>all is well</html>");
  CHECK(script.replace("10.1.0.20/32").error().code == Code::outcome_unknown);
}

TEST_CASE("silence about an instance says nothing of its state") {
  Script script;
  script.http.answers(200,
                      "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>");
  const auto state = run(script.clock, script.ec2.instance("i-1", script.within()));
  CHECK(state.error().code == Code::unavailable);
  CHECK(state.error().message.find("its state is unknown") != std::string::npos);
}

TEST_CASE("an answer about somebody else is not believed of the one asked about") {
  Script script;
  script.http.answers(
      200,
      "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-2"
      "</instanceId><instanceState><name>stopped</name></instanceState></item></instancesSet>"
      "</item></reservationSet></DescribeInstancesResponse>");
  CHECK(run(script.clock, script.ec2.instance("i-1", script.within())).error().code ==
        Code::unavailable);
  script.http.answers(200,
                      "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item>"
                      "<networkInterfaceId>eni-2</networkInterfaceId></item></networkInterfaceSet>"
                      "</DescribeNetworkInterfacesResponse>");
  CHECK(run(script.clock, script.ec2.network_interface("eni-1", script.within())).error().code ==
        Code::unavailable);
  script.http.answers(200,
                      "<StopInstancesResponse><instancesSet><item><instanceId>i-2</instanceId>"
                      "</item></instancesSet></StopInstancesResponse>");
  CHECK(run(script.clock, script.ec2.stop_instance("i-1", script.within())).error().code ==
        Code::outcome_unknown);
}

TEST_CASE("a stop is forced, skips the guest, and does without that where it is not known") {
  Script script;
  script.faults("UnknownParameter", "The parameter SkipOsShutdown is not recognized");
  script.http.answers(200,
                      "<StopInstancesResponse><instancesSet><item><instanceId>i-1</instanceId>"
                      "</item></instancesSet></StopInstancesResponse>");
  CHECK(run(script.clock, script.ec2.stop_instance("i-1", script.within())).has_value());
  CHECK(script.http.seen.at(0).request.body.ends_with("&Force=true&SkipOsShutdown=true"));
  CHECK(script.http.seen.at(1).request.body.ends_with("&Force=true"));
}

TEST_CASE("permission is asked for by a dry run, and only AWS's own word grants it") {
  Script script;
  script.faults("DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
  CHECK(run(script.clock,
            script.ec2.may_change_instance(InstanceChange::stop, "i-1", script.within()))
            .has_value());
  CHECK(
      script.last_body().ends_with("Action=StopInstances&Version=2016-11-15&InstanceId.1=i-1&"
                                   "DryRun=true"));
  script.faults("UnauthorizedOperation", "You are not authorized to perform this operation.");
  const auto denied = run(
      script.clock, script.ec2.may_change_instance(InstanceChange::start, "i-1", script.within()));
  CHECK(denied.error().code == Code::denied);
  CHECK(denied.error().message.find("StartInstances") != std::string::npos);
  script.http.answers(200, "<StopInstancesResponse/>");
  CHECK(run(script.clock,
            script.ec2.may_change_instance(InstanceChange::stop, "i-1", script.within()))
            .error()
            .code == Code::corrupt);
}

TEST_CASE("an instance is found by one of its addresses, and by no other") {
  const auto answer = [](const std::string& id, const std::string& address) {
    return "<item><instancesSet><item><instanceId>" + id +
           "</instanceId><instanceState><name>running</name></instanceState><launchTime>"
           "2026-01-01T00:00:00.000Z</launchTime><networkInterfaceSet><item>"
           "<privateIpAddressesSet><item><privateIpAddress>" +
           address +
           "</privateIpAddress><association><publicIp>198.51.100.7</publicIp></association></item>"
           "</privateIpAddressesSet><ipv6AddressesSet><item><ipv6Address>fd00::7</ipv6Address>"
           "</item></ipv6AddressesSet></item></networkInterfaceSet></item></instancesSet></item>";
  };
  const auto reply = [](const std::string& items) {
    return "<DescribeInstancesResponse><reservationSet>" + items +
           "</reservationSet></DescribeInstancesResponse>";
  };
  Script script;
  const auto find = [&](const std::string& address) {
    return run(script.clock, script.ec2.instance_with_address("vpc-1", address, script.within()));
  };
  script.http.answers(200, reply(answer("i-1", "10.0.0.7")));
  const auto found = find("10.0.0.7");
  REQUIRE(found.has_value());
  CHECK(*found == AwsInstance{"i-1",
                              InstanceState::running,
                              "2026-01-01T00:00:00.000Z",
                              {"10.0.0.7", "198.51.100.7", "fd00::7"}});
  CHECK(script.last_body().find("network-interface.addresses.private-ip-address") !=
        std::string::npos);
  script.http.answers(200, reply(answer("i-1", "10.0.0.7")));
  CHECK(find("fd00::7").has_value());
  CHECK(script.last_body().find("network-interface.ipv6-addresses.ipv6-address") !=
        std::string::npos);
  script.http.answers(200, reply(answer("i-1", "10.0.0.8")));
  CHECK(find("10.0.0.7").error().code == Code::not_found);
  script.http.answers(200, reply(answer("i-1", "10.0.0.7") + answer("i-2", "10.0.0.7")));
  CHECK(find("10.0.0.7").error().code == Code::conflict);
}

TEST_CASE("a list that does not end is given up") {
  Script script;
  for (int i = 0; i < 50; ++i) {
    script.http.answers(200,
                        "<DescribeRouteTablesResponse><routeTableSet><item/></routeTableSet>"
                        "<nextToken>again</nextToken></DescribeRouteTablesResponse>");
  }
  const auto tables = run(script.clock, script.ec2.route_tables("vpc-1", script.within()));
  CHECK(tables.error().code == Code::corrupt);
  CHECK(script.last_body().ends_with("&NextToken=again"));
}

}  // namespace
}  // namespace mainstay::aws
