// One table of the lab's DynamoDB: its shape, its items. Pure.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lab/dynamodb.h"
#include "lab/dynamodb_expression.h"

namespace mainstay::lab {

using DynamoDbReply = std::expected<nlohmann::json, AwsError>;
using DynamoDbCheck = std::expected<void, AwsError>;

class DynamoDbTable {
 public:
  using Json = nlohmann::json;
  // From a CreateTable.
  static std::expected<DynamoDbTable, AwsError> make(const Json& request, std::string arn,
                                                     std::int64_t now_ms);

  bool is_active(std::int64_t now_ms) const { return now_ms >= created_ms_ + table_creating_ms; }
  bool is_protected() const { return protected_; }
  void protect(bool on) { protected_ = on; }
  Json description(std::int64_t now_ms) const;

  DynamoDbReply get_item(const Json& request) const;
  DynamoDbReply put_item(const Json& request);
  DynamoDbReply query(const Json& request) const;

 private:
  // The key attributes' values, in the order of the schema, as texts that sort as DynamoDB does for
  // strings.
  using Key = std::vector<std::string>;
  std::expected<Key, AwsError> key_of(const Json& item) const;
  Json key_attributes(const Json& item) const;

  std::string name_;
  std::string arn_;
  std::int64_t created_ms_ = 0;
  bool protected_ = false;
  Json shape_;  // KeySchema, AttributeDefinitions, BillingMode as they were given
  std::vector<std::string> keys_;
  std::map<std::string, std::string> types_;
  std::map<Key, Json> items_;
};

}  // namespace mainstay::lab
