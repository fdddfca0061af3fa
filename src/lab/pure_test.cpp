// The smaller pure parts: addresses, layout, HTTP, metadata, faults, cuts, words, accounts.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "lab/accounts.h"
#include "lab/api_faults.h"
#include "lab/cuts.h"
#include "lab/endpoint.h"
#include "lab/exec.h"
#include "lab/imds.h"
#include "lab/init.h"
#include "lab/words.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

Layout layout() { return *parse_layout(default_layout_text()); }
Model model() { return make_model(layout(), 1'000); }

std::string layout_error(std::string_view from, std::string_view to) {
  std::string text = default_layout_text();
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  const auto parsed = parse_layout(text);
  return parsed ? "none" : parsed.error().message;
}

}  // namespace

TEST_CASE("addresses and blocks are read strictly") {
  CHECK(to_text(*parse_ipv4("10.0.110.10")) == "10.0.110.10");
  for (const char* wrong : {"10.0.0", "10.0.0.256", "", "10.0.0.1 "})
    CHECK_FALSE(parse_ipv4(wrong).has_value());
  CHECK(to_text(*parse_cidr("10.0.0.0/16")) == "10.0.0.0/16");
  for (const char* wrong : {"10.0.0.1/16", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/1x"}) {
    CHECK_FALSE(parse_cidr(wrong).has_value());
  }
  CHECK(parse_cidr("0.0.0.0/0")->contains(*parse_ipv4("255.1.2.3")));
  CHECK_FALSE(parse_cidr("10.0.0.0/16")->contains(*parse_ipv4("10.1.0.20")));
}

TEST_CASE("the built-in layout is that of the guide") {
  const Model built = model();
  CHECK(built.instances.size() == 5);
  CHECK(built.tables.size() == 4);  // three of the guide and the main one
  int with_vip = 0;
  for (const RouteTable& table : built.tables) {
    for (const Route& route : table.routes)
      with_vip += to_text(route.destination) == "10.1.0.20/32";
  }
  CHECK(with_vip == 3);
  CHECK(make_id("eni", "server1") == make_id("eni", "server1"));
  CHECK(make_id("eni", "server1") != make_id("eni", "server2"));
  CHECK(make_id("i", "server1").size() == 2 + 17);
}

TEST_CASE("a wrong layout is refused with the thing, the fact and the place") {
  CHECK(layout_error("\"zones\"", "\"zoones\"").find("unknown key 'zoones'") != std::string::npos);
  CHECK(layout_error("10.0.110.10", "10.0.120.11").find("is not a free address of") !=
        std::string::npos);
  CHECK(layout_error("10.0.110.10", "10.0.110.3").find("the first four") != std::string::npos);
  CHECK(layout_error("\"target\": \"nat1\"", "\"target\": \"nat9\"").find("there is no 'nat9'") !=
        std::string::npos);
  CHECK(layout_error("10.0.20.0/24", "10.0.10.0/24").find("overlap") != std::string::npos);
  CHECK(
      layout_error("\"name\": \"server2\"", "\"name\": \"server1\"").find("two instances named") !=
      std::string::npos);
  CHECK(layout_error("10.1.0.20/32", "10.0.0.20/32").find("lies in the VPC") != std::string::npos);
  CHECK(layout_error("\"role\": \"ha-node\"", "\"role\": \"king\"").find("there is no 'king'") !=
        std::string::npos);
  CHECK(layout_error("{\n", "[\n").find("not JSON") != std::string::npos);
  const auto volumes_error = [](const std::string& volumes) {
    return layout_error("\"role\": \"ha-node\"",
                        fmt::format("\"role\": \"ha-node\", \"volumes\": [{}]", volumes));
  };
  const std::string good = R"({"device": "/dev/sdf", "size_mib": 8})";
  CHECK(volumes_error(good) == "none");
  CHECK(volumes_error(good + "," + good).find("two volumes at /dev/sdf") != std::string::npos);
  CHECK(volumes_error(R"({"device": "/dev/../sdf", "size_mib": 8})").find("no device like") !=
        std::string::npos);
  CHECK(volumes_error(R"({"device": "/dev/sdf"})").find("'size_mib'") != std::string::npos);
}

TEST_CASE("a request is read when it is complete, and not before") {
  const std::string text = "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET";
  for (std::size_t size = 0; size < text.size() - 3; ++size) {
    const auto parsed = parse_request(std::string_view(text).substr(0, size));
    REQUIRE(parsed.has_value());
    CHECK_FALSE(parsed->has_value());
  }
  const auto parsed = parse_request(text);
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->has_value());
  CHECK((*parsed)->size == text.size() - 3);
  CHECK((*parsed)->request.path() == "/a");
  CHECK((*parsed)->request.query() == "b=c");
  CHECK((*parsed)->request.header("host") == "x");
  CHECK((*parsed)->request.body == "abc");
}

TEST_CASE("what can never become a request is refused") {
  CHECK_FALSE(parse_request("nonsense\r\n\r\n").has_value());
  CHECK_FALSE(parse_request("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n").has_value());
  CHECK_FALSE(parse_request("GET / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n").has_value());
  CHECK_FALSE(parse_request("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").has_value());
  CHECK_FALSE(parse_request(std::string(header_size_max + 1, 'x')).has_value());
}

TEST_CASE("forms are decoded") {
  CHECK(parse_form("a=1+2&b=%e3%81%82&c&d=%zz") ==
        std::vector<std::pair<std::string, std::string>>{
            {"a", "1 2"}, {"b", "\xe3\x81\x82"}, {"c", ""}, {"d", "%zz"}});
}

TEST_CASE("metadata needs a token of its own instance") {
  const Model built = model();
  Accounts accounts(layout(), built, 1);
  MetadataService service(1);
  const Instance& server1 = *find_instance_named(built, "server1");
  const Instance& server2 = *find_instance_named(built, "server2");
  const auto ask = [&](const Instance& instance, HttpRequest request, std::int64_t now_ms = 5'000) {
    return service.answer(request, built, instance, accounts, now_ms);
  };
  const HttpRequest put{
      "PUT", "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", "60"}}};
  const std::string token = ask(server1, put).body;
  const auto get = [&](const std::string& path, const std::string& with) {
    return HttpRequest{"GET", "/latest/meta-data/" + path, {{"x-aws-ec2-metadata-token", with}}};
  };
  CHECK(ask(server1, get("instance-id", token)).body == server1.id);
  CHECK(ask(server2, get("instance-id", token)).status == 401);
  CHECK(ask(server1, get("instance-id", "")).status == 401);
  CHECK(ask(server1, get("instance-id", token), 66'000).status == 401);
  CHECK(ask(server1, get("nothing", token)).status == 404);
  for (const char* life : {"0", "21601", "", "x"}) {
    const HttpRequest bad{
        "PUT", "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", life}}};
    CHECK(ask(server1, bad).status == 400);
  }
  HttpRequest forwarded = put;
  forwarded.headers.emplace_back("x-forwarded-for", "1.2.3.4");
  CHECK(ask(server1, forwarded).status == 403);
}

