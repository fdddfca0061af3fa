// Tests of where credentials come from and how long they are kept.
#include <doctest/doctest.h>

#include "adapters/aws/credential_cache.h"
#include "adapters/aws/credential_chain.h"
#include "adapters/aws/role_document.h"
#include "adapters/aws/sts.h"
#include "adapters/aws/test_world.h"

namespace mainstay::aws {
namespace {

Credentials named(std::string name, std::optional<WallTime> expires = std::nullopt) {
  return {std::move(name), "secret", "", expires};
}

// A source that gives what it is told, and counts how often it was asked.
struct World {
  ManualClock clock;
  int asked = 0;
  Duration takes{};
  Result<Credentials> gives = named("first");
  CredentialCache cache{clock, [this](Call call) { return give(call); }};

  Task<Result<Credentials>> give(Call call) {
    ++asked;
    co_await pause_until(clock, clock.now() + takes, call.cancellation);
    co_return gives;
  }
  Call within(Duration limit = 30s) { return {clock.now() + limit, {}}; }
  std::string current() {
    const auto found = run(clock, cache.current(within()));
    return found ? found->access_key : found.error().message;
  }
  void settle() {
    while (!clock.idle()) clock.step();
  }
};

TEST_CASE("credentials without an end are asked for once") {
  World world;
  CHECK(world.current() == "first");
  world.clock.advance(1000h);
  CHECK(world.current() == "first");
  CHECK(world.asked == 1);
}

TEST_CASE("those that AWS has refused are asked for anew") {
  World world;
  CHECK(world.current() == "first");
  world.gives = named("second");
  world.cache.discard();
  CHECK(world.current() == "second");
}

TEST_CASE("renewal begins before they end, and nobody waits for it") {
  World world;
  world.gives = named("first", world.clock.wall() + 1h);
  CHECK(world.current() == "first");
  world.gives = named("second", world.clock.wall() + 7h);
  world.takes = 2s;
  world.clock.advance(49min);
  CHECK(world.current() == "first");
  CHECK(world.asked == 1);
  world.clock.advance(2min);
  const Instant asked_at = world.clock.now();
  CHECK(world.current() == "first");
  CHECK(world.clock.now() == asked_at);
  CHECK(world.asked == 2);
  world.settle();
  CHECK(world.current() == "second");
}

TEST_CASE(
    "a renewal that fails leaves what is valid, is tried again, and matters only at the end") {
  World world;
  world.gives = named("first", world.clock.wall() + 1h);
  CHECK(world.current() == "first");
  world.gives = failure(Code::unavailable, "out of order");
  world.clock.advance(55min);
  for (int i = 0; i < 5; ++i) CHECK(world.current() == "first");
  world.settle();
  // Once, not with every question.
  CHECK(world.asked == 2);
  world.clock.advance(31s);
  CHECK(world.current() == "first");
  world.settle();
  CHECK(world.asked == 3);
  world.clock.advance(5min);
  CHECK(world.current() == "out of order");
  world.gives = named("second", world.clock.wall() + 6h);
  CHECK(world.current() == "second");
}

TEST_CASE("who finds none waits with the others for one answer") {
  World world;
  world.takes = 1s;
  auto one = world.cache.current(world.within());
  auto two = world.cache.current(world.within());
  one.start();
  two.start();
  world.settle();
  REQUIRE(one.done());
  REQUIRE(two.done());
  CHECK(one.take()->access_key == "first");
  CHECK(two.take()->access_key == "first");
  CHECK(world.asked == 1);
}

TEST_CASE("what is refused just when it came is asked for once more by who waited for it") {
  World world;
  world.takes = 1s;
  auto waiting = world.cache.current(world.within());
  waiting.start();
  // Between the renewal and the waking of whom it was for.
  world.clock.call_at(world.clock.now() + 1s, [&world] { world.cache.discard(); });
  world.settle();
  REQUIRE(waiting.done());
  const auto found = waiting.take();
  REQUIRE(found.has_value());
  CHECK(found->access_key == "first");
  CHECK(world.asked == 2);
}

TEST_CASE("who waits is released by its deadline, its cancellation, or by being dropped") {
  World world;
  world.takes = 5s;
  const Call called_off = world.within();
  auto late = world.cache.current(world.within(1s));
  auto cancelled = world.cache.current(called_off);
  late.start();
  cancelled.start();
  {
    auto dropped = world.cache.current(world.within());
    dropped.start();
  }
  world.clock.advance(500ms);
  called_off.cancellation.request();
  world.settle();
  CHECK(late.take().error().code == Code::timed_out);
  CHECK(cancelled.take().error().code == Code::cancelled);
  CHECK(world.current() == "first");
}

TEST_CASE("who waits in vain is told why there were none the time before") {
  World world;
  world.gives = failure(Code::timed_out, "the metadata service does not answer");
  world.takes = 3s;
  const auto too_short = run(world.clock, world.cache.current(world.within(1s)));
  CHECK(too_short.error() == Error{Code::timed_out, "no credentials in time"});
  world.settle();
  const auto later = run(world.clock, world.cache.current(world.within(1s)));
  CHECK(later.error() ==
        Error{Code::timed_out, "no credentials in time: the metadata service does not answer"});
  world.settle();
}

TEST_CASE("the cache may go while it renews") {
  World world;
  world.takes = 5s;
  auto cache = std::make_unique<CredentialCache>(world.clock,
                                                 [&world](Call call) { return world.give(call); });
  {
    auto task = cache->current(world.within());
    task.start();
  }
  cache.reset();
  world.settle();
  CHECK(world.asked == 1);
}

TEST_CASE("fresh ones that seem to have ended are tried all the same: our clock may be wrong") {
  World world;
  world.gives = named("first", world.clock.wall() - 1h);
  CHECK(world.current() == "first");
}

// The chain, with places that can be filled one by one.
struct ChainWorld {
  ManualClock clock;
  Settings settings;
  Result<Credentials> instance = failure(Code::not_found, "the instance has no IAM role");
  Result<Credentials> container = failure(Code::not_found, "this is no container");
  std::vector<std::string> roles;
  CredentialChain chain{
      {.settings = settings,
       .instance = [this](Call) { return give_instance(); },
       .container = [this](Call) { return give_container(); },
       .take_token = [this](FromWebIdentity identity, Call) { return take_token(identity); },
       .run_command = [](std::string command, Call) { return print(command); },
       .assume_role = [this](Credentials source, std::shared_ptr<const FromRole> role,
                             Call) { return take_on(source, role); }}};

