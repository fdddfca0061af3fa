#include "lab/dynamodb_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace mainstay::lab {
namespace {

using Json = nlohmann::json;

constexpr std::size_t page_items_max = 100;

std::unexpected<AwsError> refuse(std::string message) {
  return std::unexpected(validation_error(std::move(message)));
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// A whole number, as DynamoDB gives it back: no plus, no zeros in front.
std::optional<std::string> canonical_number(std::string text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.erase(0, 1);
  if (text.empty() || text.size() > 38) return std::nullopt;
  if (text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
  return (negative && text != "0" ? "-" : "") + text;
}

// {"S": "a"} and its like; numbers made canonical.
DynamoDbCheck check_value(const std::string& name, Json& value) {
  if (!value.is_object() || value.size() != 1) {
    return refuse(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly "
        "one of the supported datatypes");
  }
  static const std::vector<std::string> types = {"S", "N", "B",  "BOOL", "NULL",
                                                 "M", "L", "SS", "NS",   "BS"};
  const std::string type = value.begin().key();
  if (std::ranges::find(types, type) == types.end()) {
    return refuse(
        "Supplied AttributeValue is empty, must contain exactly one of the supported "
        "datatypes");
  }
  const bool text = type == "S" || type == "N" || type == "B";
  if (text && !value.begin()->is_string()) {
    return std::unexpected(AwsError{400, "SerializationException",
                                    fmt::format("the value of {} is not a string", name)});
  }
  if (type != "N") return {};
  const auto number = canonical_number(value["N"].get<std::string>());
  if (!number) {
    return refuse(
        fmt::format("The parameter cannot be converted to a numeric value: {} (the lab "
                    "knows whole numbers)",
                    value["N"].get<std::string>()));
  }
  value["N"] = *number;
  return {};
}

DynamoDbCheck check_values(Json& attributes) {
  if (!attributes.is_object()) return refuse("the attributes are missing");
  for (auto& [name, value] : attributes.items()) {
    if (auto good = check_value(name, value); !good) return good;
  }
  return {};
}

std::expected<ExpressionNames, AwsError> names_of(const Json& request) {
  ExpressionNames names;
  const Json given = request.value("ExpressionAttributeNames", Json::object());
  for (const auto& [name, target] : given.items()) {
    if (!target.is_string()) return refuse("ExpressionAttributeNames must be strings");
    names.names[name] = target.get<std::string>();
  }
  Json values = request.value("ExpressionAttributeValues", Json::object());
  if (auto good = check_values(values); !good) return std::unexpected(good.error());
  for (const auto& [name, value] : values.items()) names.values[name] = value.dump();
  return names;
}

// The expression of that name, with nothing left over in names and values.
std::expected<Expression, AwsError> expression_of(const Json& request, const char* what) {
  const auto names = names_of(request);
  if (!names) return std::unexpected(names.error());
  auto expression = Expression::parse(what, text_of(request, what), *names);
  if (!expression) return expression;
  const auto unused = [&](const auto& entry) { return !expression->used().contains(entry.first); };
  for (const auto* group : {&names->names, &names->values}) {
    const auto found = std::ranges::find_if(*group, unused);
    if (found == group->end()) continue;
    return refuse(
        fmt::format("Value provided in ExpressionAttribute{} unused in expressions: "
                    "keys: {{{}}}",
                    group == &names->names ? "Names" : "Values", found->first));
  }
  return expression;
}

DynamoDbCheck check_known(const Json& request, std::initializer_list<const char*> unknown) {
  for (const char* name : unknown) {
    if (request.contains(name)) return refuse(fmt::format("the lab does not know {}", name));
  }
  return {};
}

FindAttribute finder(const Json* item) {
  return [item](const std::string& name) -> std::optional<std::string> {
    if (item == nullptr || !item->contains(name)) return std::nullopt;
    return item->at(name).dump();
  };
}

}  // namespace

std::expected<DynamoDbTable, AwsError> DynamoDbTable::make(const Json& request, std::string arn,
                                                           std::int64_t now_ms) {
  DynamoDbTable table;
  table.name_ = text_of(request, "TableName");
  table.arn_ = std::move(arn);
  table.created_ms_ = now_ms;
  table.protected_ = request.value("DeletionProtectionEnabled", Json(false)) == true;
  table.shape_ = {{"KeySchema", request.value("KeySchema", Json::array())},
                  {"AttributeDefinitions", request.value("AttributeDefinitions", Json::array())},
                  {"BillingMode", request.value("BillingMode", Json("PROVISIONED"))}};
  if (auto good = check_known(request, {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"}); !good)
    return std::unexpected(good.error());
  for (const Json& attribute : table.shape_["AttributeDefinitions"]) {
    table.types_[text_of(attribute, "AttributeName")] = text_of(attribute, "AttributeType");
  }
  for (const Json& element : table.shape_["KeySchema"]) {
    const char* wanted = table.keys_.empty() ? "HASH" : "RANGE";
    if (text_of(element, "KeyType") != wanted) {
      return refuse("Invalid KeySchema: the first KeySchemaElement is a HASH, the second a RANGE");
    }
    table.keys_.push_back(text_of(element, "AttributeName"));
    if (!table.types_.contains(table.keys_.back())) {
      return refuse(
          "One or more parameter values were invalid: Some index key attributes are not "
          "defined in AttributeDefinitions");
    }
  }
  if (table.keys_.empty() || table.keys_.size() > 2 || table.types_.size() != table.keys_.size()) {
    return refuse(
        "One or more parameter values were invalid: Number of attributes in KeySchema "
        "does not exactly match number of attributes defined in AttributeDefinitions");
  }
  if (table.shape_["BillingMode"] == "PROVISIONED" && !request.contains("ProvisionedThroughput")) {
    return refuse(
        "One or more parameter values were invalid: ReadCapacityUnits and "
        "WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
  }
  return table;
}

Json DynamoDbTable::description(std::int64_t now_ms) const {
  return {{"TableName", name_},
          {"TableArn", arn_},
          {"TableStatus", is_active(now_ms) ? "ACTIVE" : "CREATING"},
          {"CreationDateTime", static_cast<double>(created_ms_) / 1000},
          {"KeySchema", shape_["KeySchema"]},
          {"AttributeDefinitions", shape_["AttributeDefinitions"]},
          {"BillingModeSummary", {{"BillingMode", shape_["BillingMode"]}}},
          {"DeletionProtectionEnabled", protected_},
          {"ItemCount", items_.size()}};
}

std::expected<DynamoDbTable::Key, AwsError> DynamoDbTable::key_of(const Json& item) const {
  Key key;
  for (const std::string& name : keys_) {
    if (!item.contains(name)) {
      return refuse(fmt::format(
          "One or more parameter values were invalid: Missing the key {} in the item", name));
    }
    const std::string value = text_of(item[name], types_.at(name).c_str());
    if (!item[name].contains(types_.at(name))) {
      return refuse(
          fmt::format("One or more parameter values were invalid: Type mismatch for key "
                      "{} expected: {} actual: {}",
                      name, types_.at(name), item[name].begin().key()));
    }
    if (value.empty()) {
      return refuse(
          fmt::format("One or more parameter values are not valid. The AttributeValue "
                      "for a key attribute cannot contain an empty string value. Key: {}",
                      name));
    }
    key.push_back(value);
  }
  return key;
}

Json DynamoDbTable::key_attributes(const Json& item) const {
  Json key;
  for (const std::string& name : keys_) key[name] = item[name];
  return key;
}

DynamoDbReply DynamoDbTable::get_item(const Json& request) const {
  if (auto good = check_known(request, {"ProjectionExpression", "AttributesToGet"}); !good)
    return std::unexpected(good.error());
  Json key = request.value("Key", Json());
  if (auto good = check_values(key); !good) return std::unexpected(good.error());
  if (key.size() != keys_.size())
    return refuse("The provided key element does not match the schema");
  const auto wanted = key_of(key);
  if (!wanted) return refuse("The provided key element does not match the schema");
  const auto found = items_.find(*wanted);
  if (found == items_.end()) return Json::object();
  return Json{{"Item", found->second}};
}

DynamoDbReply DynamoDbTable::put_item(const Json& request) {
  if (auto good = check_known(request, {"Expected", "ConditionalOperator"}); !good)
    return std::unexpected(good.error());
  Json item = request.value("Item", Json());
  if (auto good = check_values(item); !good) return std::unexpected(good.error());
  const auto key = key_of(item);
  if (!key) return std::unexpected(key.error());
  if (item.dump().size() > item_size_max)
    return refuse("Item size has exceeded the maximum allowed size");
  const auto found = items_.find(*key);
  const Json* there = found == items_.end() ? nullptr : &found->second;
  if (request.contains("ConditionExpression")) {
    const auto condition = expression_of(request, "ConditionExpression");
    if (!condition) return std::unexpected(condition.error());
    if (!condition->holds(finder(there))) {
      return std::unexpected(
          AwsError{400, "ConditionalCheckFailedException", "The conditional request failed"});
    }
  }
  if (there == nullptr && items_.size() >= table_items_max)
    return refuse("the lab keeps no more items in a table");
  Json reply = Json::object();
  if (request.value("ReturnValues", Json("NONE")) == "ALL_OLD" && there != nullptr)
    reply["Attributes"] = *there;
  items_[*key] = std::move(item);
  return reply;
}

DynamoDbReply DynamoDbTable::query(const Json& request) const {
  if (auto good = check_known(request, {"FilterExpression", "KeyConditions", "IndexName", "Select",
                                        "ProjectionExpression"});
      !good)
    return std::unexpected(good.error());
  const auto condition = expression_of(request, "KeyConditionExpression");
  if (!condition) return std::unexpected(condition.error());
  const auto wanted = condition->equalities();
  if (!wanted || !wanted->contains(keys_[0]) || wanted->size() > keys_.size())
    return refuse("Query condition missed key schema element: " + keys_[0]);
  const Json limit = request.value("Limit", Json(page_items_max));
  if (!limit.is_number_unsigned() || limit == 0) return refuse("Limit must be at least 1");
  const std::size_t items_max = std::min(limit.get<std::size_t>(), page_items_max);
  Key after;
  if (request.contains("ExclusiveStartKey")) {
    const auto start = key_of(request["ExclusiveStartKey"]);
    if (!start) return refuse("The provided starting key is invalid");
    after = *start;
  }
  Json items = Json::array();
  Json last;
  for (auto at = items_.upper_bound(after); at != items_.end(); ++at) {
    if (!condition->holds(finder(&at->second))) continue;
    if (items.size() == items_max) {
      last = key_attributes(items.back());
      break;
    }
    items.push_back(at->second);
  }
  Json reply = {{"Count", items.size()}, {"ScannedCount", items.size()}};
  reply["Items"] = std::move(items);
  if (!last.is_null()) reply["LastEvaluatedKey"] = std::move(last);
  return reply;
}

}  // namespace mainstay::lab
