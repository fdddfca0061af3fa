// DynamoDB in memory: a call in, an answer out. Pure, but for the tables it keeps.
//
// It knows CreateTable, UpdateTable (deletion protection only), DescribeTable, ListTables,
// DeleteTable, GetItem, PutItem with conditions, and Query by keys. Every read is consistent.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lab/sigv4.h"

namespace mainstay::lab {

inline constexpr std::int64_t table_creating_ms = 500;  // so long a new table is CREATING
inline constexpr std::size_t tables_max = 256;
inline constexpr std::size_t table_items_max = 10'000;
inline constexpr std::size_t item_size_max = 400 * 1024;

class DynamoDb {
 public:
  DynamoDb(std::string account, std::string region);
  ~DynamoDb();

  // The JSON of the answer.
  std::expected<std::string, AwsError> call(const std::string& action, std::string_view body,
                                            std::int64_t now_ms);
  static bool knows(const std::string& action);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string dynamodb_error(const AwsError& error);
// DynamoDB has its own words for what all services refuse.
AwsError in_words_of_dynamodb(AwsError error);
// Of a call, for the lab's events: table and key.
std::vector<std::pair<std::string, std::string>> dynamodb_details(std::string_view body);

}  // namespace mainstay::lab
