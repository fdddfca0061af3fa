// The endpoints, seen by the stock AWS command line and by programs in an instance.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>

#include "lab/e2e/fixture.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string replace_arguments(const Lab& lab, const std::string& to) {
  return fmt::format(
      "ec2 replace-route --route-table-id {} --destination-cidr-block {}/32 --network-interface-id "
      "{}",
      value_of(lab, "route_tables/Public-AB/id"), vip,
      value_of(lab, fmt::format("instances/{}/eni", to)));
}

double seconds_of(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

std::string metadata(const Lab& lab, const std::string& instance, const std::string& path) {
  return run(lab, instance,
             {"sh", "-c",
              "T=$(curl -s -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "
              "http://169.254.169.254/latest/api/token) && curl -s -f -m 2 -H "
              "\"X-aws-ec2-metadata-token: $T\" http://169.254.169.254/latest/meta-data/" +
                  path})
      .out;
}

}  // namespace

TEST_CASE("the stock aws command line works with the role of the instance and no settings") {
  const Lab& lab = shared_lab();
  const auto tables = aws(
      lab, "server1",
      "ec2 describe-route-tables --output text --query RouteTables[].Routes[].NetworkInterfaceId "
      "--filters Name=route.destination-cidr-block,Values=" +
          vip + "/32");
  CHECK_MESSAGE(tables.code == 0, tables.err);
  CHECK(contains(tables.out, value_of(lab, "instances/server1/eni")));
  CHECK(contains(tables.out, value_of(lab, "instances/nat1/eni")));
  const auto identity = aws(lab, "server1", "sts get-caller-identity --output text");
  CHECK_MESSAGE(identity.code == 0, identity.err);
  CHECK(contains(identity.out, "assumed-role/ha-node/" + value_of(lab, "instances/server1/id")));
}

TEST_CASE("aws replace-route honours --dry-run, then moves packets") {
  const Lab& lab = shared_lab();
  for (const char* server : {"server1", "server2"}) {
    run(lab, server, {"ip", "addr", "replace", vip + "/32", "dev", "eth0"});
  }
  const auto dry = aws(lab, "server2", replace_arguments(lab, "server2") + " --dry-run");
  CHECK(dry.code == 254);
  CHECK(contains(dry.err, "(DryRunOperation)"));
  CHECK(value_of(lab, "route_tables/Public-AB/routes/2/target") ==
        value_of(lab, "instances/server1/eni"));
  const auto real = aws(lab, "server2", replace_arguments(lab, "server2"));
  CHECK_MESSAGE(real.code == 0, real.err);
  run(lab, "server1", {"ip", "addr", "del", vip + "/32", "dev", "eth0"});
  CHECK(pings(lab, "client", vip));
  const auto events = lab.events_json();
  REQUIRE(events.has_value());
  CHECK(contains(*events, "\"kind\":\"route\""));
  CHECK(aws(lab, "server1", replace_arguments(lab, "server1")).code == 0);
}

TEST_CASE("what the role may not do is refused in AWS's words") {
  const Lab& lab = shared_lab();
  fault(lab, "deny ha-node ec2:ReplaceRoute");
  const auto denied = aws(lab, "server1", replace_arguments(lab, "server1"));
  CHECK(denied.code == 254);
  CHECK(contains(denied.err, "(UnauthorizedOperation) when calling the ReplaceRoute operation"));
  fault(lab, "permit ha-node all");
  const auto missing = aws(lab, "server1",
                           "ec2 replace-route --route-table-id rtb-00000000000000000 "
                           "--destination-cidr-block 10.1.0.20/32 --network-interface-id " +
                               value_of(lab, "instances/server1/eni"));
  CHECK(contains(missing.err, "(InvalidRouteTableID.NotFound)"));
}

