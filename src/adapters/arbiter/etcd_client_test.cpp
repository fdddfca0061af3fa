#include "adapters/arbiter/etcd_client.h"

#include <doctest/doctest.h>

#include "adapters/aws/test_world.h"

namespace mainstay::etcd {
namespace {

using aws::ManualClock;
using aws::ScriptedHttp;

std::string refusal(const char* sentence, int code) {
  return fmt::format(R"({{"error":"{0}","message":"{0}","code":{1}}})", sentence, code);
}

struct Bench {
  explicit Bench(std::string user = "") : client(clock, http.sender(), settings(std::move(user))) {}

  static Settings settings(std::string user) {
    return {.endpoints = {"http://one:2379", "http://two:2379/", "http://three:2379"},
            .user = std::move(user),
            .password = "secret"};
  }
  Answer ask(Effect effect, Duration limit = 1200ms) {
    Question question{.path = "/v3/kv/txn", .body = "{}", .subject = "record r", .effect = effect};
    return aws::run(clock, client.ask(std::move(question), {clock.now() + limit, {}}));
  }
  std::string asked(std::size_t index) { return http.seen.at(index).request.url; }
  std::string_view token(std::size_t index) {
    return header_value(http.seen.at(index).request.headers, "Authorization");
  }

  ManualClock clock;
  ScriptedHttp http{clock};
  Client client;
};

TEST_CASE("the next member is asked when one is out of reach, and stays the first to be asked") {
  Bench bench;
  bench.http.fails(HttpProblem::unreachable, false);
  bench.http.answers(200, "yes");
  const Answer answer = bench.ask(Effect::change);
  REQUIRE(answer.body);
  CHECK(*answer.body == "yes");
  CHECK_FALSE(answer.ambiguous);
  bench.http.answers(200, "yes");
  bench.ask(Effect::none);
  CHECK(bench.asked(0) == "http://one:2379/v3/kv/txn");
  CHECK(bench.asked(1) == "http://two:2379/v3/kv/txn");
  CHECK(bench.asked(2) == "http://two:2379/v3/kv/txn");
  CHECK(header_value(bench.http.seen[0].request.headers, "Grpc-Metadata-hasleader") == "true");
}

TEST_CASE("a silent member leaves time for the others") {
  Bench bench;
  bench.http.is_silent();
  bench.http.is_silent();
  bench.http.answers(200, "yes");
  const Answer answer = bench.ask(Effect::change);
  REQUIRE(answer.body);
  CHECK(*answer.body == "yes");
  CHECK(answer.ambiguous);
  CHECK(bench.http.seen[1].at - bench.http.seen[0].at == 600ms);
  CHECK(bench.http.seen[2].at - bench.http.seen[1].at == 300ms);
}

TEST_CASE("a write that may have happened is never said to have failed") {
  Bench bench;
  bench.http.fails(HttpProblem::broken, true);
  bench.http.answers(403, refusal("etcdserver: permission denied", 7));
  const Answer answer = bench.ask(Effect::change);
  CHECK(answer.body.error().code == Code::outcome_unknown);
  CHECK(answer.body.error().message ==
        "etcd http://two:2379, record r: permission denied (2 attempts); it may or may not have "
        "been written");
  bench.http.fails(HttpProblem::broken, true);
  bench.http.answers(403, refusal("etcdserver: permission denied", 7));
  CHECK(bench.ask(Effect::none).body.error().code == Code::denied);
}

TEST_CASE("what etcd refuses before it happens is no doubt") {
  for (const auto& [sentence, code, expected] :
       {std::tuple{"etcdserver: no leader", 14, Code::unavailable},
        std::tuple{"etcdserver: too many requests", 8, Code::throttled}}) {
    Bench bench;
    for (int i = 0; i < 30; ++i) bench.http.answers(503, refusal(sentence, code));
    const Answer answer = bench.ask(Effect::change);
    CHECK(answer.body.error().code == expected);
    CHECK_FALSE(answer.ambiguous);
    CHECK(bench.http.seen.size() > 6);
    CHECK(bench.clock.now() - Instant() > 1s);
  }
}

TEST_CASE("what etcd cannot tell is doubt") {
  Bench bench;
  bench.http.answers(503, refusal("etcdserver: request timed out", 14));
  bench.http.answers(200, "yes");
  CHECK(bench.ask(Effect::change).ambiguous);
}

TEST_CASE("what is said to a request that was written twice leaves doubt about the first") {
  Bench bench;
  bench.http.script.push_back({HttpResponse{.status = 200, .body = "no", .repeated = true}});
  CHECK(bench.ask(Effect::change).ambiguous);
  bench.http.script.push_back({HttpResponse{
      .status = 403, .body = refusal("etcdserver: permission denied", 7), .repeated = true}});
  CHECK(bench.ask(Effect::change).body.error().code == Code::outcome_unknown);
}

TEST_CASE("a token is had once, and renewed when it has expired") {
  Bench bench("mainstay");
  bench.http.answers(200, R"({"token":"first"})");
  bench.http.answers(200, "yes");
  bench.http.answers(200, "yes");
  REQUIRE(bench.ask(Effect::none).body);
  REQUIRE(bench.ask(Effect::none).body);
  CHECK(bench.asked(0) == "http://one:2379/v3/auth/authenticate");
  CHECK(bench.http.seen[0].request.body == R"({"name":"mainstay","password":"secret"})");
  CHECK(bench.token(1) == "first");
  CHECK(bench.token(2) == "first");
  bench.http.answers(401, refusal("etcdserver: invalid auth token", 16));
  bench.http.answers(200, R"({"token":"second"})");
  bench.http.answers(200, "yes");
  const Answer answer = bench.ask(Effect::change);
  REQUIRE(answer.body);
  CHECK_FALSE(answer.ambiguous);
  CHECK(bench.token(5) == "second");
}

TEST_CASE("a token that never works is not asked for without end") {
  Bench bench("mainstay");
  for (int i = 0; i < 10; ++i) {
    bench.http.answers(200, R"({"token":"bad"})");
    bench.http.answers(401, refusal("etcdserver: invalid auth token", 16));
  }
  CHECK(bench.ask(Effect::none).body.error().code == Code::denied);
  CHECK(bench.http.seen.size() == 6);
}

TEST_CASE("where authentication is off a user asks without a token, until it is on") {
  Bench bench("mainstay");
  bench.http.answers(412, refusal("etcdserver: authentication is not enabled", 9));
  bench.http.answers(200, "yes");
  REQUIRE(bench.ask(Effect::none).body);
  CHECK(bench.token(1).empty());
  bench.http.answers(400, refusal("etcdserver: user name is empty", 3));
  bench.http.answers(200, R"({"token":"first"})");
  bench.http.answers(200, "yes");
  REQUIRE(bench.ask(Effect::none).body);
  CHECK(bench.token(4) == "first");
}

TEST_CASE("a server that is no etcd is named as one") {
  Bench bench;
  for (int i = 0; i < 30; ++i) bench.http.answers(404, "Not Found\n");
  const Answer answer = bench.ask(Effect::none);
  CHECK(answer.body.error().code == Code::unavailable);
  CHECK(answer.body.error().message.find("answers with the HTTP status 404; it must be etcd 3.4") !=
        std::string::npos);
}

TEST_CASE("who calls off is told so") {
  Bench bench;
  const Call call{bench.clock.now() + 1s, {}};
  call.cancellation.request();
  bench.http.fails(HttpProblem::cancelled, false);
  Question question{.path = "/v3/kv/txn", .body = "{}", .subject = "record r"};
  const Answer answer = aws::run(bench.clock, bench.client.ask(std::move(question), call));
  CHECK(answer.body.error().code == Code::cancelled);
}

}  // namespace
}  // namespace mainstay::etcd
