// The services a failover uses besides routes, with the stock AWS command line as the client:
// Elastic IPs, Route 53 and DNS, secondary addresses, roles, and the ways to the API.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lab/e2e/fixture.h"
#include "lab/layout.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Lab lab_of(const std::string& layout) {
  auto made = Lab::up({.layout = layout});
  REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
  return std::move(*made);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// The command's output; the test fails if it fails.
std::string aws_says(const Lab& lab, const std::string& instance, const std::string& arguments) {
  const ExecResult done = aws(lab, instance, arguments + " --output text");
  CHECK_MESSAGE(done.code == 0, arguments, ": ", done.err);
  return done.out;
}

void serve(const Lab& lab, const std::string& instance) {
  const auto started =
      lab.start(instance, {lab.program(), "web", "--listen", "0.0.0.0:80", "--name", instance});
  REQUIRE(started.has_value());
}

bool answers(const Lab& lab, const std::string& from, const std::string& url,
             const std::string& name) {
  return becomes_true(
      5s, [&] { return run(lab, from, {"curl", "-s", "-m", "1", url}).out == name + "\n"; });
}

std::string resolved(const Lab& lab, const std::string& from, const std::string& name) {
  const std::string line = run(lab, from, {"getent", "ahostsv4", name}).out;
  return line.substr(0, line.find(' '));
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

std::string upsert(const std::string& zone, const std::string& address) {
  return fmt::format(
      "route53 change-resource-record-sets --hosted-zone-id {} --change-batch "
      R"({{"Changes":[{{"Action":"UPSERT","ResourceRecordSet":{{"Name":"web.cluster.internal.",)"
      R"("Type":"A","TTL":2,"ResourceRecords":[{{"Value":"{}"}}]}}}}]}} --query ChangeInfo.Id)",
      zone, address);
}

constexpr const char* narrow_policy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:Describe*","sts:*"],)"
    R"("Resource":"*"},{"Effect":"Allow","Action":"ec2:ReplaceRoute","Resource":"*","Condition":)"
    R"({"StringEquals":{"ec2:ResourceTag/Name":"Private-A"}}}]})";

}  // namespace

TEST_CASE("Figure 5-1: an Elastic IP moves, and a client on the internet reaches it where it is") {
  const Lab lab = lab_of(*layout_text_named("eip"));
  for (const char* server : {"server1", "server2"}) serve(lab, server);
  const std::string eip = value_of(lab, "addresses/0/public_ip");
  const auto take = [&](const std::string& server) {
    return aws_says(lab, server,
                    fmt::format("ec2 associate-address --allow-reassociation --allocation-id {} "
                                "--network-interface-id {}",
                                value_of(lab, "addresses/0/allocation"),
                                value_of(lab, fmt::format("instances/{}/eni", server))));
  };
  CHECK_FALSE(pings(lab, "client", eip));
  CHECK(contains(take("server1"), "eipassoc-"));
  CHECK(answers(lab, "client", "http://" + eip + "/", "server1"));
  const std::string association = take("server2");
  CHECK(answers(lab, "client", "http://" + eip + "/", "server2"));
  CHECK(aws_says(lab, "server1",
                 "ec2 describe-addresses --query Addresses[].NetworkInterfaceId --public-ips " +
                     eip) == value_of(lab, "instances/server2/eni") + "\n");
  aws_says(
      lab, "server1",
      "ec2 disassociate-address --association-id " + association.substr(0, association.find('\n')));
  CHECK(becomes_true(5s, [&] { return !pings(lab, "client", eip); }));
  // Both still have a way to the endpoints: public addresses of AWS's own.
  const std::string made = aws_says(lab, "server2", "ec2 allocate-address --query AllocationId");
  aws_says(lab, "server2",
           "ec2 release-address --allocation-id " + made.substr(0, made.find('\n')));
}

