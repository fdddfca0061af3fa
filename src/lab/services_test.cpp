// What surrounds the calls: roles, sessions, buckets, parameters, announcements, the proxy,
// layouts.
#include <doctest/doctest.h>

#include "lab/accounts.h"
#include "lab/api_parameters.h"
#include "lab/imds.h"
#include "lab/proxy.h"
#include "lab/rate_limits.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

Layout layout() { return *parse_layout(default_layout_text()); }
Model model() { return make_model(layout(), 1'000); }

}  // namespace

TEST_CASE("a role's policies count, an unknown role may do nothing, and roles are changed") {
  Accounts accounts(layout(), model(), 1);
  const auto allowed = [&](const std::string& role, const char* action) {
    return accounts.decide({.role = role}, {action, {{"*"}}}).verdict == Verdict::allowed;
  };
  CHECK_FALSE(allowed("nobody", "ec2:DescribeVpcs"));
  const auto policy = parse_policy(
      "p",
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}})");
  REQUIRE(policy.has_value());
  accounts.set_policies("ha-node", {*policy});
  CHECK(allowed("ha-node", "ec2:DescribeVpcs"));
  CHECK_FALSE(allowed("ha-node", "ec2:ReplaceRoute"));
  const Instance server1 = *find_instance_named(model(), "server1");
  const std::string key = accounts.of_instance("server1", 0)->access_key;
  accounts.set_role(server1, "");
  CHECK(accounts.of_instance("server1", 0) == nullptr);
  CHECK(accounts.principal(key).role == "ha-node");
  accounts.set_role(server1, "reader");
  CHECK(accounts.principal(accounts.of_instance("server1", 0)->access_key).role == "reader");
}

