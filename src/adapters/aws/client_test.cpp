#include "adapters/aws/client.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "adapters/aws/ec2_reply.h"
#include "adapters/aws/test_world.h"

namespace mainstay::aws {
namespace {

Task<Result<Endpoint>> fixed_endpoint(std::string service, Call) {
  Endpoint endpoint;
  endpoint.url = "https://" + service + ".example.com";
  endpoint.region = "eu-west-1";
  co_return endpoint;
}

struct World {
  ManualClock clock;
  ScriptedHttp http{clock};
  int discarded = 0;
  Result<Credentials> credentials = Credentials{"AKIDEXAMPLE", "the-secret", "the-token", {}};
  Client client{{.clock = clock,
                 .http = http.sender(),
                 .identity = {.current = [this](Call) { return current(); },
                              .discard = [this] { ++discarded; }},
                 .endpoint = &fixed_endpoint,
                 .parse_fault = &parse_fault,
                 .random = Random(7),
                 .retry = {}}};

  Task<Result<Credentials>> current() { co_return credentials; }

  Answer ask(Effect effect, Duration limit = 30s) {
    return ask_with({clock.now() + limit, {}}, effect);
  }
  Answer ask_with(Call call, Effect effect) {
    return run(clock, client.ask({.service = "ec2",
                                  .action = "ReplaceRoute",
                                  .subject = "route table rtb-1",
                                  .effect = effect,
                                  .headers = {},
                                  .body = "Action=ReplaceRoute"},
                                 call));
  }
};

std::string fault(std::string_view code, std::string_view message = "It did not work.") {
  return fmt::format(
      "<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error>"
      "</Errors><RequestID>1</RequestID></Response>",
      code, message);
}

TEST_CASE("a good answer is given on, after one signed question") {
  World world;
  world.http.answers(200, "<fine/>");
  CHECK(world.ask(Effect::read).value() == "<fine/>");
  const auto& request = world.http.seen.at(0).request;
  CHECK(request.url == "https://ec2.example.com/");
  CHECK(header_value(request.headers, "Authorization").find("/eu-west-1/ec2/") !=
        std::string::npos);
  CHECK(header_value(request.headers, "X-Amz-Security-Token") == "the-token");
}

TEST_CASE("what passes is tried three times, in growing random pauses") {
  World world;
  world.http.fails(HttpProblem::unreachable, false);
  world.http.answers(503, fault("Unavailable"));
  world.http.answers(200, "ok");
  CHECK(world.ask(Effect::read).has_value());
  const auto& seen = world.http.seen;
  CHECK(seen.at(1).at - seen.at(0).at <= 10ms + 100ms);
  CHECK(seen.at(2).at - seen.at(1).at <= 10ms + 200ms);
}

TEST_CASE("after three attempts the last word counts, and says how often it was tried") {
  World world;
  for (int i = 0; i < 3; ++i) world.http.fails(HttpProblem::unreachable, false);
  const auto answer = world.ask(Effect::change);
  CHECK(answer.error().error.code == Code::unavailable);
  CHECK(answer.error().error.message ==
        "EC2 ReplaceRoute of route table rtb-1: host: it went wrong (3 attempts)");
}

TEST_CASE(
    "a throttled question is asked again after a longer pause, and then said to be throttled") {
  World world;
  for (int i = 0; i < 3; ++i) {
    world.http.answers(503, fault("RequestLimitExceeded", "Request limit exceeded."));
  }
  const auto answer = world.ask(Effect::change);
  CHECK(answer.error().error.code == Code::throttled);
  CHECK(world.http.seen.size() == 3);
  // Nothing happens when AWS throttles: this is certain.
  CHECK(answer.error().error.message.find("may or may not") == std::string::npos);
}

TEST_CASE("what is final is asked once") {
  World world;
  world.http.answers(400, fault("InvalidRouteTableID.NotFound", "There is no 'rtb-1'."));
  const auto answer = world.ask(Effect::change);
  CHECK(answer.error().error.code == Code::not_found);
  CHECK(
      answer.error().error.message ==
      "There is no 'rtb-1' (InvalidRouteTableID.NotFound): EC2 ReplaceRoute of route table rtb-1");
  CHECK(world.http.seen.size() == 1);
}

TEST_CASE("a read whose answer is lost has timed out, or is unavailable") {
  World world;
  for (int i = 0; i < 3; ++i) world.http.is_silent();
  CHECK(world.ask(Effect::read).error().error.code == Code::timed_out);
  for (int i = 0; i < 3; ++i) world.http.fails(HttpProblem::broken, true);
  CHECK(world.ask(Effect::read).error().error.code == Code::unavailable);
  for (int i = 0; i < 3; ++i) world.http.answers(500, fault("InternalError"));
  CHECK(world.ask(Effect::read).error().error.code == Code::unavailable);
}

TEST_CASE("a change whose answer is lost may have happened, whatever the later attempts say") {
  World world;
  SUBCASE("silence") {
    for (int i = 0; i < 3; ++i) world.http.is_silent();
  }
  SUBCASE("a broken connection") {
    for (int i = 0; i < 3; ++i) world.http.fails(HttpProblem::broken, true);
  }
  SUBCASE("trouble inside AWS") {
    for (int i = 0; i < 3; ++i) world.http.answers(500, "");
  }
  SUBCASE("then it cannot be reached") {
    world.http.fails(HttpProblem::broken, true);
    world.http.fails(HttpProblem::unreachable, false);
    world.http.fails(HttpProblem::unreachable, false);
  }
  SUBCASE("then it is throttled") {
    world.http.is_silent();
    world.http.answers(503, fault("Throttling"));
    world.http.answers(503, fault("Throttling"));
  }
  SUBCASE("then it is refused") {
    world.http.answers(500, "");
    world.http.answers(403, fault("UnauthorizedOperation"));
  }
  SUBCASE("it was written twice, and the second was refused") {
    world.http.answers(400, fault("IncorrectState"));
    world.http.script.back().result->repeated = true;
  }
  const auto answer = world.ask(Effect::change);
  CHECK(answer.error().error.code == Code::outcome_unknown);
  CHECK(answer.error().error.message.ends_with("; it may or may not have happened"));
}

TEST_CASE("a change that succeeds in the end has happened") {
  World world;
  world.http.answers(500, "");
  world.http.answers(200, "ok");
  CHECK(world.ask(Effect::change).has_value());
}

TEST_CASE("a change that never reached AWS has not happened") {
  World world;
  for (int i = 0; i < 3; ++i) world.http.fails(HttpProblem::timed_out, false);
  CHECK(world.ask(Effect::change).error().error.code == Code::timed_out);
}

TEST_CASE("all attempts together end by the deadline") {
  World world;
  for (int i = 0; i < 3; ++i) world.http.is_silent();
  const Instant began = world.clock.now();
  CHECK(!world.ask(Effect::read, 30s).has_value());
  CHECK(world.clock.now() - began <= 30s);
  CHECK(world.http.seen.at(0).deadline - began == 10s);
  CHECK(world.http.seen.size() == 3);
}

TEST_CASE("a short deadline gives one attempt all of it") {
  World world;
  world.http.is_silent();
  const Instant began = world.clock.now();
  CHECK(!world.ask(Effect::read, 1s).has_value());
  CHECK(world.clock.now() - began == 1s);
  CHECK(world.http.seen.size() == 1);
}

TEST_CASE("a cancellation ends an attempt, and the pause between two") {
  for (const bool in_pause : {false, true}) {
    CAPTURE(in_pause);
    World world;
    if (in_pause) world.http.answers(503, fault("Throttling"));
    if (!in_pause) world.http.is_silent();
    const Call call{world.clock.now() + 30s, {}};
    const Instant cancel_at = world.clock.now() + (in_pause ? 11ms : 5ms);
    world.clock.call_at(cancel_at, [&] { call.cancellation.request(); });
    const auto answer = world.ask_with(call, Effect::read);
    CHECK(answer.error().error.code == Code::cancelled);
    CHECK(world.clock.now() == cancel_at);
    CHECK(world.http.seen.size() == 1);
  }
}

TEST_CASE("a change that is called off after it was sent may have happened") {
  World world;
  world.http.is_silent();
  const Call call{world.clock.now() + 30s, {}};
  world.clock.call_at(world.clock.now() + 5ms, [&] { call.cancellation.request(); });
  CHECK(world.ask_with(call, Effect::change).error().error.code == Code::outcome_unknown);
}

TEST_CASE("a wrong clock is learnt from the Date of a refusal, and kept") {
  World world;
  // Our clock says 00:00; AWS is an hour and a half ahead.
  const HttpHeaders date = {{"Date", "Mon, 23 Nov 2026 01:30:00 GMT"}};
  world.http.answers(400, fault("RequestExpired"), date);
  world.http.answers(200, "ok");
  world.http.answers(200, "ok");
  CHECK(world.ask(Effect::change).has_value());
  CHECK(world.ask(Effect::change).has_value());
  CHECK(header_value(world.http.seen.at(0).request.headers, "X-Amz-Date") == "20261123T000000Z");
  CHECK(header_value(world.http.seen.at(1).request.headers, "X-Amz-Date") == "20261123T013000Z");
  CHECK(header_value(world.http.seen.at(2).request.headers, "X-Amz-Date") == "20261123T013000Z");
  CHECK(world.discarded == 0);
}

TEST_CASE("a clock is mended once in a question") {
  World world;
  world.http.answers(400, fault("RequestTimeTooSkewed"),
                     {{"Date", "Mon, 23 Nov 2026 01:30:00 GMT"}});
  world.http.answers(400, fault("RequestTimeTooSkewed"),
                     {{"Date", "Mon, 23 Nov 2026 05:30:00 GMT"}});
  const auto answer = world.ask(Effect::change);
  CHECK(answer.error().error.code == Code::denied);
  CHECK(world.http.seen.size() == 2);
}

TEST_CASE(
    "a wrong signature with a right clock is a wrong secret, after one look for a newer one") {
  World world;
  const HttpHeaders date = {{"Date", "Mon, 23 Nov 2026 00:03:59 GMT"}};
  world.http.answers(403, fault("SignatureDoesNotMatch", "No match."), date);
  world.http.answers(403, fault("SignatureDoesNotMatch", "No match."), date);
  const auto answer = world.ask(Effect::change);
  CHECK(answer.error().error.code == Code::denied);
  CHECK(answer.error().error.message.find("Check the secret access key") != std::string::npos);
  CHECK(world.client.skew() == Duration::zero());
  CHECK(world.discarded == 1);
}

TEST_CASE("credentials that AWS calls expired are asked for anew, once") {
  World world;
  world.http.answers(400, fault("ExpiredToken"));
  world.http.answers(200, "ok");
  CHECK(world.ask(Effect::read).has_value());
  CHECK(world.discarded == 1);
}

TEST_CASE("slow credentials have the whole of the call's time, not that of an attempt") {
  World world;
  Instant given_until{};
  Client client({.clock = world.clock,
                 .http = world.http.sender(),
                 .identity = {.current =
                                  [&](Call call) {
                                    given_until = call.deadline;
                                    return world.current();
                                  },
                              .discard = [] {}},
                 .endpoint = &fixed_endpoint,
                 .parse_fault = &parse_fault,
                 .random = Random(1),
                 .retry = {}});
  world.http.answers(200, "ok");
  const Call call{world.clock.now() + 30s, {}};
  CHECK(run(world.clock, client.ask({.service = "ec2", .action = "X", .headers = {}}, call))
            .has_value());
  CHECK(given_until == call.deadline);
  CHECK(world.http.seen.at(0).deadline == Instant() + 10s);
}

TEST_CASE("no credentials are an answer without a question") {
  World world;
  world.credentials = failure(Code::denied, "No credentials: none.");
  const auto answer = world.ask(Effect::change);
  CHECK(answer.error().error ==
        Error{Code::denied, "EC2 ReplaceRoute of route table rtb-1: No credentials: none."});
  CHECK(world.http.seen.empty());
}

TEST_CASE("no message holds a secret") {
  World world;
  world.http.answers(403, fault("UnauthorizedOperation"));
  world.http.answers(500, "");
  world.http.answers(500, "");
  world.http.answers(500, "");
  for (int i = 0; i < 2; ++i) {
    const auto message = world.ask(Effect::change).error().error.message;
    CHECK(message.find("the-secret") == std::string::npos);
    CHECK(message.find("the-token") == std::string::npos);
  }
}

TEST_CASE("pauses have full jitter and a greatest length") {
  const RetryPolicy policy;
  Random random(3);
  Duration least = 1h;
  Duration most{};
  for (int i = 0; i < 1000; ++i) {
    const Duration pause = pause_before_retry(policy, 1, true, random);
    least = std::min(least, pause);
    most = std::max(most, pause);
  }
  CHECK(least < 20ms);
  CHECK(most > 980ms);
  CHECK(most <= 1s);
  CHECK(pause_before_retry(policy, 60, true, random) <= policy.pause_max);
}

}  // namespace
}  // namespace mainstay::aws
