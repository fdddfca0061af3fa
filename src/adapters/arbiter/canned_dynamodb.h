// A very small DynamoDB on loopback, for tests: tables in memory, the two conditions an arbiter
// writes under, and bad manners on command.
#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "adapters/http/test_server.h"

namespace mainstay::dynamodb {

class CannedDynamoDb {
 public:
  enum class Mood {
    well,
    throttling,
    denying,
    silent,
    losing_answers,     // of writes; reads are not answered either
    losing_one_answer,  // does one write, then hangs up; well again
  };

  CannedDynamoDb() : server_([this](const auto& request) { return answer(request); }) {}

  void set(Mood mood);
  void drop_table();
  // As DescribeTable shows it; until then there is one that CreateTable would have made.
  void set_table(nlohmann::json table);
  // So many DescribeTables show a new table as CREATING.
  void set_creating(int times);
  std::string url() const { return server_.url(); }
  std::vector<TestServer::Request> requests() const { return server_.requests(); }

 private:
  using Json = nlohmann::json;
  using Answer = TestServer::Answer;

  Answer answer(const TestServer::Request& request);
  Answer act(const std::string& action, const Json& body);
  Answer create_table(const Json& body);
  Answer describe_table();
  Json with_status(const char* status) const;
  Answer get_item(const Json& body);
  Answer put_item(const Json& body);

  // One record per page.
  Answer query(const Json& body);
  static std::string key_of(const Json& item);
  static Answer reply(const Json& body);
  static Answer fault(const std::string& code, const std::string& message);

  std::mutex mutex_;
  Mood mood_ = Mood::well;
  int creating_ = 0;
  Json table_ = {{"TableArn", "arn:aws:dynamodb:r:1:table/t"}};
  std::map<std::string, Json> items_;
  TestServer server_;
};

}  // namespace mainstay::dynamodb
