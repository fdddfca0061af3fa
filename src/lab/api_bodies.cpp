#include "lab/api_bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <vector>

namespace mainstay::lab {
namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;

struct Members {
  Names required;
  Names optional;
};

const std::map<std::string, Members>& dynamodb_calls() {
  static const std::map<std::string, Members> all = {
      {"CreateTable",
       {{"TableName", "KeySchema", "AttributeDefinitions"},
        {"BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled", "Tags",
         "LocalSecondaryIndexes", "GlobalSecondaryIndexes", "StreamSpecification",
         "SSESpecification", "TableClass"}}},
      {"UpdateTable",
       {{"TableName"},
        {"AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled",
         "ProvisionedThroughput", "GlobalSecondaryIndexUpdates", "StreamSpecification",
         "SSESpecification", "TableClass", "ReplicaUpdates"}}},
      {"DescribeTable", {{"TableName"}, {}}},
      {"DeleteTable", {{"TableName"}, {}}},
      {"ListTables", {{}, {"Limit", "ExclusiveStartTableName"}}},
      {"GetItem",
       {{"TableName", "Key"},
        {"ConsistentRead", "ReturnConsumedCapacity", "ProjectionExpression",
         "ExpressionAttributeNames"}}},
      {"PutItem",
       {{"TableName", "Item"},
        {"ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues",
         "ReturnValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics",
         "ReturnValuesOnConditionCheckFailure"}}},
      {"Query",
       {{"TableName", "KeyConditionExpression"},
        {"ConsistentRead", "ExclusiveStartKey", "ExpressionAttributeNames",
         "ExpressionAttributeValues", "FilterExpression", "IndexName", "Limit",
         "ProjectionExpression", "ReturnConsumedCapacity", "ScanIndexForward", "Select"}}}};
  return all;
}

// What may stand in an element of a change batch; one that is not named holds text only.
const std::map<std::string, Names>& change_batch() {
  static const std::map<std::string, Names> all = {
      {"ChangeResourceRecordSetsRequest", {"ChangeBatch"}},
      {"ChangeBatch", {"Comment", "Changes"}},
      {"Changes", {"Change"}},
      {"Change", {"Action", "ResourceRecordSet"}},
      {"ResourceRecordSet",
       {"Name", "Type", "TTL", "ResourceRecords", "SetIdentifier", "AliasTarget", "Weight",
        "Region", "Failover", "GeoLocation", "HealthCheckId", "MultiValueAnswer"}},
      {"ResourceRecords", {"ResourceRecord"}},
      {"ResourceRecord", {"Value"}},
      {"AliasTarget", {"HostedZoneId", "DNSName", "EvaluateTargetHealth"}},
      {"GeoLocation", {"ContinentCode", "CountryCode", "SubdivisionCode"}}};
  return all;
}

bool holds(const Names& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::optional<AwsError> check_element(const pugi::xml_node& node) {
  const auto known = change_batch().find(node.name());
  for (const pugi::xml_node& child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    if (known == change_batch().end() || !holds(known->second, child.name())) {
      return AwsError{400, "MalformedInput",
                      fmt::format("Unexpected element {} in {}", child.name(), node.name())};
    }
    if (const auto wrong = check_element(child)) return wrong;
  }
  return std::nullopt;
}

}  // namespace

std::optional<AwsError> check_dynamodb_body(const std::string& action, const std::string& body) {
  const auto rules = dynamodb_calls().find(action);
  const Json request = Json::parse(body, nullptr, false);
  if (rules == dynamodb_calls().end() || !request.is_object()) return std::nullopt;
  const Members& members = rules->second;
  for (const auto& [name, value] : request.items()) {
    if (holds(members.required, name) || holds(members.optional, name)) continue;
    return AwsError{400, "ValidationException", fmt::format("{} has no member {}", action, name)};
  }
  for (const std::string& name : members.required) {
    if (request.contains(name)) continue;
    return AwsError{400, "ValidationException",
                    fmt::format("1 validation error detected: Value null at '{}' failed to "
                                "satisfy constraint: Member must not be null",
                                name)};
  }
  return std::nullopt;
}

std::optional<AwsError> check_route53_body(const std::string& action, const std::string& body) {
  pugi::xml_document document;
  if (action != "ChangeResourceRecordSets" || !document.load_string(body.c_str())) {
    return std::nullopt;
  }
  return check_element(document.document_element());
}

}  // namespace mainstay::lab
