// A very small EC2 with its metadata service, on loopback, for tests. It keeps a VPC with three
// route tables, two interfaces and two instances in memory, and misbehaves on command.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "adapters/http/test_server.h"

namespace mainstay::aws {

class CannedEc2 {
 public:
  enum class Mood { well, throttling, denying, silent, losing_answers };

  CannedEc2() : server_([this](const auto& request) { return answer(request); }) {}

  void set(Mood mood);
  std::string url() const { return server_.url(); }
  std::vector<TestServer::Request> requests() const { return server_.requests(); }

 private:
  using Form = std::map<std::string, std::string>;
  using Answer = TestServer::Answer;

  Answer answer(const TestServer::Request& request);
  Answer metadata(const TestServer::Request& request) const;
  Answer act(const Form& form);
  static Answer describe_vpcs(const Form& form);

  // In two pages, as a large VPC would be.
  Answer describe_route_tables(const Form& form) const;
  Answer describe_interfaces(const Form& form) const;
  std::string private_addresses(const std::string& id) const;
  Answer describe_addresses(const Form& form) const;
  std::string association_id() const { return "eipassoc-" + std::to_string(associations_); }

  Answer associate(const Form& form);
  Answer disassociate(const Form& form);
  Answer assign(const Form& form);
  static Answer describe_zones(const Form& form);

  // By id, or by VPC and private address.
  Answer describe_instances(const Form& form);
  Answer replace_route(const Form& form);
  Answer start_instances(const Form& form);
  Answer protect(const Form& form);
  Answer stop_instances(const Form& form);
  static Answer assume_role(const Form& form);
  static Form form_of(std::string_view body);
  static Answer reply(const std::string& action, const std::string& content);
  static Answer fault(int status, const std::string& code, const std::string& message);
  static Answer would_succeed();
  static Answer not_found(const std::string& code, const std::string& kind, const std::string& id);

  std::mutex mutex_;
  Mood mood_ = Mood::well;
  std::map<std::string, std::string> targets_ = {
      {"rtb-1", "eni-a"}, {"rtb-2", "eni-a"}, {"rtb-3", "eni-a"}};
  std::string address_holder_;
  int associations_ = 0;
  std::string secondary_holder_;
  std::set<std::string> protected_;
  std::map<std::string, std::string> states_ = {{"i-a", "running"}, {"i-b", "running"}};
  TestServer server_;
};

}  // namespace mainstay::aws