TEST_CASE("the metadata is a tree with listings") {
  const Model built = model();
  Accounts accounts(layout(), built, 1);
  MetadataService service(1);
  const Instance& nat = *find_instance_named(built, "nat1");
  const Instance& server = *find_instance_named(built, "server1");
  const auto get = [&](const Instance& instance, const std::string& path) {
    const std::string token =
        service
            .answer({"PUT", "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", "9"}}},
                    built, instance, accounts, 0)
            .body;
    return service
        .answer({"GET", "/latest/meta-data/" + path, {{"x-aws-ec2-metadata-token", token}}}, built,
                instance, accounts, 0)
        .body;
  };
  CHECK(get(server, "placement/").find("availability-zone\n") == 0);
  CHECK(get(server, "iam/security-credentials/") == "ha-node");
  CHECK(get(server, "iam/security-credentials/ha-node").find("\"AccessKeyId\" : \"ASIA") !=
        std::string::npos);
  CHECK(get(nat, "iam/security-credentials/").find("404") == 0);
  CHECK(get(nat, "public-ipv4") == "198.51.100.11");
  const std::string mac = get(server, "mac");
  CHECK(get(server, "network/interfaces/macs/") == mac + "/");
  CHECK(get(server, "network/interfaces/macs/" + mac + "/subnet-id") ==
        make_id("subnet", "Subnet-2A"));
}

TEST_CASE("role credentials are renewed before they end, unless the service is stuck") {
  Accounts accounts(layout(), model(), 1);
  const Credentials first = *accounts.of_instance("server1", 0);
  CHECK(first.expires_ms == credentials_life_ms);
  CHECK(*accounts.of_instance("server1", credentials_life_ms - credentials_renewal_ms) == first);
  const Credentials second =
      *accounts.of_instance("server1", credentials_life_ms - credentials_renewal_ms + 1);
  CHECK(second.access_key != first.access_key);
  CHECK(accounts.find(first.access_key) != nullptr);
  accounts.expire("server1", 100, false);
  CHECK(accounts.of_instance("server1", 200)->access_key == second.access_key);
  CHECK(accounts.of_instance("server1", 200)->expires_ms == 100);
  accounts.refresh("server1");
  CHECK(accounts.of_instance("server1", 200)->access_key != second.access_key);
  CHECK(accounts.of_instance("nat1", 0) == nullptr);
  CHECK(accounts.principal(first.access_key).instance == "server1");
}