TEST_CASE("Figure 6-1: a record moves, and clients follow when its TTL is over") {
  const Lab lab = lab_of(*layout_text_named("dns"));
  fault(lab, "route53 delay 100ms 300ms");
  const std::string zone = value_of(lab, "hosted_zones/cluster.internal./id");
  CHECK(contains(aws_says(lab, "server1", "route53 list-hosted-zones-by-name"), zone));
  CHECK(contains(aws_says(lab, "server1", "route53 get-hosted-zone --id " + zone), "vpc-"));
  const std::string change = aws_says(lab, "server1", upsert(zone, "10.0.110.10"));
  const std::string web = "web.cluster.internal";
  CHECK(becomes_true(9s, [&] { return resolved(lab, "client", web) == "10.0.110.10"; }));
  CHECK(run(lab, "client", {"env", "RES_OPTIONS=use-vc", "getent", "ahostsv4", web}).code == 0);
  CHECK(contains(
      aws_says(lab, "server1", "route53 get-change --id " + change.substr(0, change.find('\n'))),
      "INSYNC"));
  aws_says(lab, "server2", upsert(zone, "10.0.120.10"));
  CHECK(becomes_true(8s, [&] { return resolved(lab, "client", web) == "10.0.120.10"; }));
  const auto wrong =
      aws(lab, "server1", "route53 list-resource-record-sets --hosted-zone-id Z0NOSUCHZONE");
  CHECK(wrong.code == 254);
  CHECK(contains(wrong.err, "No hosted zone found with ID: Z0NOSUCHZONE"));
  fault(lab, "dns outage client");
  CHECK(run(lab, "client", {"env", "RES_OPTIONS=timeout:1 attempts:1", "getent", "ahostsv4", web})
            .code != 0);
  CHECK(resolved(lab, "server1", web) == "10.0.120.10");
  fault(lab, "clear");
  run(lab, "server2", {"sh", "-c", "echo nameserver 169.254.169.253 > /etc/resolv.conf"});
  CHECK(resolved(lab, "server2", web) == "10.0.120.10");
  fault(lab, "limit route53:* 0 0");
  const auto throttled =
      run(lab, "server1",
          {"env", "AWS_MAX_ATTEMPTS=1", "/usr/bin/aws", "route53", "list-hosted-zones"});
  CHECK(contains(throttled.err, "(Throttling)"));
}

TEST_CASE("a secondary private address moves within its subnet, and packets with it") {
  const Lab lab = lab_of(replaced(
      default_layout_text(), "    {\"name\": \"client\"",
      "    {\"name\": \"server3\", \"subnet\": \"Subnet-2A\", \"address\": \"10.0.110.11\","
      "\"role\": \"ha-node\"},\n    {\"name\": \"client\""));
  for (const char* server : {"server1", "server3"}) {
    serve(lab, server);
    run(lab, server, {"ip", "addr", "add", "10.0.110.50/32", "dev", "eth0"});
  }
  const auto assign = [&](const std::string& server) {
    return fmt::format(
        "ec2 assign-private-ip-addresses --allow-reassignment --private-ip-addresses 10.0.110.50 "
        "--network-interface-id {}",
        value_of(lab, fmt::format("instances/{}/eni", server)));
  };
  CHECK_FALSE(pings(lab, "client", "10.0.110.50"));
  aws_says(lab, "server1", assign("server1"));
  const std::string url = "http://10.0.110.50/";
  CHECK(run(lab, "client", {"curl", "-s", "-m", "1", url}).out == "server1\n");
  aws_says(lab, "server3", assign("server3"));
  CHECK(run(lab, "client", {"curl", "-s", "-m", "1", url}).out == "server3\n");
  const std::string mac = metadata(lab, "server3", "mac");
  CHECK(contains(metadata(lab, "server3", "network/interfaces/macs/" + mac + "/local-ipv4s"),
                 "10.0.110.50"));
  const auto held =
      aws(lab, "server1",
          replaced(assign("server1"), "--allow-reassignment", "--no-allow-reassignment"));
  CHECK(contains(held.err, "is already assigned"));
  aws_says(lab, "server3",
           "ec2 unassign-private-ip-addresses --private-ip-addresses 10.0.110.50 "
           "--network-interface-id " +
               value_of(lab, "instances/server3/eni"));
  CHECK_FALSE(pings(lab, "client", "10.0.110.50"));
}

