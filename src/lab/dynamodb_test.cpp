// The DynamoDB API: shapes, conditions, errors.
#include "lab/dynamodb.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

using namespace mainstay::lab;
using Json = nlohmann::json;

namespace {

constexpr const char* create = R"({"TableName": "mainstay", "BillingMode": "PAY_PER_REQUEST",
  "AttributeDefinitions": [{"AttributeName": "cluster", "AttributeType": "S"},
                           {"AttributeName": "record", "AttributeType": "S"}],
  "KeySchema": [{"AttributeName": "cluster", "KeyType": "HASH"},
                {"AttributeName": "record", "KeyType": "RANGE"}]})";

struct World {
  DynamoDb dynamodb{"123456789012", "ap-northeast-1"};
  std::int64_t now_ms = 1'000'000;

  World() {
    CHECK(code("CreateTable", create) == "ok");
    now_ms += table_creating_ms;
  }
  std::string code(const std::string& action, const std::string& body) {
    const auto reply = dynamodb.call(action, body, now_ms);
    return reply ? "ok" : reply.error().code;
  }
  Json ask(const std::string& action, const std::string& body) {
    const auto reply = dynamodb.call(action, body, now_ms);
    REQUIRE_MESSAGE(reply.has_value(), reply.error().message);
    return Json::parse(*reply);
  }
  // A conditional write of node/a; the rest of the request is given.
  std::string put(const std::string& version, const std::string& rest = "") {
    return code("PutItem", fmt::format(R"({{"TableName": "mainstay", "Item": {{
        "cluster": {{"S": "shop"}}, "record": {{"S": "node/a"}}, "version": {{"N": "{}"}},
        "value": {{"B": "AQI="}}}}{}}})",
                                       version, rest));
  }
  std::string version() {
    const Json found = ask("GetItem", R"({"TableName": "mainstay", "ConsistentRead": true,
        "Key": {"cluster": {"S": "shop"}, "record": {"S": "node/a"}}})");
    return found.contains("Item") ? found["Item"]["version"]["N"].get<std::string>() : "none";
  }
};

std::string with_condition(const std::string& condition, const std::string& expected = "") {
  std::string text = fmt::format(R"(, "ConditionExpression": "{}")", condition);
  if (!expected.empty()) {
    text += fmt::format(R"(, "ExpressionAttributeValues": {{":v": {{"N": "{}"}}}})", expected);
  }
  return text;
}

}  // namespace

TEST_CASE("a table is created for a moment, then there until it is deleted") {
  World world;
  CHECK(world.code("CreateTable", create) == "ResourceInUseException");
  const Json table = world.ask("DescribeTable", R"({"TableName": "mainstay"})")["Table"];
  CHECK(table["TableStatus"] == "ACTIVE");
  CHECK(table["TableArn"] == "arn:aws:dynamodb:ap-northeast-1:123456789012:table/mainstay");
  CHECK(table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST");
  CHECK(world.ask("ListTables", "{}")["TableNames"] == Json::array({"mainstay"}));
  CHECK(world.put("1") == "ok");
  const std::string protect = R"({"TableName": "mainstay", "DeletionProtectionEnabled": true})";
  CHECK(world.code("UpdateTable", protect) == "ok");
  CHECK(world.code("DeleteTable", R"({"TableName": "mainstay"})") == "ValidationException");
  CHECK(world.code("UpdateTable",
                   R"({"TableName": "mainstay", "DeletionProtectionEnabled": false})") == "ok");
  CHECK(world.code("DeleteTable", R"({"TableName": "mainstay"})") == "ok");
  CHECK(world.put("1") == "ResourceNotFoundException");
  CHECK(world.code("CreateTable", create) == "ok");
  CHECK(world.put("1") == "ResourceNotFoundException");  // still being created
  world.now_ms += table_creating_ms;
  CHECK(world.version() == "none");
}

TEST_CASE("a write happens only under its condition") {
  World world;
  const std::string missing = with_condition("attribute_not_exists(version)");
  CHECK(world.put("1", with_condition("version = :v", "7")) == "ConditionalCheckFailedException");
  CHECK(world.put("1", missing) == "ok");
  CHECK(world.put("2", missing) == "ConditionalCheckFailedException");
  CHECK(world.version() == "1");
  CHECK(world.put("2", with_condition("version = :v", "001")) == "ok");
  CHECK(world.put("3", with_condition("version = :v", "1")) == "ConditionalCheckFailedException");
  CHECK(world.version() == "2");
  CHECK(world.put("4", with_condition("attribute_exists(record) AND (version = :v OR "
                                      "attribute_not_exists(version))",
                                      "2")) == "ok");
  CHECK(world.put("5", with_condition("attribute_not_exists(x) and version = :v", "9")) ==
        "ConditionalCheckFailedException");
  CHECK(world.version() == "4");
  const std::string named = R"(, "ConditionExpression": "#v = :v",
      "ExpressionAttributeNames": {"#v": "version"},
      "ExpressionAttributeValues": {":v": {"N": "4"}})";
  CHECK(world.put("5", named) == "ok");
}

