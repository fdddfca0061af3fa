// The adapter against an implementation of DynamoDB that is not ours.
#include <doctest/doctest.h>

#include "adapters/arbiter/dynalite/dynalite.h"
#include "adapters/arbiter/dynalite/lossy_proxy.h"
#include "adapters/arbiter/dynamodb_store.h"
#include "adapters/arbiter/dynamodb_test_world.h"
#include "ports/arbiter_contract.h"

namespace mainstay::dynamodb {
namespace {

using Mood = LossyProxy::Mood;

struct World {
  Dynalite dynalite;
  LossyProxy proxy{dynalite.port()};
  PollLoop loop;
  TestNode one{loop, proxy.url()};
  TestNode two{loop, proxy.url()};
  TestNode stranger{loop, proxy.url(), "bakery"};
  DynamoDbStore store{loop, one.client(), {"mainstay", "shop"}};

  World() {
    REQUIRE_MESSAGE(dynalite.port() != 0,
                    "dynalite did not start: is it in MAINSTAY_DYNALITE, and node installed?");
    const auto table = run(loop, store.create([](const std::string&) {}, within()));
    REQUIRE_MESSAGE(table.has_value(), table.error().message);
  }
  Call within(Duration limit = 10s) const { return {loop.now() + limit, {}}; }
  void drop_table() {
    aws::Question question = describe_table("mainstay");
    question.action = "DeleteTable";
    question.headers[1].value = "DynamoDB_20120810.DeleteTable";
    REQUIRE(run(loop, one.client().ask(question, within())).has_value());
  }
};

TEST_CASE("DynamoDB's adapter keeps the contract of the port with dynalite") {
  World world;
  ArbiterContractWorld contract{
      .one = world.one.arbiter(),
      .two = world.two.arbiter(),
      .stranger = &world.stranger.arbiter(),
      .clock = world.loop,
      .run_until = [&](const std::function<bool()>& done) { world.loop.run_until(done); },
      .be_silent = [&] { world.proxy.set(Mood::silent); },
      .lose_answers = [&] { world.proxy.set(Mood::losing_answers); },
      .lose_one_answer = [&] { world.proxy.set(Mood::losing_one_answer); },
      .forget = [&] { world.drop_table(); },
      .heal = [&] { world.proxy.set(Mood::well); },
      .call_limit = 5s};
  const auto broken = broken_arbiter_clauses(contract);
  for (const auto& sentence : broken) MESSAGE(sentence);
  CHECK(broken.empty());
}

TEST_CASE("dynalite's table is found as it was made, with what it holds") {
  World world;
  const auto state = run(world.loop, world.store.describe(world.within()));
  REQUIRE(state.has_value());
  CHECK(state->ready);
  CHECK(state->state == "ACTIVE");
  std::vector<ArbiterEntry> wanted;
  for (const char* key : {"group/web", "node/a", "node/b"}) {
    const Bytes value{static_cast<std::uint8_t>(wanted.size()), 0, 255};
    const auto version = run(world.loop, world.one.arbiter().swap(key, 0, value, world.within()));
    wanted.push_back({key, {version.value(), value}});
  }
  REQUIRE(run(world.loop, world.stranger.arbiter().swap("node/c", 0, Bytes{1}, world.within()))
              .has_value());
  const auto entries = run(world.loop, world.store.list(world.within()));
  REQUIRE(entries.has_value());
  CHECK(*entries == wanted);
}

}  // namespace
}  // namespace mainstay::dynamodb
