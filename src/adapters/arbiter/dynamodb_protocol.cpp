#include "adapters/arbiter/dynamodb_protocol.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "adapters/arbiter/base64.h"

namespace mainstay::dynamodb {
namespace {

using Json = nlohmann::json;
using adapters::from_base64;
using adapters::to_base64;

constexpr std::string_view api_version = "DynamoDB_20120810";

aws::Question question(const char* action, std::string subject, const Json& body) {
  return {.service = "dynamodb",
          .action = action,
          .subject = std::move(subject),
          .headers = {{"Content-Type", "application/x-amz-json-1.0"},
                      {"X-Amz-Target", fmt::format("{}.{}", api_version, action)}},
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

std::string name_of(const Records& records, const std::string& key) {
  return fmt::format("record {} of cluster {} in table {}", key, records.cluster, records.table);
}

Json text(const std::string& value) { return {{"S", value}}; }
Json number(RecordVersion value) { return {{"N", std::to_string(value)}}; }

Json parse(std::string_view body) {
  return Json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
}

std::unexpected<Error> not_ours(std::string_view what) {
  return failure(Code::corrupt,
                 fmt::format("DynamoDB's answer {}. Is something else behind the endpoint, or has "
                             "something else written to the table?",
                             what));
}

const Json& member(const Json& object, const char* name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text_member(const Json& object, const char* name) {
  const Json& found = member(object, name);
  return found.is_string() ? found.get<std::string>() : std::string();
}

Result<ArbiterRecord> record_of(const Json& item) {
  ArbiterRecord record;
  const std::string version = text_member(member(item, "version"), "N");
  const auto [end, problem] =
      std::from_chars(version.data(), version.data() + version.size(), record.version);
  if (problem != std::errc() || end != version.data() + version.size() || record.version == 0) {
    return not_ours("holds a record without a version");
  }
  // Bytes, or, from who writes by the AWS CLI, the same as a text.
  const Json& attribute = member(item, "value");
  const Json& bytes_of = member(attribute, "B");
  const Json& value = bytes_of.is_null() ? member(attribute, "S") : bytes_of;
  auto bytes = value.is_string() ? from_base64(value.get<std::string>()) : std::nullopt;
  if (!bytes) return not_ours("holds a record without a value");
  record.value = std::move(*bytes);
  return record;
}

Json key_element(const char* name, const char* type) {
  return {{"AttributeName", name}, {"KeyType", type}};
}
Json text_attribute(const char* name) { return {{"AttributeName", name}, {"AttributeType", "S"}}; }

// "cluster S HASH"
std::vector<std::string> keys_of(const Json& table) {
  std::vector<std::string> keys;
  for (const Json& element : member(table, "KeySchema")) {
    const std::string name = text_member(element, "AttributeName");
    std::string type;
    for (const Json& attribute : member(table, "AttributeDefinitions")) {
      if (text_member(attribute, "AttributeName") == name) {
        type = text_member(attribute, "AttributeType");
      }
    }
    keys.push_back(fmt::format("{} {} {}", name, type, text_member(element, "KeyType")));
  }
  return keys;
}

}  // namespace

aws::Question get_item(const Records& records, const std::string& key) {
  return question("GetItem", name_of(records, key),
                  {{"TableName", records.table},
                   {"ConsistentRead", true},
                   {"Key", {{"cluster", text(records.cluster)}, {"record", text(key)}}}});
}

aws::Question put_item(const Records& records, const Write& write) {
  Json body = {{"TableName", records.table},
               {"Item",
                {{"cluster", text(records.cluster)},
                 {"record", text(write.key)},
                 {"version", number(write.version)},
                 {"value", {{"B", to_base64(write.value)}}}}},
               {"ExpressionAttributeNames", {{"#version", "version"}}}};
  if (write.expected == 0) {
    body["ConditionExpression"] = "attribute_not_exists(#version)";
  } else {
    body["ConditionExpression"] = "#version = :expected";
    body["ExpressionAttributeValues"] = {{":expected", number(write.expected)}};
  }
  auto put = question("PutItem", name_of(records, write.key), body);
  put.effect = aws::Effect::change;
  return put;
}

aws::Question query(const Records& records, const std::string& after) {
  Json body = {{"TableName", records.table},
               {"ConsistentRead", true},
               {"KeyConditionExpression", "#cluster = :cluster"},
               {"ExpressionAttributeNames", {{"#cluster", "cluster"}}},
               {"ExpressionAttributeValues", {{":cluster", text(records.cluster)}}}};
  if (!after.empty()) {
    body["ExclusiveStartKey"] = {{"cluster", text(records.cluster)}, {"record", text(after)}};
  }
  return question(
      "Query", fmt::format("the records of cluster {} in table {}", records.cluster, records.table),
      body);
}

aws::Question create_table(const std::string& table) {
  // Whoever deletes the table takes every node's permission away: that shall not happen by mistake.
  auto create = question(
      "CreateTable", "table " + table,
      {{"TableName", table},
       {"BillingMode", "PAY_PER_REQUEST"},
       {"DeletionProtectionEnabled", true},
       {"AttributeDefinitions", Json::array({text_attribute("cluster"), text_attribute("record")})},
       {"KeySchema",
        Json::array({key_element("cluster", "HASH"), key_element("record", "RANGE")})}});
  create.effect = aws::Effect::change;
  return create;
}

aws::Question describe_table(const std::string& table) {
  return question("DescribeTable", "table " + table, {{"TableName", table}});
}

Result<ArbiterRecord> parse_get_item(std::string_view body) {
  const Json answer = parse(body);
  if (!answer.is_object()) return not_ours("is no JSON object");
  if (!answer.contains("Item")) return ArbiterRecord{};
  return record_of(answer["Item"]);
}

Status parse_put_item(std::string_view body) {
  if (!parse(body).is_object()) return not_ours("is no JSON object");
  return {};
}

Result<Page> parse_query(std::string_view body) {
  const Json answer = parse(body);
  const Json& items = member(answer, "Items");
  if (!items.is_array()) return not_ours("holds no list of records");
  Page page;
  for (const Json& item : items) {
    auto record = record_of(item);
    if (!record) return std::unexpected(record.error());
    page.entries.push_back({text_member(member(item, "record"), "S"), std::move(*record)});
  }
  page.after = text_member(member(member(answer, "LastEvaluatedKey"), "record"), "S");
  return page;
}

Result<Table> parse_table(std::string_view body) {
  const Json answer = parse(body);
  const Json& created = member(answer, "TableDescription");
  const Json& table = created.is_object() ? created : member(answer, "Table");
  if (!table.is_object()) return not_ours("describes no table");
  const std::string billing = text_member(member(table, "BillingModeSummary"), "BillingMode");
  return Table{.arn = text_member(table, "TableArn"),
               .status = text_member(table, "TableStatus"),
               .billing = billing.empty() ? "PROVISIONED" : billing,
               .protected_from_deletion = member(table, "DeletionProtectionEnabled") == true,
               .keys = keys_of(table)};
}

const std::vector<std::string>& expected_keys() {
  static const std::vector<std::string> keys = {"cluster S HASH", "record S RANGE"};
  return keys;
}

aws::Fault parse_fault(int status, std::string_view body) {
  const Json answer = parse(body);
  std::string code = text_member(answer, "__type");
  if (const auto hash = code.rfind('#'); hash != std::string::npos) code.erase(0, hash + 1);
  std::string message = text_member(answer, "message");
  if (message.empty()) message = text_member(answer, "Message");
  return {status, std::move(code), std::move(message)};
}

}  // namespace mainstay::dynamodb
