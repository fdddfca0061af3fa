// The parts of awsdns (see awsdns.cpp) that its monitor is made of: awsdns_check.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "resources/aws_recipe.h"
#include "resources/resource.h"

namespace mainstay::awsdns {

struct Config {
  std::string zone_id;
  std::string name;
  std::string ip;
  Duration ttl = 60s;
  bool delete_at_deactivation = true;
  bool check_name_resolution = true;
  std::vector<std::string> name_servers;
  Duration settle = 60s;
  std::string role_arn;
  Duration aws_timeout = 5s;
};

inline constexpr std::string_view failed = "AWS CLI command failed.";
inline constexpr int number_missing = 7;
inline constexpr int number_different = 8;
inline constexpr int number_not_resolved = 9;
inline constexpr int number_resolved_differently = 10;

RecordType record_type(const Config& config);
AwsRecord record_of(const Config& config);
// Exactly our address and no other.
bool is_ours(const Config& config, const std::vector<std::string>& addresses);
std::string listed(const std::vector<std::string>& addresses);

Task<Health> check(const Config& config, Context& context);

}  // namespace mainstay::awsdns
