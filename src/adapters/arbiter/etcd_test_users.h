// etcd's authentication as an administrator sets it up, for tests.
#pragma once

#include <string>

#include <fmt/format.h>

#include "adapters/arbiter/etcd_message.h"
#include "adapters/arbiter/etcd_test_world.h"

namespace mainstay::etcd {

// The administrator root, and the user mainstay, who may do what docs/arbiters.md says.
class TestUsers {
 public:
  TestUsers(TestWorld& world, std::string url) : world_(world), url_(std::move(url)) {
    post("user/add", R"({"name":"root","password":"root secret"})");
    post("role/add", R"({"name":"root"})");
    post("user/grant", R"({"user":"root","role":"root"})");
    post("user/add", R"({"name":"mainstay","password":"a secret"})");
    post("role/add", R"({"name":"mainstay"})");
    post("user/grant", R"({"user":"mainstay","role":"mainstay"})");
    permit();
  }

  std::string switch_on() { return post("enable", "{}"); }
  std::string switch_off() { return as_root("disable", "{}"); }
  // Everything below /mainstay/.
  std::string permit() {
    return as_root("role/grant",
                   fmt::format(R"({{"name":"mainstay","perm":{{"permType":"READWRITE",)"
                               R"("key":"{}","range_end":"{}"}}}})",
                               folder, end));
  }
  std::string forbid() {
    return as_root(
        "role/revoke",
        fmt::format(R"({{"role":"mainstay","key":"{}","range_end":"{}"}})", folder, end));
  }

 private:
  static constexpr const char* folder = "L21haW5zdGF5Lw==";
  static constexpr const char* end = "L21haW5zdGF5MA==";

  std::string post(const std::string& what, const std::string& body,
                   const std::string& token = "") {
    return world_.post(url_, "/v3/auth/" + what, body, token);
  }
  std::string as_root(const std::string& what, const std::string& body) {
    const auto token = token_of(post("authenticate", authenticate_body("root", "root secret")));
    return post(what, body, token ? *token : "");
  }

  TestWorld& world_;
  std::string url_;
};

}  // namespace mainstay::etcd