  Task<Result<Credentials>> give_instance() { co_return instance; }
  Task<Result<Credentials>> give_container() { co_return container; }
  Task<Result<Credentials>> take_token(FromWebIdentity identity) {
    co_return named(identity.token_file + " -> " + identity.role_arn + " as " +
                    identity.session_name);
  }
  static Task<Result<std::string>> print(std::string command) { co_return command; }
  Task<Result<Credentials>> take_on(Credentials source, std::shared_ptr<const FromRole> role) {
    roles.push_back(source.access_key + " -> " + role->role_arn);
    co_return named(role->role_arn);
  }
  Result<Credentials> find() {
    const Call call{clock.now() + 10s, {}};
    return run(clock, chain.find(call));
  }
};

TEST_CASE("nothing anywhere is one sentence with the remedy") {
  ChainWorld world;
  CHECK(
      world.find().error() ==
      Error{Code::denied,
            "No credentials: environment has none, ~/.aws has none, the instance has no IAM role. "
            "Attach an IAM role to the instance or run aws configure"});
}

TEST_CASE("a metadata service out of reach is unavailable, not a refusal") {
  ChainWorld world;
  world.instance = failure(Code::timed_out, "the metadata service does not answer");
  CHECK(world.find().error().code == Code::timed_out);
  CHECK(world.find().error().message.find("the metadata service does not answer") !=
        std::string::npos);
}

TEST_CASE("the environment comes before everything, and half of it is wrong") {
  ChainWorld world;
  world.instance = named("instance");
  CHECK(world.find()->access_key == "instance");
  world.settings.environment = {{"AWS_ACCESS_KEY_ID", "env"}};
  CHECK(world.find().error().code == Code::invalid);
  world.settings.environment["AWS_SECRET_ACCESS_KEY"] = " s ";
  world.settings.environment["AWS_SESSION_TOKEN"] = "t";
  CHECK(world.find().value() == Credentials{"env", "s", "t", std::nullopt});
}

TEST_CASE("a container's credentials go before the instance's, a web identity before both") {
  ChainWorld world;
  world.instance = named("instance");
  world.container = named("container");
  CHECK(world.find()->access_key == "container");
  world.container = failure(Code::unavailable, "it does not answer");
  CHECK(world.find().error().code == Code::unavailable);
  world.settings.environment = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}};
  CHECK(world.find().error().code == Code::invalid);
  world.settings.environment["AWS_ROLE_ARN"] = "arn:r";
  CHECK(world.find()->access_key == "/token -> arn:r as mainstay");
  world.settings.environment["AWS_ROLE_SESSION_NAME"] = "node";
  CHECK(world.find()->access_key == "/token -> arn:r as node");
}

