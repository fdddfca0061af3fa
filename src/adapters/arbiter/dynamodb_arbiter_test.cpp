#include "adapters/arbiter/dynamodb_arbiter.h"

#include <doctest/doctest.h>

#include <set>

#include "adapters/arbiter/canned_dynamodb.h"
#include "adapters/arbiter/dynamodb_test_world.h"
#include "adapters/arbiter/testing_dynamodb.h"

namespace mainstay::dynamodb {
namespace {

using Mood = CannedDynamoDb::Mood;

struct World {
  CannedDynamoDb store;
  PollLoop loop;
  TestNode one{loop, store.url()};
  TestNode two{loop, store.url()};
  TestNode stranger{loop, store.url(), "bakery"};

  Call within(Duration limit = 10s) const { return {loop.now() + limit, {}}; }
  Result<ArbiterRecord> read(const std::string& key) {
    return run(loop, one.arbiter().read(key, within()));
  }
  Result<RecordVersion> swap(RecordVersion expected, Bytes value) {
    return run(loop, one.arbiter().swap("node/a", expected, std::move(value), within()));
  }
};

TEST_CASE("DynamoDB's adapter keeps the contract of the port") {
  const auto broken = broken_dynamodb_clauses(aws::Backend::native, 4s);
  for (const auto& sentence : broken) MESSAGE(sentence);
  CHECK(broken.empty());
}

TEST_CASE("reads are consistent, writes are conditional, and both are signed for DynamoDB") {
  World world;
  REQUIRE(world.read("node/a").has_value());
  REQUIRE(world.swap(0, {1}).has_value());
  const auto seen = world.store.requests();
  REQUIRE(seen.size() == 2);
  for (const auto& request : seen) {
    CHECK(header_value(request.headers, "Authorization").find("/eu-west-1/dynamodb/") !=
          std::string_view::npos);
    CHECK(header_value(request.headers, "Content-Type") == "application/x-amz-json-1.0");
    CHECK(request.connection == 1);  // kept alive
  }
  CHECK(header_value(seen[0].headers, "X-Amz-Target") == "DynamoDB_20120810.GetItem");
  const auto read = nlohmann::json::parse(seen[0].body);
  CHECK(read["ConsistentRead"] == true);
  CHECK(read["Key"] ==
        nlohmann::json::parse(R"({"cluster": {"S": "shop"}, "record": {"S": "node/a"}})"));
}

// Thirty of 2^63: that two of them lie closer is less likely than one in a million.
constexpr RecordVersion far_apart = 1'000'000;

TEST_CASE("versions are drawn, not counted: a table made anew repeats none") {
  std::set<RecordVersion> seen = {0, RecordVersion{1} << 63U};
  for (int life = 0; life < 3; ++life) {
    World world;
    RecordVersion version = 0;
    for (int i = 0; i < 10; ++i) {
      version = world.swap(version, {1}).value();
      REQUIRE(version < (RecordVersion{1} << 63U));
      const auto above = seen.lower_bound(version);
      CHECK(*above - version > far_apart);
      CHECK(version - *std::prev(above) > far_apart);
      seen.insert(version);
    }
  }
}

// The first write of a kept connection is lost with the connection; the HTTP client writes it again
// by itself, and that one finds the condition broken by the first.
TEST_CASE("a write that the connection swallowed is not mistaken for a conflict") {
  World world;
  const RecordVersion first = world.swap(0, {1}).value();
  world.store.set(Mood::losing_one_answer);
  const auto second = world.swap(first, {2});
  REQUIRE(second.has_value());
  CHECK(world.read("node/a").value() == ArbiterRecord{*second, {2}});
}

TEST_CASE("a lost answer is not ours if somebody else wrote since: unknown, never a conflict") {
  World world;
  const RecordVersion first = world.swap(0, {1}).value();
  world.store.set(Mood::losing_answers);
  auto pending = world.one.arbiter().swap("node/a", first, {2}, world.within(3s));
  pending.start();
  world.loop.run_until([&] { return world.store.requests().size() >= 2; });
  world.store.set(Mood::well);
  const auto ours = run(world.loop, world.two.arbiter().read("node/a", world.within()));
  REQUIRE(ours->value == Bytes{2});
  REQUIRE(run(world.loop, world.two.arbiter().swap("node/a", ours->version, {3}, world.within()))
              .has_value());
  world.loop.run_until([&] { return pending.done(); });
  CHECK(pending.take().error().code == Code::outcome_unknown);
}

TEST_CASE("what is wrong is said with its remedy") {
  World world;
  SUBCASE("the table is not there") {
    world.store.drop_table();
    const auto error = world.read("node/a").error();
    CHECK(error.code == Code::unavailable);
    CHECK(error.message ==
          "DynamoDB has no table mainstay in this region and account. Create it with 'mainstay "
          "arbiter create'.");
    CHECK(world.swap(0, {1}).error() == error);
  }
  SUBCASE("the node may not write") {
    world.store.set(Mood::denying);
    const auto error = world.swap(0, {1}).error();
    CHECK(error.code == Code::denied);
    CHECK(error.message.find("is not permitted to do dynamodb:PutItem on "
                             "arn:aws:dynamodb:r:1:table/t. Add the action") != std::string::npos);
  }
  SUBCASE("the value is too large") {
    CHECK(world.swap(0, Bytes(arbiter_value_size_max + 1)).error().code == Code::invalid);
    CHECK(world.store.requests().empty());
  }
}

}  // namespace
}  // namespace mainstay::dynamodb
