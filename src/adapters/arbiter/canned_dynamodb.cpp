#include "adapters/arbiter/canned_dynamodb.h"

namespace mainstay::dynamodb {

void CannedDynamoDb::set(Mood mood) {
  const std::lock_guard lock(mutex_);
  mood_ = mood;
}

void CannedDynamoDb::drop_table() {
  const std::lock_guard lock(mutex_);
  table_ = Json();
  items_.clear();
}

void CannedDynamoDb::set_table(nlohmann::json table) {
  const std::lock_guard lock(mutex_);
  table_ = std::move(table);
}

void CannedDynamoDb::set_creating(int times) {
  const std::lock_guard lock(mutex_);
  creating_ = times;
}

CannedDynamoDb::Answer CannedDynamoDb::answer(const TestServer::Request& request) {
  const std::lock_guard lock(mutex_);
  const std::string target(header_value(request.headers, "X-Amz-Target"));
  const std::string action = target.substr(target.find('.') + 1);
  if (mood_ == Mood::throttling) {
    return fault("ProvisionedThroughputExceededException", "The level was exceeded.");
  }
  if (mood_ == Mood::denying) {
    return fault("AccessDeniedException",
                 "User: arn:aws:iam::1:user/u is not authorized to perform: dynamodb:" + action +
                     " on resource: arn:aws:dynamodb:r:1:table/t because no policy.");
  }
  if (mood_ == Mood::silent) return {.ending = TestServer::Ending::silence};
  Answer out = act(action, Json::parse(request.body));
  if (mood_ == Mood::losing_answers) out.ending = TestServer::Ending::silence;
  if (mood_ == Mood::losing_one_answer && action == "PutItem") {
    mood_ = Mood::well;
    out.ending = TestServer::Ending::break_off;
  }
  return out;
}

CannedDynamoDb::Answer CannedDynamoDb::act(const std::string& action, const Json& body) {
  if (action == "CreateTable") return create_table(body);
  if (table_.is_null()) {
    return fault("ResourceNotFoundException", "Requested resource not found");
  }
  if (action == "DescribeTable") return describe_table();
  if (action == "GetItem") return get_item(body);
  if (action == "PutItem") return put_item(body);
  if (action == "Query") return query(body);
  return fault("UnknownOperationException", "");
}

CannedDynamoDb::Answer CannedDynamoDb::create_table(const Json& body) {
  if (!table_.is_null()) return fault("ResourceInUseException", "Table already exists");
  table_ = body;
  table_["TableArn"] = "arn:aws:dynamodb:r:1:table/t";
  table_["BillingModeSummary"] = {{"BillingMode", body["BillingMode"]}};
  return reply({{"TableDescription", with_status("CREATING")}});
}

CannedDynamoDb::Answer CannedDynamoDb::describe_table() {
  const bool creating = creating_ > 0 && creating_-- > 0;
  return reply({{"Table", with_status(creating ? "CREATING" : "ACTIVE")}});
}

CannedDynamoDb::Json CannedDynamoDb::with_status(const char* status) const {
  Json shown = table_;
  if (!shown.contains("TableStatus")) shown["TableStatus"] = status;
  return shown;
}

CannedDynamoDb::Answer CannedDynamoDb::get_item(const Json& body) {
  const auto found = items_.find(key_of(body["Key"]));
  if (body.value("ConsistentRead", false) == false || found == items_.end()) return reply({});
  return reply({{"Item", found->second}});
}

CannedDynamoDb::Answer CannedDynamoDb::put_item(const Json& body) {
  const auto found = items_.find(key_of(body["Item"]));
  const Json there = found == items_.end() ? Json() : found->second["version"];
  const bool holds = body["ConditionExpression"] == "attribute_not_exists(#version)"
                         ? there.is_null()
                         : there == body["ExpressionAttributeValues"][":expected"];
  if (!holds) return fault("ConditionalCheckFailedException", "The conditional request failed");
  items_[key_of(body["Item"])] = body["Item"];
  return reply({});
}

CannedDynamoDb::Answer CannedDynamoDb::query(const Json& body) {
  const std::string cluster = body["ExpressionAttributeValues"][":cluster"]["S"];
  const std::string after =
      body.contains("ExclusiveStartKey") ? key_of(body["ExclusiveStartKey"]) : cluster + '/';
  const auto found = items_.upper_bound(after);
  if (found == items_.end() || !found->first.starts_with(cluster + '/')) {
    return reply({{"Items", Json::array()}});
  }
  const Json key = {{"cluster", found->second["cluster"]}, {"record", found->second["record"]}};
  return reply({{"Items", Json::array({found->second})}, {"LastEvaluatedKey", key}});
}

std::string CannedDynamoDb::key_of(const Json& item) {
  return item["cluster"]["S"].get<std::string>() + '/' + item["record"]["S"].get<std::string>();
}

CannedDynamoDb::Answer CannedDynamoDb::reply(const Json& body) {
  return {.body = body.is_null() ? "{}" : body.dump(), .headers = {}};
}

CannedDynamoDb::Answer CannedDynamoDb::fault(const std::string& code, const std::string& message) {
  const Json body = {{"__type", "com.amazonaws.dynamodb.v20120810#" + code}, {"message", message}};
  return {.status = 400, .body = body.dump()};
}

}  // namespace mainstay::dynamodb