TEST_CASE("aws dynamodb works on a table, with conditions and the faults of its service") {
  const Lab& lab = shared_lab();
  const std::string table = "--table-name arbiter-test ";
  const auto made =
      aws(lab, "server1",
          "dynamodb create-table " + table +
              "--billing-mode PAY_PER_REQUEST --key-schema AttributeName=id,KeyType=HASH "
              "--attribute-definitions AttributeName=id,AttributeType=S");
  CHECK_MESSAGE(made.code == 0, made.err);
  REQUIRE(aws(lab, "server1", "dynamodb wait table-exists " + table).code == 0);
  const std::string put = "dynamodb put-item " + table +
                          "--item {\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"7\"}} "
                          "--condition-expression attribute_not_exists(id)";
  CHECK(aws(lab, "server1", put).code == 0);
  CHECK(contains(aws(lab, "server2", put).err, "(ConditionalCheckFailedException)"));
  const std::string get = "dynamodb get-item --consistent-read --output text --query Item.n.N " +
                          table + "--key {\"id\":{\"S\":\"a\"}}";
  CHECK(aws(lab, "server2", get).out == "7\n");
  fault(lab, "api error --code InternalServerError --action dynamodb:*");
  CHECK(contains(api(lab, "server1", "Action=DescribeVpcs"), "<vpcId>vpc-"));
  fault(lab, "deny ha-node dynamodb:GetItem");
  fault(lab, "api clear");
  CHECK(contains(aws(lab, "server2", get).err, "(AccessDeniedException)"));
  fault(lab, "permit ha-node all");
}

TEST_CASE("a wrong key, an old signature and expired credentials are told apart") {
  const Lab& lab = shared_lab();
  const auto with_keys = [&](const std::string& key, const std::string& secret) {
    return run(lab, "server1",
               {"curl", "-s", "-m", "5", "--aws-sigv4", "aws:amz:ap-northeast-1:ec2", "--user",
                key + ":" + secret, "-d", "Action=DescribeVpcs&Version=2016-11-15",
                "http://ec2.ap-northeast-1.amazonaws.com/"})
        .out;
  };
  const std::string key = value_of(lab, "administrator/access_key");
  const std::string secret = value_of(lab, "administrator/secret_key");
  CHECK(contains(with_keys(key, secret), "<vpcId>vpc-"));
  CHECK(contains(with_keys(key, "wrong"), "<Code>SignatureDoesNotMatch</Code>"));
  CHECK(contains(with_keys("AKIAWRONG", secret), "<Code>AuthFailure</Code>"));
  fault(lab, "api clock-skew 10min");
  CHECK(contains(with_keys(key, secret), "<Code>RequestExpired</Code>"));
  fault(lab, "api clear");
  fault(lab, "credentials expire server1 --stuck");
  CHECK(contains(api(lab, "server1", "Action=DescribeVpcs"), "<Code>RequestExpired</Code>"));
  fault(lab, "credentials refresh server1");
  CHECK(contains(api(lab, "server1", "Action=DescribeVpcs"), "<vpcId>vpc-"));
}

TEST_CASE("API faults do what they say") {
  const Lab& lab = shared_lab();
  const auto describe = [&] { return api(lab, "server1", "Action=DescribeVpcs"); };
  fault(lab, "api throttle --action Describe* --count 1");
  CHECK(contains(describe(), "<Code>RequestLimitExceeded</Code>"));
  CHECK(contains(describe(), "<vpcId>"));
  fault(lab, "api error --code InternalError --instance server2");
  CHECK(contains(describe(), "<vpcId>"));
  CHECK(contains(api(lab, "server2", "Action=DescribeVpcs"), "<Code>InternalError</Code>"));
  fault(lab, "api clear");
  fault(lab, "api latency 700ms --action DescribeVpcs");
  CHECK(seconds_of([&] { CHECK(contains(describe(), "<vpcId>")); }) > 0.7);
  fault(lab, "api clear");
  fault(lab, "api outage");
  CHECK(describe().empty());
}

