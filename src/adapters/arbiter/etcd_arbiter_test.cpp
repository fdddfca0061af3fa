// The arbiter before a real etcd of one member: the port's contract, and what an administrator can
// do to it.
#include <doctest/doctest.h>

#include "adapters/arbiter/etcd_test_proxy.h"
#include "adapters/arbiter/etcd_test_users.h"
#include "adapters/arbiter/etcd_test_world.h"
#include "adapters/aws/test_world.h"
#include "adapters/http/url.h"
#include "ports/arbiter_contract.h"

namespace mainstay::etcd {
namespace {

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

// What etcd's gateway answers when its members cannot keep up; nothing makes a small one do so.
constexpr const char* overload_body =
    R"({"error":"etcdserver: too many requests","message":"etcdserver: too many requests","code":8})";

std::string overload() {
  const std::string_view body = overload_body;
  return fmt::format(
      "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      body.size(), body);
}

struct Single {
  explicit Single(const std::vector<std::string>& options = {}) : etcd(1, "http", options) {
    REQUIRE_MESSAGE(world.ready(url()), etcd.log());
  }
  std::string url() { return etcd[0].url(); }
  int port() { return std::stoi(parse_url(url())->port); }

  Etcd etcd;
  TestWorld world;
};

TEST_CASE("etcd's adapter keeps the contract of the port") {
  Single single;
  TestUsers users(single.world, single.url());
  users.switch_on();
  TestProxy proxy(single.port(), overload());
  const auto settings = [&](const char* cluster) {
    return Settings{
        .cluster = cluster, .endpoints = {proxy.url()}, .user = "mainstay", .password = "a secret"};
  };
  PollLoop& loop = single.world.loop;
  ArbiterContractWorld contract{
      .one = single.world.client(settings("shop")),
      .two = single.world.client(settings("shop")),
      .stranger = &single.world.client(settings("farm")),
      .clock = loop,
      .run_until = [&](const std::function<bool()>& done) { loop.run_until(done); },
      .be_silent = [&] { proxy.lose(Loss::everything); },
      .lose_answers = [&] { proxy.lose(Loss::answers); },
      .lose_one_answer = [&] { proxy.lose(Loss::one_answer); },
      .throttle = [&] { proxy.lose(Loss::all_refused); },
      .deny = [&] { users.forbid(); },
      .forget =
          [&] {
            single.etcd[0].kill();
            single.etcd[0].lose_data();
            single.etcd.start(0);
            REQUIRE_MESSAGE(single.world.ready(single.url()), single.etcd.log());
          },
      .heal =
          [&] {
            proxy.lose(Loss::nothing);
            users.permit();
          },
      .call_limit = 3s};
  for (const auto& broken : broken_arbiter_clauses(contract)) FAIL_CHECK(broken);
  CHECK(proxy.answers_lost() > 1);
}

TEST_CASE("authentication: refusals name the user, and a token is renewed by itself") {
  Single single;
  TestWorld& world = single.world;
  TestUsers users(world, single.url());
  EtcdArbiter& known =
      world.client({.endpoints = {single.url()}, .user = "mainstay", .password = "a secret"});
  EtcdArbiter& nobody = world.client({.endpoints = {single.url()}});
  EtcdArbiter& wrong =
      world.client({.endpoints = {single.url()}, .user = "mainstay", .password = "guess"});
  EtcdArbiter& astray = world.client({.endpoints = {single.url()},
                                      .user = "mainstay",
                                      .password = "a secret",
                                      .prefix = "/elsewhere"});

  // Before authentication is switched on a user does no harm, so that it can be configured first.
  auto version = world.swap(known, "node/a", 0, "off");
  REQUIRE_MESSAGE(version, version.error().message);
  users.switch_on();
  version = world.swap(known, "node/a", *version, "on");
  REQUIRE_MESSAGE(version, version.error().message);

  const auto refused = world.read(nobody, "node/a");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::denied);
  CHECK(refused.error().message ==
        fmt::format("etcd {}, record /mainstay/shop/node/a: user name is empty; its "
                    "authentication is on: give user and password_file under [arbitration.etcd]",
                    single.url()));
  const auto guessed = world.read(wrong, "node/a");
  REQUIRE_FALSE(guessed);
  CHECK(guessed.error().code == Code::denied);
  CHECK(has(guessed.error().message, ", user mainstay: authentication failed, invalid user ID or"));
  const auto forbidden = world.swap(astray, "node/a", 0, "x");
  REQUIRE_FALSE(forbidden);
  CHECK(forbidden.error().code == Code::denied);
  CHECK(has(forbidden.error().message,
            "record /elsewhere/shop/node/a: the user mainstay has no permission for it"));

  // The tokens of a member are gone with its process.
  single.etcd[0].kill();
  single.etcd.start(0);
  version = world.swap(known, "node/a", *version, "again");
  REQUIRE_MESSAGE(version, version.error().message);
  users.switch_off();
  CHECK(world.read(known, "node/a")->value == Bytes{'a', 'g', 'a', 'i', 'n'});
}

TEST_CASE("all records of a cluster are listed, and no others") {
  Single single;
  TestWorld& world = single.world;
  EtcdArbiter& shop = world.client({.endpoints = {single.url()}});
  EtcdArbiter& shop2 = world.client({.cluster = "shop2", .endpoints = {single.url()}});
  CHECK(run(world.loop, shop.list(world.within()))->empty());
  const auto a = world.swap(shop, "node/a", 0, "one");
  const auto web = world.swap(shop, "group/web", 0, "");
  REQUIRE(world.swap(shop2, "node/b", 0, "other"));
  const auto listed = run(world.loop, shop.list(world.within()));
  REQUIRE_MESSAGE(listed, listed.error().message);
  CHECK(*listed ==
        std::vector<ArbiterEntry>{{"group/web", {*web, {}}}, {"node/a", {*a, {'o', 'n', 'e'}}}});
}

TEST_CASE("a record that somebody has halved by hand is corrupt, not absent") {
  Single single;
  TestWorld& world = single.world;
  EtcdArbiter& shop = world.client({.endpoints = {single.url()}});
  REQUIRE(world.swap(shop, "node/a", 0, "one"));
  // "/mainstay/shop/node/a"
  world.post(single.url(), "/v3/kv/deleterange", R"({"key":"L21haW5zdGF5L3Nob3Avbm9kZS9h"})");
  const auto read = world.read(shop, "node/a");
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Code::corrupt);
  CHECK(has(read.error().message, "/mainstay/shop/node/a#version only one is there"));
  CHECK(world.swap(shop, "node/a", 0, "two").error().code == Code::conflict);
  CHECK(run(world.loop, shop.list(world.within())).error().code == Code::corrupt);
}

TEST_CASE("a full etcd says what to do") {
  Single single({"--quota-backend-bytes=65536"});
  TestWorld& world = single.world;
  EtcdArbiter& shop = world.client({.endpoints = {single.url()}});
  auto written = world.swap(shop, "node/a", 0, std::string(30'000, 'x'));
  for (int i = 0; i < 300 && written; ++i) {
    written = world.swap(shop, "node/a", *written, std::string(30'000, 'x'));
  }
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Code::unavailable);
  CHECK(has(written.error().message, "database space exceeded; compact and defragment it"));
  CHECK(world.read(shop, "node/a").has_value());
}

TEST_CASE("a write overtaken after its answer was lost is unknown, not refused") {
  aws::ManualClock clock;
  aws::ScriptedHttp http(clock);
  EtcdArbiter shop(clock, http.sender(), {.cluster = "shop", .endpoints = {"http://one:2379"}});
  // The version of somebody else's write: 12.
  const std::string overtaken =
      R"({"header":{"cluster_id":"1","revision":"7"},"responses":[{"response_range":{"kvs":[)"
      R"({"key":"L21haW5zdGF5L3Nob3Avbm9kZS9hI3ZlcnNpb24=","value":"MTI="}]}}]})";
  const auto swap = [&] {
    return aws::run(clock, shop.swap("node/a", 11, {}, Call(clock.now() + 1s)));
  };
  http.answers(200, overtaken);
  CHECK(swap().error().code == Code::conflict);
  http.fails(HttpProblem::broken, true);
  http.answers(200, overtaken);
  CHECK(swap().error().code == Code::outcome_unknown);
  http.fails(HttpProblem::unreachable, false);
  http.answers(200, overtaken);
  CHECK(swap().error().code == Code::conflict);
}

TEST_CASE("a member that is not there is unavailable until the deadline, and named") {
  TestWorld world;
  const std::string url = fmt::format("http://127.0.0.1:{}", free_port());
  EtcdArbiter& shop = world.client({.endpoints = {url}});
  const auto read = world.read(shop, "node/a", 300ms);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Code::unavailable);
  CHECK(has(read.error().message, "record /mainstay/shop/node/a: 127.0.0.1:"));
  CHECK(has(read.error().message, " attempts)"));
  CHECK(world.swap(shop, "node/a", 0, "x", 300ms).error().code == Code::unavailable);
}

}  // namespace
}  // namespace mainstay::etcd
