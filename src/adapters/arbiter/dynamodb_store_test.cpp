#include "adapters/arbiter/dynamodb_store.h"

#include <doctest/doctest.h>

#include "adapters/arbiter/canned_dynamodb.h"
#include "adapters/arbiter/dynamodb_test_world.h"

namespace mainstay::dynamodb {
namespace {

struct World {
  CannedDynamoDb canned;
  PollLoop loop;
  TestNode node{loop, canned.url()};
  DynamoDbStore store{loop, node.client(), {"mainstay", "shop"}};
  std::vector<std::string> said;

  Call within(Duration limit = 10s) const { return {loop.now() + limit, {}}; }
  Result<Table> create(Duration limit = 10s) {
    return run(loop, store.create([this](const std::string& text) { said.push_back(text); },
                                  within(limit)));
  }
  int asked(const char* action) const {
    int count = 0;
    for (const auto& request : canned.requests()) {
      count += header_value(request.headers, "X-Amz-Target").ends_with(action) ? 1 : 0;
    }
    return count;
  }
};

TEST_CASE("a table is made once, and waited for") {
  World world;
  world.canned.drop_table();
  CHECK(run(world.loop, world.store.describe(world.within())).error().code == Code::not_found);
  world.canned.set_creating(1);
  const auto table = world.create();
  REQUIRE(table.has_value());
  CHECK(*table ==
        Table{"arn:aws:dynamodb:r:1:table/t", "ACTIVE", "PAY_PER_REQUEST", true, expected_keys()});
  CHECK(world.said ==
        std::vector<std::string>{"creating table mainstay", "table mainstay is CREATING"});
  CHECK(world.create() == table);
  CHECK(world.asked("CreateTable") == 1);
  const auto state = run(world.loop, world.store.describe(world.within()));
  CHECK(state->ready);
  CHECK(state->name == "DynamoDB table mainstay");
}

TEST_CASE("a table that is not ready in time is said to go on") {
  World world;
  world.canned.drop_table();
  world.canned.set_creating(100);
  const auto table = world.create(1500ms);
  CHECK(table.error().code == Code::timed_out);
  CHECK(table.error().message.find("still CREATING") != std::string::npos);
}

TEST_CASE("a table of another shape is refused, and left as it is") {
  World world;
  world.canned.set_table(nlohmann::json::parse(
      R"({"TableArn": "a", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
          "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}]})"));
  const auto table = world.create();
  CHECK(table.error().code == Code::conflict);
  CHECK(table.error().message ==
        "table mainstay has another shape: its keys are id N HASH, an arbiter's are cluster S "
        "HASH, record S RANGE. Name another table in [arbitration.dynamodb].");
  CHECK(world.asked("CreateTable") == 0);
  CHECK(!run(world.loop, world.store.describe(world.within()))->ready);
}

TEST_CASE("what may not be done is said, with the missing action") {
  World world;
  world.canned.set(CannedDynamoDb::Mood::denying);
  const auto table = world.create();
  CHECK(table.error().code == Code::denied);
  CHECK(table.error().message.find("dynamodb:DescribeTable") != std::string::npos);
}

TEST_CASE("all records of the cluster are listed over all pages, and no other's") {
  World world;
  TestNode stranger(world.loop, world.canned.url(), "bakery");
  const auto put = [&](TestNode& node, const char* key) {
    return run(world.loop, node.arbiter().swap(key, 0, Bytes{1}, world.within())).value();
  };
  const auto a = put(world.node, "node/a");
  const auto web = put(world.node, "group/web");
  put(stranger, "node/b");
  const auto entries = run(world.loop, world.store.list(world.within()));
  REQUIRE(entries.has_value());
  CHECK(*entries == std::vector<ArbiterEntry>{{"group/web", {web, {1}}}, {"node/a", {a, {1}}}});
}

TEST_CASE("the policies name the table, and the node's its cluster") {
  const auto node = nlohmann::json::parse(node_policy("arn:t", "shop"));
  CHECK(node["Statement"][0]["Resource"] == "arn:t");
  CHECK(node["Statement"][0]["Action"] ==
        nlohmann::json::parse(R"(["dynamodb:GetItem", "dynamodb:PutItem"])"));
  CHECK(node["Statement"][0]["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"] ==
        nlohmann::json::parse(R"(["shop"])"));
  const auto administrator = nlohmann::json::parse(administrator_policy("arn:t"));
  CHECK(administrator["Statement"][0]["Action"].size() == 3);
}

}  // namespace
}  // namespace mainstay::dynamodb