TEST_CASE("a role is held to its policy, and what is denied is told in AWS's words") {
  const Lab& lab = shared_lab();
  const auto policy = lab.fault({"policy", "ha-node", narrow_policy});
  REQUIRE_MESSAGE(policy.has_value(), (policy ? "" : policy.error().message));
  const auto replace = [&](const std::string& table) {
    return aws(lab, "server1",
               fmt::format("ec2 replace-route --dry-run --route-table-id {} "
                           "--destination-cidr-block {}/32 --network-interface-id {}",
                           value_of(lab, fmt::format("route_tables/{}/id", table)), vip,
                           value_of(lab, "instances/server1/eni")))
        .err;
  };
  CHECK(contains(replace("Private-A"), "(DryRunOperation)"));
  const std::string denied = replace("Private-B");
  CHECK(contains(denied, "(UnauthorizedOperation)"));
  CHECK(contains(denied,
                 "is not authorized to perform: ec2:ReplaceRoute on resource: "
                 "arn:aws:ec2:ap-northeast-1:123456789012:route-table/" +
                     value_of(lab, "route_tables/Private-B/id")));
  const std::string marker = "Encoded authorization failure message: ";
  std::string blob = denied.substr(denied.find(marker) + marker.size());
  blob = blob.substr(0, blob.find_first_of(" \n"));
  CHECK(contains(
      aws_says(lab, "server1", "sts decode-authorization-message --encoded-message " + blob),
      "\"explicitDeny\":false"));
  const auto zones = aws(lab, "server1", "route53 list-hosted-zones");
  CHECK(contains(zones.err, "(AccessDenied)"));
  fault(lab, "policy ha-node all");
  const std::string simulated = aws_says(
      lab, "server1",
      "iam simulate-principal-policy --policy-source-arn arn:aws:iam::123456789012:role/reader "
      "--action-names ec2:ReplaceRoute ec2:DescribeVpcs --query EvaluationResults[].EvalDecision");
  CHECK(simulated == "explicitDeny\tallowed\n");
}

TEST_CASE("a role is assumed, with keys or with a token, and an instance can lose its role") {
  const Lab& lab = shared_lab();
  const std::string role = "arn:aws:iam::123456789012:role/reader";
  const std::string keys =
      aws_says(lab, "server1",
               "sts assume-role --role-session-name night --query "
               "Credentials.[AccessKeyId,SecretAccessKey,SessionToken] --role-arn " +
                   role);
  const auto who = run(lab, "server1",
                       {"sh", "-c",
                        fmt::format("set -- {}; AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2 "
                                    "AWS_SESSION_TOKEN=$3 aws sts get-caller-identity",
                                    keys.substr(0, keys.find('\n')))});
  CHECK(contains(who.out, "assumed-role/reader/night"));
  const auto by_token =
      run(lab, "server1",
          {"env", "AWS_WEB_IDENTITY_TOKEN_FILE=/run/lab/web-identity-token", "AWS_ROLE_ARN=" + role,
           "AWS_ROLE_SESSION_NAME=day", "/usr/bin/aws", "sts", "get-caller-identity"});
  CHECK_MESSAGE(contains(by_token.out, "assumed-role/reader/day"), by_token.err);
  fault(lab, "role server1 none");
  CHECK(metadata(lab, "server1", "iam/security-credentials/").empty());
  CHECK(aws(lab, "server1", "sts get-caller-identity").code == 253);
  fault(lab, "role server1 ha-node");
  CHECK(metadata(lab, "server1", "iam/security-credentials/") == "ha-node");
}

TEST_CASE("zones fail by word, EC2 announces, calls are counted, and reads lag writes") {
  const Lab& lab = shared_lab();
  fault(lab, "zone ap-northeast-1a impaired power is failing");
  CHECK(contains(
      aws_says(lab, "server1", "ec2 describe-availability-zones --zone-names ap-northeast-1a"),
      "impaired"));
  fault(lab, "notice server1 spot terminate 90s");
  CHECK(contains(metadata(lab, "server1", "spot/instance-action"), "\"action\": \"terminate\""));
  fault(lab, "notice server1 lifecycle Terminated");
  CHECK(metadata(lab, "server1", "autoscaling/target-lifecycle-state") == "Terminated");
  CHECK(metadata(lab, "server2", "spot/instance-action").empty());
  fault(lab, "limit ec2:DescribeVpcs 1 0");
  CHECK(contains(api(lab, "server1", "Action=DescribeVpcs"), "<vpcId>"));
  CHECK(contains(api(lab, "server2", "Action=DescribeVpcs"), "<Code>RequestLimitExceeded</Code>"));
  CHECK(contains(api(lab, "server2", "Action=DescribeSubnets&Nonsense=1"),
                 "<Code>UnknownParameter</Code>"));
  const auto events = lab.events_json();
  REQUIRE(events.has_value());
  CHECK(contains(*events, "\"service\":\"ec2\""));
  CHECK(contains(*events, "\"status\":\"503\""));
  fault(lab, "clear");
  CHECK(metadata(lab, "server1", "spot/instance-action").empty());
}