TEST_CASE("a stuck metadata service shows expired credentials also to the first who asks") {
  Accounts accounts(layout(), model(), 1);
  accounts.expire("server1", 100, false);
  CHECK(accounts.of_instance("server1", 200)->expires_ms == 100);
  accounts.expire("server2", 100, true);
  CHECK(accounts.of_instance("server2", 200)->expires_ms > 200);
}

TEST_CASE("permissions are denied by pattern and given back") {
  const auto verdict = [](const Accounts& accounts, const Principal& who, const char* action) {
    return accounts.decide(who, {action, {{"*"}}}).verdict;
  };
  Accounts accounts(layout(), model(), 1);
  const Principal node{"arn", "id", "server1", "ha-node"};
  const Principal reader{"arn", "id", "client", "reader"};
  const Principal person{"arn", "id", "", ""};
  CHECK(verdict(accounts, node, "ec2:ReplaceRoute") == Verdict::allowed);
  CHECK(verdict(accounts, reader, "ec2:ReplaceRoute") == Verdict::explicit_deny);
  CHECK(verdict(accounts, reader, "ec2:DescribeVpcs") == Verdict::allowed);
  accounts.deny("ha-node", "ec2:*");
  CHECK(verdict(accounts, node, "ec2:DescribeVpcs") == Verdict::explicit_deny);
  CHECK(verdict(accounts, person, "ec2:DescribeVpcs") == Verdict::allowed);
  accounts.permit("ha-node", "all");
  CHECK(verdict(accounts, node, "ec2:DescribeVpcs") == Verdict::allowed);
}

TEST_CASE("API faults strike whom and as often as they say") {
  Random random(1);
  std::vector<ApiFault> faults(2);
  faults[0].kind = ApiFaultKind::throttle;
  faults[0].action = "Describe*";
  faults[0].count = 2;
  faults[1].kind = ApiFaultKind::latency;
  faults[1].instance = "server1";
  faults[1].amount_ms = 50;
  const auto first = decide(faults, "DescribeVpcs", "server1", random);
  CHECK(first.error->code == "RequestLimitExceeded");
  CHECK(first.delay_ms == 50);
  CHECK_FALSE(decide(faults, "ReplaceRoute", "server2", random).error.has_value());
  CHECK(decide(faults, "DescribeVpcs", "server2", random).error.has_value());
  CHECK_FALSE(decide(faults, "DescribeVpcs", "server2", random).error.has_value());
  CHECK(faults.size() == 1);  // the spent one is gone
}

TEST_CASE("a rule may name a service, or an action of any") {
  Random random(1);
  std::vector<ApiFault> faults(1);
  faults[0].kind = ApiFaultKind::outage;
  const auto struck = [&](const char* pattern, const char* action) {
    faults[0].action = pattern;
    return decide(faults, action, "server1", random).silence;
  };
  CHECK(struck("dynamodb:*", "dynamodb:GetItem"));
  CHECK_FALSE(struck("dynamodb:*", "ec2:DescribeVpcs"));
  CHECK(struck("Describe*", "ec2:DescribeVpcs"));
  CHECK(struck("*", "sts:GetCallerIdentity"));
  CHECK_FALSE(struck("GetItem", "dynamodb:PutItem"));
}

TEST_CASE("a rate strikes that part of the calls") {
  Random random(1);
  std::vector<ApiFault> faults(1);
  faults[0].kind = ApiFaultKind::error;
  faults[0].rate = 0.25;
  int struck = 0;
  for (int i = 0; i < 1000; ++i) struck += decide(faults, "X", "", random).error.has_value();
  CHECK(struck > 200);
  CHECK(struck < 300);
}