TEST_CASE("what the lab does not know is refused, not guessed") {
  World world;
  for (const char* condition :
       {"version > :v", "NOT version = :v", "version = :w", "version = ", "size(version) = :v",
        "version = :v AND", "(version = :v", "a.b = :v", "#v = :v", "begins_with(version, :v)"}) {
    CHECK_MESSAGE(world.put("1", with_condition(condition, "1")) == "ValidationException",
                  condition);
  }
  CHECK(world.put("1", with_condition("attribute_not_exists(version)", "1")) ==
        "ValidationException");  // a value too many
  CHECK(world.put("one") == "ValidationException");
  CHECK(world.code("UpdateItem", "{}") == "UnknownOperationException");
  CHECK(world.code("GetItem", "[]") == "SerializationException");
  CHECK(world.code("GetItem", R"({"TableName": "mainstay", "Key": 7})") == "ValidationException");
  CHECK(world.code("GetItem", R"({"TableName": "mainstay", "Key": {"cluster": {"S": "shop"}}})") ==
        "ValidationException");
  CHECK(world.code("PutItem", R"({"TableName": "mainstay", "Item": {"cluster": {"N": "1"},
      "record": {"S": "a"}}})") == "ValidationException");
  CHECK(world.put("1", with_condition("a = b") + R"(, "ExpressionAttributeNames": 7)") ==
        "ValidationException");
  CHECK(world.code("Query", R"({"TableName": "mainstay", "KeyConditionExpression": "cluster = :c",
      "ExpressionAttributeValues": {":c": {"S": "shop"}},
      "ExclusiveStartKey": {"cluster": 7, "record": 7}})") == "SerializationException");
  CHECK(world.version() == "none");
}

TEST_CASE("a query gives one partition, in order and in pages") {
  World world;
  for (const char* key : {"node/b", "node/a", "group/web"}) {
    for (const char* cluster : {"shop", "bakery"}) {
      const std::string item =
          fmt::format(R"({{"cluster": {{"S": "{}"}}, "record": {{"S": "{}"}}}})", cluster, key);
      CHECK(world.code("PutItem", R"({"TableName": "mainstay", "Item": )" + item + "}") == "ok");
    }
  }
  const auto query = [&](const std::string& rest) {
    return world.ask("Query", R"({"TableName": "mainstay", "KeyConditionExpression": "#c = :c",
        "ExpressionAttributeNames": {"#c": "cluster"},
        "ExpressionAttributeValues": {":c": {"S": "shop"}})" +
                                  rest + "}");
  };
  const Json all = query("");
  CHECK(all["Count"] == 3);
  CHECK(all["Items"][0]["record"]["S"] == "group/web");
  CHECK(!all.contains("LastEvaluatedKey"));
  const Json page = query(R"(, "Limit": 2)");
  CHECK(page["Count"] == 2);
  const Json rest = query(R"(, "ExclusiveStartKey": )" + page["LastEvaluatedKey"].dump());
  CHECK(rest["Count"] == 1);
  CHECK(rest["Items"][0]["record"]["S"] == "node/b");
  const std::string no_key =
      R"*({"TableName": "mainstay", "KeyConditionExpression": "attribute_exists(record)"})*";
  CHECK(world.code("Query", no_key) == "ValidationException");
}

TEST_CASE("what all services refuse has DynamoDB's own words") {
  CHECK(in_words_of_dynamodb({401, "AuthFailure", "m"}) ==
        AwsError{400, "UnrecognizedClientException", "m"});
  CHECK(in_words_of_dynamodb({400, "ExpiredToken", "m"}).code == "ExpiredTokenException");
  CHECK(in_words_of_dynamodb({418, "Teapot", "m"}) == AwsError{418, "Teapot", "m"});
  CHECK(Json::parse(dynamodb_error({400, "X", "m"}))["__type"] ==
        "com.amazonaws.dynamodb.v20120810#X");
}