TEST_CASE("an endpoint in the VPC and a proxy are ways to the API, and security groups are kept") {
  std::string layout = replaced(
      default_layout_text(), "  \"roles\":",
      R"(  "vpc_endpoints": [{"service": "ec2", "addresses": {"Subnet-2A": "10.0.110.200"}}],
  "security_groups": [{"name": "web", "ingress": [
    {"protocol": "tcp", "port": 80, "source": "10.0.200.0/24"}]}],
  "roles":)");
  layout = replaced(layout, "\"address\": \"10.0.10.5\",",
                    "\"address\": \"10.0.10.5\", \"proxy\": true,");
  layout = replaced(layout, "\"address\": \"10.0.120.10\",",
                    "\"address\": \"10.0.120.10\", \"security_groups\": [\"web\"],");
  const Lab lab = lab_of(layout);
  CHECK(resolved(lab, "server1", "ec2.ap-northeast-1.amazonaws.com") == "10.0.110.200");
  fault(lab, "freeze nat2");
  // Without its NAT instance, server2 has the endpoint for EC2 and the proxy for the rest.
  CHECK(contains(aws_says(lab, "server2", "ec2 describe-vpc-endpoints"), "vpce-"));
  const auto sts = [&](const std::string& proxy) {
    return run(lab, "server2",
               {"curl", "-s", "-m", "3", "-o", "/dev/null", "-x", proxy,
                "https://sts.ap-northeast-1.amazonaws.com/"})
        .code;
  };
  CHECK(sts("http://10.0.10.5:3128") == 0);
  CHECK(sts("") != 0);
  serve(lab, "server2");

  const auto reaches = [&](const std::string& from, const std::string& url) {
    return run(lab, from, {"curl", "-s", "-m", "1", url}).code == 0;
  };
  REQUIRE(becomes_true(3s, [&] { return reaches("client", "http://10.0.120.10/"); }));
  CHECK_FALSE(reaches("server1", "http://10.0.120.10/"));
  CHECK_FALSE(pings(lab, "client", "10.0.120.10"));
  aws_says(
      lab, "server1",
      fmt::format("ec2 authorize-security-group-ingress --group-id {} --protocol tcp --port 80 "
                  "--cidr 10.0.110.0/24 --query Return",
                  value_of(lab, "security_groups/web/id")));
  CHECK(reaches("server1", "http://10.0.120.10/"));
}

TEST_CASE("a VIP of IPv6 outside the VPC's block follows its /128 route") {
  std::string layout =
      replaced(default_layout_text(), "\"zones\"", "\"vpc_ipv6\": \"2001:db8:1::/56\", \"zones\"");
  for (const auto& [subnet, block] : {std::pair{"Subnet-2A", "12"}, std::pair{"Subnet-2B", "22"},
                                      std::pair{"Subnet-Clients", "c0"}}) {
    const std::string name = fmt::format("\"name\": \"{}\",", subnet);
    layout =
        replaced(layout, name, fmt::format("{} \"ipv6\": \"2001:db8:1:{}::/64\",", name, block));
  }
  for (const auto& [four, six] : {std::pair{"10.0.110.10", "2001:db8:1:12::10"},
                                  std::pair{"10.0.120.10", "2001:db8:1:22::10"},
                                  std::pair{"10.0.200.10", "2001:db8:1:c0::10"}}) {
    layout = replaced(layout, fmt::format("\"address\": \"{}\",", four),
                      fmt::format("\"address\": \"{}\", \"ipv6\": \"{}\",", four, six));
  }
  const Lab lab = lab_of(layout);
  CHECK(pings(lab, "client", "2001:db8:1:12::10"));
  const std::string six = "2001:db8:99::20";
  for (const char* server : {"server1", "server2"})
    run(lab, server, {"ip", "addr", "add", six + "/128", "dev", "eth0", "nodad"});
  const auto route = [&](const std::string& verb, const std::string& server) {
    return fmt::format(
        "ec2 {} --route-table-id {} --destination-ipv6-cidr-block {}/128 --network-interface-id {}",
        verb, value_of(lab, "route_tables/Public-AB/id"), six,
        value_of(lab, fmt::format("instances/{}/eni", server)));
  };
  CHECK_FALSE(pings(lab, "client", six));
  aws_says(lab, "server1", route("create-route", "server1"));
  CHECK(pings(lab, "client", six));
  run(lab, "server1", {"ip", "addr", "del", six + "/128", "dev", "eth0"});
  CHECK_FALSE(pings(lab, "client", six));
  aws_says(lab, "server2", route("replace-route", "server2"));
  CHECK(pings(lab, "client", six));
  fault(lab, "cut client server2");
  CHECK_FALSE(pings(lab, "client", six));
}