TEST_CASE("a profile that was asked for by name must be there") {
  ChainWorld world;
  world.instance = named("instance");
  world.settings.profile = "typo";
  world.settings.profile_chosen = true;
  CHECK(world.find().error().code == Code::invalid);
  CHECK(world.find().error().message.find("'typo'") != std::string::npos);
}

TEST_CASE("what a program or a service prints is read, and never shown") {
  const auto good = parse_role_document(
      R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T",
          "Expiration":"2026-11-23T12:15:01Z"})",
      "it");
  CHECK(good->expires ==
        std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 12h + 15min + 1s);
  CHECK(good->session_token == "T");
  CHECK(parse_role_document(R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"S",
                                "Token":"T"})",
                            "it")
            ->session_token == "T");
  for (
      const char* text :
      {"", "hush", "[]", R"({"AccessKeyId":"hush"})", R"({"SecretAccessKey":"hush"})",
       R"({"AccessKeyId":1,"SecretAccessKey":"hush"})",
       R"({"AccessKeyId":"hush","SecretAccessKey":"hush","Expiration":"soon"})",
       R"({"Code":"AssumeRoleUnauthorizedAccess","AccessKeyId":"hush","SecretAccessKey":"hush"})"}) {
    CAPTURE(text);
    const auto bad = parse_role_document(text, "the role");
    REQUIRE(!bad.has_value());
    CHECK(bad.error().message.starts_with("the role "));
    CHECK(bad.error().message.find("hush") == std::string::npos);
  }
}

TEST_CASE("times are read with a fraction and with an offset") {
  const WallTime time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 3h;
  CHECK(parse_timestamp("2026-11-23T03:00:00Z") == time);
  CHECK(parse_timestamp("2026-11-23T03:00:00.123Z") == time);
  CHECK(parse_timestamp("2026-11-23T12:00:00+09:00") == time);
  CHECK(parse_timestamp("2026-11-22T22:30:00-04:30") == time);
  for (const char* text : {"", "2026-11-23", "2026-11-23T03:00:00", "2026-13-01T00:00:00Z",
                           "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T03:00:00+9",
                           "20x6-11-23T03:00:00Z", "2026-11-23T03:00:00Zebra"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_timestamp(text).has_value());
  }
}

TEST_CASE("a role's credentials come out of STS's answer, or it is no answer") {
  const auto good = parse_assume_role(
      "<AssumeRoleResponse xmlns='x'><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>"
      "<SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"
      "<Expiration>2026-11-23T03:00:00Z</Expiration></Credentials></AssumeRoleResult>"
      "</AssumeRoleResponse>");
  CHECK(good->access_key == "A");
  CHECK(good->session_token == "T");
  CHECK(parse_assume_role(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
            "<AccessKeyId>W</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"
            "<Expiration>2026-11-23T03:00:00Z</Expiration></Credentials>"
            "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>")
            ->access_key == "W");
  CHECK(parse_assume_role("<AssumeRoleResponse/>").error().code == Code::corrupt);
  CHECK(parse_assume_role("").error().code == Code::corrupt);
}

}  // namespace
}  // namespace mainstay::aws
