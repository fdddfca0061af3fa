// AWS's published sizes of buckets, and rules above them.
#include "lab/rate_limits.h"

#include <algorithm>

#include "lab/query.h"

namespace mainstay::lab {
namespace {

constexpr RateLimit reading{100, 20};          // EC2, with ids or filters
constexpr RateLimit reading_at_large{50, 10};  // EC2, without
constexpr RateLimit changing{50, 5};           // EC2
constexpr RateLimit route53_account{50, 10};   // all calls of Route 53 together
constexpr RateLimit other{200, 100};

}  // namespace

RateLimit RateLimits::limit_of(const std::string& action, bool narrowed) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (wildcard_match(rule->first, action)) return rule->second;
  }
  if (action.starts_with("route53:")) return route53_account;
  if (action.starts_with("ec2:Describe")) return narrowed ? reading : reading_at_large;
  return action.starts_with("ec2:") ? changing : other;
}

bool RateLimits::take(const std::string& action, bool narrowed, std::int64_t now_ms) {
  const RateLimit limit = limit_of(action, narrowed);
  std::string name = action.starts_with("route53:") ? "route53" : action;
  if (narrowed) name += " narrowed";
  const auto [found, fresh] = buckets_.try_emplace(name);
  Bucket& bucket = found->second;
  if (fresh || bucket.limit != limit) bucket = {limit, limit.size, now_ms};
  const double back = limit.per_second * static_cast<double>(now_ms - bucket.at_ms) / 1000;
  bucket.tokens = std::min(limit.size, bucket.tokens + std::max(0.0, back));
  bucket.at_ms = now_ms;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void RateLimits::set(const std::string& pattern, const RateLimit& limit) {
  std::erase_if(rules_, [&](const auto& rule) { return rule.first == pattern; });
  if (rules_.size() < rate_limits_max) rules_.emplace_back(pattern, limit);
}

void RateLimits::clear() {
  rules_.clear();
  buckets_.clear();
}

}  // namespace mainstay::lab