TEST_CASE("cuts are spelled out into pairs of ports") {
  const Model built = model();
  CHECK(plan_cuts(built, {{"server1", "client"}}).pairs ==
        std::vector<PortPair>{{"client", "server1"}, {"server1", "client"}});
  CHECK(plan_cuts(built, {{"server1", "client", Direction::out}}).pairs ==
        std::vector<PortPair>{{"server1", "client"}});
  CHECK(plan_cuts(built, {{"server1", "client", Direction::in}}).pairs ==
        std::vector<PortPair>{{"client", "server1"}});
  const auto alone = plan_cuts(built, {{"server1"}}).pairs;
  CHECK(alone.size() == 2 * 5);  // four other instances and the internet
  const auto zone = plan_cuts(built, {{"ap-northeast-1a"}}).pairs;
  CHECK(zone.size() == 2 * 2 * 4);  // two inside, three instances and the internet outside
  CHECK(std::ranges::find(zone, PortPair{"server1", "nat1"}) == zone.end());
  const CutPlan aws = plan_cuts(built, {{"ap-northeast-1a", "aws", Direction::in}});
  CHECK(aws.pairs.empty());
  CHECK(aws.to_aws.empty());
  CHECK(aws.from_aws == std::vector<std::string>{"nat1", "server1"});
}

TEST_CASE("places that do not exist cannot be cut") {
  CHECK(check_cut(model(), {"server1", "aws"}).has_value());
  CHECK(check_cut(model(), {"ap-northeast-1c", "internet"}).has_value());
  CHECK_FALSE(check_cut(model(), {"server9"}).has_value());
  CHECK_FALSE(check_cut(model(), {"server1", "server9"}).has_value());
  CHECK_FALSE(check_cut(model(), {"aws", "server1"}).has_value());
}

TEST_CASE("words, durations and shares are read as people write them") {
  const auto words = parse_words({"a", "--x", "1", "--y=2", "--z", "b"}, {"x", "y"}, {"z"});
  REQUIRE(words.has_value());
  CHECK(words->plain == std::vector<std::string>{"a", "b"});
  CHECK(words->options == std::map<std::string, std::string>{{"x", "1"}, {"y", "2"}, {"z", ""}});
  CHECK_FALSE(parse_words({"--x"}, {"x"}).has_value());
  CHECK_FALSE(parse_words({"--w", "1"}, {"x"}).has_value());
  CHECK(*parse_duration("20ms") == 20ms);
  CHECK(*parse_duration("1.5s") == 1500ms);
  CHECK(*parse_duration("-2min") == -2min);
  for (const char* wrong : {"20", "ms", "x", "1 s", ""})
    CHECK_FALSE(parse_duration(wrong).has_value());
  CHECK(*parse_share("10%") == doctest::Approx(0.1));
  CHECK(*parse_share("1") == doctest::Approx(1));
  for (const char* wrong : {"101%", "-1", "x", "1.1"}) CHECK_FALSE(parse_share(wrong).has_value());
}

TEST_CASE("an interface has the MAC of its machine's link, whoever came before it") {
  Layout all = layout();
  REQUIRE(all.instances.back().subnet.empty());
  LayoutInstance late = all.instances.front();
  late.name = "late";
  late.address = *parse_ipv4("10.0.10.9");
  late.elastic_ip.clear();
  all.instances.push_back(late);
  CHECK(make_model(all, 1'000).enis.back().mac ==
        fmt::format("02:4d:53:00:00:{:02x}", all.instances.size()));
}

TEST_CASE("addresses with ports are read strictly") {
  CHECK(parse_endpoint("10.1.0.20:80")->port == 80);
  for (const char* wrong : {"10.1.0.20", ":80", "10.1.0.20:0", "10.1.0.20:65536", "web:80"}) {
    CHECK_FALSE(parse_endpoint(wrong).has_value());
  }
  CHECK(*parse_url("http://10.1.0.20/x/y") == Url{"10.1.0.20", 80, "/x/y"});
  CHECK(*parse_url("http://web.internal:8080") == Url{"web.internal", 8080, "/"});
  CHECK(*find_endpoint({"10.1.0.20", 80}) == Endpoint{*parse_ipv4("10.1.0.20"), 80});
  for (const char* wrong : {"https://10.1.0.20/", "http:///", "http://:80/", "http://web:x/"}) {
    CHECK_FALSE(parse_url(wrong).has_value());
  }
}

TEST_CASE("requests between the lab's processes survive the way") {
  const ExecRequest request{{"sh", "-c", "x\ny"}, {"A=b"}, true, "/var/log/x"};
  CHECK(*decode_exec_request(encode(request)) == request);
  CHECK_FALSE(decode_exec_request(encode(ExecRequest{})).has_value());
  const std::string whole = encode(request);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(decode_exec_request(std::string_view(whole).substr(0, size)).has_value());
  }
  InitSpec spec;
  spec.instance = "a";
  spec.boot_commands = {{"x", "y z"}};
  const auto back = decode_init_spec(encode(spec));
  REQUIRE(back.has_value());
  CHECK(back->boot_commands == spec.boot_commands);
  CHECK_FALSE(decode_init_spec("{}").has_value());
}
