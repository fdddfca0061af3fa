// A very small Route 53 on loopback, for tests: one private hosted zone in memory, and bad manners
// on command.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "adapters/http/test_server.h"
#include "ports/aws.h"

namespace mainstay::aws {

class CannedRoute53 {
 public:
  enum class Mood { well, throttling, denying, silent };

  CannedRoute53() : server_([this](const auto& request) { return answer(request); }) {}

  void set(Mood mood);
  std::string url() const { return server_.url(); }
  std::vector<TestServer::Request> requests() const { return server_.requests(); }
  static AwsHostedZone zone() { return {"Z1EXAMPLE", "hz1.local.", true, {}, {"vpc-1"}}; }

 private:
  using Answer = TestServer::Answer;
  struct Record {
    std::string ttl;
    std::string value;
    friend bool operator==(const Record&, const Record&) = default;
  };

  Answer answer(const TestServer::Request& request);
  Answer list(const std::string& target) const;
  Answer change(const std::string& body);
  Answer refusal(const TestServer::Request& request) const;
  static Answer reply(const std::string& action, const std::string& content);
  static Answer fault(int status, const std::string& code, const std::string& message);

  std::mutex mutex_;
  Mood mood_ = Mood::well;
  std::map<std::pair<std::string, std::string>, Record> records_;  // by name and type
  TestServer server_;
};

}  // namespace mainstay::aws
