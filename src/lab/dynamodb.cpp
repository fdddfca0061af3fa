// The tables by name, and the actions.
#include "lab/dynamodb.h"

#include <fmt/format.h>

#include "lab/dynamodb_table.h"

namespace mainstay::lab {
namespace {

using Json = nlohmann::json;

std::unexpected<AwsError> no_table() {
  return std::unexpected(
      AwsError{400, "ResourceNotFoundException", "Requested resource not found"});
}

std::string table_name(const Json& request) {
  const auto found = request.find("TableName");
  return found != request.end() && found->is_string() ? found->get<std::string>() : "";
}

bool good_name(const std::string& name) {
  return name.size() >= 3 && name.size() <= 255 &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
             std::string::npos;
}

}  // namespace

struct DynamoDb::State {
  std::string account;
  std::string region;
  std::map<std::string, DynamoDbTable> tables = {};

  DynamoDbTable* find(const Json& request) {
    const auto found = tables.find(table_name(request));
    return found == tables.end() ? nullptr : &found->second;
  }

  DynamoDbReply create(const Json& request, std::int64_t now_ms) {
    const std::string name = table_name(request);
    if (!good_name(name)) {
      return std::unexpected(validation_error(
          "1 validation error detected: the TableName must have 3 to 255 of a-z, A-Z, 0-9, '_', "
          "'-' and '.'"));
    }
    if (tables.contains(name)) {
      return std::unexpected(
          AwsError{400, "ResourceInUseException", "Table already exists: " + name});
    }
    if (tables.size() >= tables_max) {
      return std::unexpected(AwsError{400, "LimitExceededException", "Too many tables."});
    }
    auto table = DynamoDbTable::make(
        request, fmt::format("arn:aws:dynamodb:{}:{}:table/{}", region, account, name), now_ms);
    if (!table) return std::unexpected(table.error());
    const Json shown = table->description(now_ms);
    tables.emplace(name, std::move(*table));
    return Json{{"TableDescription", shown}};
  }

  DynamoDbReply update(DynamoDbTable& table, const Json& request, std::int64_t now_ms) const {
    const auto wanted = request.find("DeletionProtectionEnabled");
    if (request.size() != 2 || wanted == request.end() || !wanted->is_boolean()) {
      return std::unexpected(
          validation_error("the lab updates nothing but DeletionProtectionEnabled"));
    }
    table.protect(wanted->get<bool>());
    return Json{{"TableDescription", table.description(now_ms)}};
  }

  DynamoDbReply remove(const DynamoDbTable& table, const Json& request, std::int64_t now_ms) {
    if (table.is_protected()) {
      return std::unexpected(validation_error(
          "Resource cannot be deleted as it is currently protected against deletion. Disable "
          "deletion protection first."));
    }
    if (!table.is_active(now_ms)) {
      return std::unexpected(AwsError{400, "ResourceInUseException",
                                      "Table is being created: " + table_name(request)});
    }
    Json shown = table.description(now_ms);
    shown["TableStatus"] = "DELETING";
    tables.erase(table_name(request));
    return Json{{"TableDescription", shown}};
  }

  DynamoDbReply act(const std::string& action, const Json& request, std::int64_t now_ms) {
    if (action == "CreateTable") return create(request, now_ms);
    if (action == "ListTables") {
      Json names = Json::array();
      for (const auto& [name, table] : tables) names.push_back(name);
      return Json{{"TableNames", names}};
    }
    DynamoDbTable* table = find(request);
    if (table == nullptr) return no_table();
    if (action == "DescribeTable") return Json{{"Table", table->description(now_ms)}};
    if (action == "UpdateTable") return update(*table, request, now_ms);
    if (action == "DeleteTable") return remove(*table, request, now_ms);
    if (!table->is_active(now_ms)) return no_table();
    if (action == "GetItem") return table->get_item(request);
    if (action == "PutItem") return table->put_item(request);
    return table->query(request);
  }
};

DynamoDb::DynamoDb(std::string account, std::string region)
    : state_(std::make_unique<State>(State{std::move(account), std::move(region)})) {}
DynamoDb::~DynamoDb() = default;

bool DynamoDb::knows(const std::string& action) {
  static const std::vector<std::string> actions = {"CreateTable",   "UpdateTable", "ListTables",
                                                   "DescribeTable", "DeleteTable", "GetItem",
                                                   "PutItem",       "Query"};
  return std::ranges::find(actions, action) != actions.end();
}

std::expected<std::string, AwsError> DynamoDb::call(const std::string& action,
                                                    std::string_view body, std::int64_t now_ms) {
  if (!knows(action)) return std::unexpected(AwsError{400, "UnknownOperationException", ""});
  const Json request = Json::parse(body.begin(), body.end(), nullptr, false);
  if (!request.is_object()) {
    return std::unexpected(AwsError{400, "SerializationException", "the body is no JSON object"});
  }
  try {
    const auto reply = state_->act(action, request, now_ms);
    if (!reply) return std::unexpected(reply.error());
    return reply->dump(-1, ' ', false, Json::error_handler_t::replace);
  } catch (const Json::exception& trouble) {  // A member is of another type than it must be.
    return std::unexpected(AwsError{400, "SerializationException", trouble.what()});
  }
}

std::string dynamodb_error(const AwsError& error) {
  const Json body = {{"__type", "com.amazonaws.dynamodb.v20120810#" + error.code},
                     {"message", error.message}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

AwsError in_words_of_dynamodb(AwsError error) {
  static const std::map<std::string, std::pair<int, const char*>> words = {
      {"AuthFailure", {400, "UnrecognizedClientException"}},
      {"ExpiredToken", {400, "ExpiredTokenException"}},
      {"RequestExpired", {400, "InvalidSignatureException"}},
      {"SignatureDoesNotMatch", {400, "InvalidSignatureException"}},
      {"IncompleteSignature", {400, "IncompleteSignatureException"}},
      {"MissingAuthenticationToken", {400, "MissingAuthenticationTokenException"}},
      {"UnauthorizedOperation", {400, "AccessDeniedException"}},
      {"RequestLimitExceeded", {400, "ProvisionedThroughputExceededException"}},
      {"InternalError", {500, "InternalServerError"}}};
  const auto found = words.find(error.code);
  if (found == words.end()) return error;
  return {found->second.first, found->second.second, std::move(error.message)};
}

std::vector<std::pair<std::string, std::string>> dynamodb_details(std::string_view body) {
  const Json request = Json::parse(body.begin(), body.end(), nullptr, false);
  if (!request.is_object()) return {};
  std::vector<std::pair<std::string, std::string>> details = {{"TableName", table_name(request)}};
  for (const char* whole : {"Key", "Item"}) {
    const Json attributes = request.value(whole, Json::object());
    if (!attributes.is_object()) continue;
    for (const auto& [name, value] : attributes.items()) {
      if (value.is_object() && value.contains("S") && value["S"].is_string())
        details.emplace_back(name, value["S"]);
    }
  }
  return details;
}

}  // namespace mainstay::lab