TEST_CASE("a reply can be lost after the change was made, and reads can be stale") {
  const Lab& lab = shared_lab();
  const std::string route = fmt::format(
      "Action=CreateRoute&RouteTableId={}&DestinationCidrBlock=10.9.0.1/32&NetworkInterfaceId={}",
      value_of(lab, "route_tables/Public-AB/id"), value_of(lab, "instances/server1/eni"));
  const std::string all = "Action=DescribeRouteTables";
  fault(lab, "api lost-reply --action CreateRoute");
  CHECK(api(lab, "server1", route).empty());
  CHECK(contains(api(lab, "server1", all), "10.9.0.1/32"));
  fault(lab, "api clear");
  fault(lab, "api stale 2s");
  REQUIRE(becomes_true(4s, [&] { return contains(api(lab, "server1", all), "10.9.0.1/32"); }));
  const std::string removal =
      fmt::format("Action=DeleteRoute&RouteTableId={}&DestinationCidrBlock=10.9.0.1/32",
                  value_of(lab, "route_tables/Public-AB/id"));
  CHECK(contains(api(lab, "server1", removal), "<return>true</return>"));
  CHECK(contains(api(lab, "server1", all), "10.9.0.1/32"));
  CHECK(becomes_true(4s, [&] { return !contains(api(lab, "server1", all), "10.9.0.1/32"); }));
}

TEST_CASE("StopInstances and StartInstances act on the instance") {
  const Lab& lab = shared_lab();
  const std::string id = value_of(lab, "instances/server2/id");
  const auto call = [&](const std::string& action) {
    return api(lab, "server1", fmt::format("Action={}&InstanceId.1={}", action, id));
  };
  const auto launched = [&] {
    const std::string text = call("DescribeInstances");
    return text.substr(text.find("<launchTime>"), 36);
  };
  const std::string before = launched();
  CHECK(contains(call("StopInstances"), "<name>stopping</name>"));
  CHECK(becomes_true(5s, [&] { return value_of(lab, "instances/server2/state") == "stopped"; }));
  CHECK(launched() == before);
  CHECK_FALSE(pings(lab, "client", "10.0.120.10"));
  CHECK(contains(call("RebootInstances"), "<Code>IncorrectInstanceState</Code>"));
  CHECK(contains(call("StartInstances"), "<name>pending</name>"));
  CHECK(becomes_true(5s, [&] { return value_of(lab, "instances/server2/state") == "running"; }));
  CHECK(pings(lab, "client", "10.0.120.10"));
  CHECK(contains(call("StopInstances&Force=true"), "<name>stopping</name>"));
  CHECK(becomes_true(5s, [&] { return value_of(lab, "instances/server2/state") == "stopped"; }));
  CHECK(contains(call("StartInstances"), "<name>pending</name>"));
  CHECK(becomes_true(5s, [&] { return value_of(lab, "instances/server2/life") == "running"; }));
}

TEST_CASE("the metadata service shows each instance its own data, for a token only") {
  const Lab& lab = shared_lab();
  CHECK(metadata(lab, "server1", "instance-id") == value_of(lab, "instances/server1/id"));
  CHECK(metadata(lab, "server2", "instance-id") == value_of(lab, "instances/server2/id"));
  CHECK(metadata(lab, "server2", "placement/availability-zone") == "ap-northeast-1c");
  const std::string mac = metadata(lab, "server1", "mac");
  CHECK(metadata(lab, "server1", "network/interfaces/macs/" + mac + "/interface-id") ==
        value_of(lab, "instances/server1/eni"));
  const auto status = [&](const std::vector<std::string>& more) {
    std::vector<std::string> argv = {"curl", "-s",        "-m", "2",
                                     "-o",   "/dev/null", "-w", "%{http_code}"};
    argv.insert(argv.end(), more.begin(), more.end());
    return run(lab, "server1", argv).out;
  };
  const std::string base = "http://169.254.169.254/latest/";
  CHECK(status({base + "meta-data/instance-id"}) == "401");
  CHECK(status({"-X", "PUT", base + "api/token"}) == "400");
  CHECK(metadata(lab, "server1", "nonsense").empty());
  fault(lab, "imds outage server1");
  CHECK(status({"-X", "PUT", base + "api/token"}) == "000");
  CHECK(metadata(lab, "server2", "local-ipv4") == "10.0.120.10");
}