TEST_CASE("a session of a role is known by its key") {
  Accounts accounts(layout(), model(), 1);
  const Credentials made = accounts.assume("reader", "night", {.instance = "server1"}, 9'000);
  CHECK(accounts.find(made.access_key)->expires_ms == 9'000);
  const Principal who = accounts.principal(made.access_key);
  CHECK(who.arn == "arn:aws:sts::123456789012:assumed-role/reader/night");
  CHECK(who.instance == "server1");
}

TEST_CASE("buckets let a burst through, then as many as come back") {
  RateLimits limits;
  limits.set("ec2:*", {2, 1});
  const auto take = [&](std::int64_t now_ms) {
    return limits.take("ec2:ReplaceRoute", false, now_ms);
  };
  CHECK(take(0));
  CHECK(take(0));
  CHECK_FALSE(take(999));
  CHECK(take(1'000));
  CHECK_FALSE(take(1'001));
  CHECK(limits.take("ec2:CreateRoute", false, 1'001));
  limits.set("route53:*", {1, 0});
  CHECK(limits.take("route53:GetChange", false, 0));
  CHECK_FALSE(limits.take("route53:GetHostedZone", false, 0));
  limits.clear();
  for (int i = 0; i < 50; ++i) CHECK(limits.take("ec2:DescribeVpcs", false, 0));
  CHECK_FALSE(limits.take("ec2:DescribeVpcs", false, 0));
  CHECK(limits.take("ec2:DescribeVpcs", true, 0));
}

TEST_CASE("parameters that are missing, and ones nobody knows, are refused") {
  const auto check = [](Service service, const std::string& action, const std::string& form) {
    const auto wrong =
        check_parameters(service, action, {"GET", "/x?" + form}, Query(parse_form(form)));
    return wrong ? wrong->code + ": " + wrong->message : "fine";
  };
  CHECK(check(Service::ec2, "DescribeVpcs",
              "Action=DescribeVpcs&Version=1&VpcId.12=x&Filter.1.Value.2=y") == "fine");
  CHECK(check(Service::ec2, "DescribeVpcs", "VpcIds.1=x") ==
        "UnknownParameter: The parameter VpcIds.1 is not recognized");
  CHECK(check(Service::ec2, "DescribeVpcs", "VpcId.x=1") ==
        "UnknownParameter: The parameter VpcId.x is not recognized");
  CHECK(check(Service::ec2, "ReplaceRoute", "NetworkInterfaceId=x") ==
        "MissingParameter: The request must contain the parameter RouteTableId");
  CHECK(check(Service::ec2, "AssignPrivateIpAddresses", "NetworkInterfaceId=e&DryRun=true") ==
        "UnknownParameter: The parameter DryRun is not recognized");
  CHECK(check(Service::sts, "AssumeRole", "RoleArn=x").starts_with("MissingParameter"));
  CHECK(check(Service::route53, "ListResourceRecordSets", "names=x") ==
        "InvalidInput: The parameter names is not recognized");
}

TEST_CASE("members of a body that are missing, and ones nobody knows, are refused") {
  const auto check = [](Service service, const std::string& action, const std::string& body) {
    const auto wrong = check_parameters(
        service, action, {.method = "POST", .target = "/", .body = body}, Query(parse_form("")));
    return wrong ? wrong->code + ": " + wrong->message : "fine";
  };
  const auto dynamodb = [&](const std::string& action, const std::string& body) {
    return check(Service::dynamodb, action, body);
  };
  CHECK(dynamodb("GetItem", R"({"TableName":"t","Key":{},"ConsistentRead":true})") == "fine");
  CHECK(dynamodb("GetItem", R"({"TableName":"t","Key":{},"ConsistantRead":true})") ==
        "ValidationException: GetItem has no member ConsistantRead");
  CHECK(
      dynamodb("PutItem", R"({"TableName":"t"})").starts_with("ValidationException: 1 validation"));
  const auto route53 = [&](const std::string& record) {
    return check(Service::route53, "ChangeResourceRecordSets",
                 "<ChangeResourceRecordSetsRequest><ChangeBatch><Changes><Change><Action>UPSERT"
                 "</Action><ResourceRecordSet>" +
                     record +
                     "</ResourceRecordSet></Change></Changes></ChangeBatch>"
                     "</ChangeResourceRecordSetsRequest>");
  };
  const std::string values =
      "<ResourceRecords><ResourceRecord><Value>10.0.0.1</Value></ResourceRecord></ResourceRecords>";
  CHECK(route53("<Name>a.</Name><Type>A</Type><TTL>5</TTL>" + values) == "fine");
  CHECK(route53("<Name>a.</Name><Type>A</Type><Ttl>5</Ttl>" + values) ==
        "MalformedInput: Unexpected element Ttl in ResourceRecordSet");
  CHECK(route53("<Name><b/>a.</Name>") == "MalformedInput: Unexpected element b in Name");
}

TEST_CASE("what is announced to an instance stands in its metadata until it is withdrawn") {
  const Model built = model();
  Accounts accounts(layout(), built, 1);
  MetadataService service(1);
  const Instance& server1 = *find_instance_named(built, "server1");
  const auto get = [&](const std::string& path) {
    const HttpRequest put{
        "PUT", "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", "9"}}};
    const std::string token = service.answer(put, built, server1, accounts, 0).body;
    const HttpRequest request{
        "GET", "/latest/meta-data/" + path, {{"x-aws-ec2-metadata-token", token}}};
    return service.answer(request, built, server1, accounts, 0);
  };
  CHECK(get("spot/instance-action").status == 404);
  CHECK(get("events/maintenance/scheduled").body == "[]");
  service.announce("server1", "spot/instance-action", "{}");
  service.announce("server2", "autoscaling/target-lifecycle-state", "Terminated");
  CHECK(get("spot/instance-action").body == "{}");
  CHECK(get("autoscaling/target-lifecycle-state").status == 404);
  service.withdraw("server1");
  CHECK(get("spot/instance-action").status == 404);
}

TEST_CASE("a proxy is told whom to reach, and passes on what that one is to get") {
  CHECK(*parse_proxy_request("CONNECT ec2.amazonaws.com:443 HTTP/1.1\r\n\r\n") ==
        ProxyTarget{"ec2.amazonaws.com", "443", ""});
  CHECK(*parse_proxy_request("GET http://x:8080/a?b HTTP/1.1\r\nHost: x\r\n"
                             "Proxy-Connection: keep-alive\r\n\r\n") ==
        ProxyTarget{"x", "8080", "GET /a?b HTTP/1.1\r\nConnection: close\r\nHost: x\r\n\r\n"});
  CHECK(parse_proxy_request("GET http://x HTTP/1.1\r\n\r\n")->pass_on.starts_with("GET / HTTP"));
  CHECK_FALSE(parse_proxy_request("GET /local HTTP/1.1\r\n\r\n"));
  CHECK_FALSE(parse_proxy_request("CONNECT x HTTP/1.1\r\n\r\n"));
}

TEST_CASE("the layouts of the guide's patterns are sound") {
  for (const char* name : {"vip", "eip", "dns"}) {
    REQUIRE(layout_text_named(name) != nullptr);
    const auto parsed = parse_layout(*layout_text_named(name));
    CHECK_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().message));
  }
  CHECK(layout_text_named("other") == nullptr);
}
