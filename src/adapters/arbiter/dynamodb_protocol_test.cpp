#include "adapters/arbiter/dynamodb_protocol.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "adapters/arbiter/base64.h"

namespace mainstay::dynamodb {
namespace {

using adapters::from_base64;
using adapters::to_base64;
using Json = nlohmann::json;

TEST_CASE("bytes come back from base64 as they were") {
  CHECK(to_base64(as_bytes("")) == "");
  CHECK(to_base64(as_bytes("f")) == "Zg==");
  CHECK(to_base64(as_bytes("foobar")) == "Zm9vYmFy");
  CHECK(rc::check([](const Bytes& bytes) { RC_ASSERT(from_base64(to_base64(bytes)) == bytes); }));
  for (const char* wrong : {"Zg", "Zg=", "Z===", "Zg=a", "Z g=", "Zg==Zg==", "Zm9v\n", "Zm9*"}) {
    CHECK_MESSAGE(!from_base64(wrong), wrong);
  }
}

TEST_CASE("a write names its condition: no record yet, or the version that was read") {
  const Records records{"mainstay", "shop"};
  const auto body = [&](RecordVersion expected) {
    return Json::parse(put_item(records, {"node/a", expected, 12, {1, 2}}).body);
  };
  CHECK(put_item(records, {}).effect == aws::Effect::change);
  CHECK(body(0)["ConditionExpression"] == "attribute_not_exists(#version)");
  CHECK(!body(0).contains("ExpressionAttributeValues"));
  CHECK(body(0)["Item"] == Json::parse(R"({"cluster": {"S": "shop"}, "record": {"S": "node/a"},
                                           "version": {"N": "12"}, "value": {"B": "AQI="}})"));
  CHECK(body(7)["ConditionExpression"] == "#version = :expected");
  CHECK(body(7)["ExpressionAttributeValues"] == Json::parse(R"({":expected": {"N": "7"}})"));
}

TEST_CASE("only an answer without an item is an absent record") {
  CHECK(parse_get_item("{}").value() == ArbiterRecord{});
  CHECK(parse_get_item(R"({"Item": {"version": {"N": "5"}, "value": {"B": "AQI="}}})").value() ==
        ArbiterRecord{5, {1, 2}});
  // As who writes by the AWS CLI leaves it.
  CHECK(parse_get_item(R"({"Item": {"version": {"N": "5"}, "value": {"S": "AQI="}}})").value() ==
        ArbiterRecord{5, {1, 2}});
  for (const char* wrong : {
           "",
           "null",
           "[]",
           "<html>welcome</html>",
           R"({"Item": {}})",
           R"({"Item": null})",
           R"({"Item": {"value": {"B": "AQI="}}})",
           R"({"Item": {"version": {"N": "5"}}})",
           R"({"Item": {"version": {"N": "0"}, "value": {"B": ""}}})",
           R"({"Item": {"version": {"N": "5x"}, "value": {"B": ""}}})",
           R"({"Item": {"version": {"S": "5"}, "value": {"B": ""}}})",
           R"({"Item": {"version": {"N": "5"}, "value": {"B": "A"}}})",
           R"({"Item": {"version": {"N": "99999999999999999999"}, "value": {"B": ""}}})",
       }) {
    const auto record = parse_get_item(wrong);
    CHECK_MESSAGE((!record && record.error().code == Code::corrupt), wrong);
  }
}

TEST_CASE("a page of records says where the next begins") {
  const auto page = parse_query(R"({"Items": [{"record": {"S": "node/a"}, "version": {"N": "5"},
      "value": {"B": ""}}], "LastEvaluatedKey": {"cluster": {"S": "c"}, "record": {"S": "k"}}})");
  REQUIRE(page.has_value());
  CHECK(page->entries == std::vector<ArbiterEntry>{{"node/a", {5, {}}}});
  CHECK(page->after == "k");
  CHECK(parse_query(R"({"Items": []})")->after.empty());
  CHECK(!parse_query("{}").has_value());
}

TEST_CASE("a table is described by its keys and their types") {
  const auto table = parse_table(R"({"Table": {"TableArn": "arn", "TableStatus": "ACTIVE",
      "DeletionProtectionEnabled": true, "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
      "AttributeDefinitions": [{"AttributeName": "record", "AttributeType": "S"},
                               {"AttributeName": "cluster", "AttributeType": "S"}],
      "KeySchema": [{"AttributeName": "cluster", "KeyType": "HASH"},
                    {"AttributeName": "record", "KeyType": "RANGE"}]}})");
  CHECK(table.value() == Table{"arn", "ACTIVE", "PAY_PER_REQUEST", true, expected_keys()});
  CHECK(!parse_table(R"({"Table": 5})").has_value());
}

TEST_CASE("a fault is told by the last part of its type") {
  CHECK(parse_fault(400, R"({"__type": "com.amazonaws.dynamodb.v20120810#XException",
                             "message": "no"})") == aws::Fault{400, "XException", "no"});
  CHECK(parse_fault(400, R"({"__type": "com.amazon.coral.service#YException", "Message": "n"})") ==
        aws::Fault{400, "YException", "n"});
  CHECK(parse_fault(502, "<html>") == aws::Fault{502, "", ""});
}

}  // namespace
}  // namespace mainstay::dynamodb
