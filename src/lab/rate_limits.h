// How many calls an account may make: a bucket of tokens per kind of call, as AWS keeps them. Pure;
// the clock is an argument.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mainstay::lab {

struct RateLimit {
  double size = 0;        // tokens in a full bucket
  double per_second = 0;  // that come back
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

inline constexpr std::size_t rate_limits_max = 100;

class RateLimits {
 public:
  // Takes a token for the call ("ec2:DescribeVpcs"); false if there is none. `narrowed`: the call
  // names ids or filters, which AWS counts apart and more generously.
  bool take(const std::string& action, bool narrowed, std::int64_t now_ms);
  // From now on for the actions that match; the latest rule wins.
  void set(const std::string& pattern, const RateLimit& limit);
  void clear();

 private:
  struct Bucket {
    RateLimit limit;
    double tokens = 0;
    std::int64_t at_ms = 0;
  };
  RateLimit limit_of(const std::string& action, bool narrowed) const;

  std::vector<std::pair<std::string, RateLimit>> rules_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace mainstay::lab
