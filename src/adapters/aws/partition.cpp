#include "adapters/aws/partition.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace mainstay::aws {
namespace {

constexpr std::array<Partition, 8> partitions = {{
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1", "", false,
     "cn-north-1"},
    {"us-gov-", "amazonaws.com", "api.aws", "us-gov-west-1", "us-gov.", true, ""},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1", "", false, "us-isob-east-1"},
    {"us-isof-", "csp.hci.ic.gov", "", "us-isof-south-1", "", false, "us-isof-south-1"},
    {"eu-isoe-", "cloud.adc-e.uk", "", "eu-isoe-west-1", "", false, "eu-isoe-west-1"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1", "", false, "us-iso-east-1"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1", "", false,
     "eusc-de-east-1"},
    {"", "amazonaws.com", "api.aws", "us-east-1", "", false, ""},
}};

}  // namespace

const Partition& partition_of(std::string_view region) {
  return *std::ranges::find_if(
      partitions, [&](const Partition& each) { return region.starts_with(each.prefix); });
}

std::string regional_url(std::string_view service, std::string_view region, std::string_view domain,
                         EndpointStyle style) {
  const Partition& partition = partition_of(region);
  // Of validated endpoints that speak IPv6, too, the name says so everywhere.
  const bool named = style.fips && (style.dual_stack || !partition.always_fips);
  const std::string host = fmt::format("{}{}.{}", service, named ? "-fips" : "", region);
  if (!style.dual_stack) {
    return fmt::format("https://{}.{}", host, domain.empty() ? partition.domain : domain);
  }
  if (partition.dual_stack_domain.empty()) return {};
  return fmt::format("https://{}.{}", host, partition.dual_stack_domain);
}

std::string iam_url(const Partition& partition, EndpointStyle style) {
  if (!partition.iam_region.empty()) {
    return fmt::format("https://iam.{}.{}", partition.iam_region, partition.domain);
  }
  const bool named = style.fips && !partition.always_fips;
  return fmt::format("https://iam{}.{}{}", named ? "-fips" : "", partition.route53_zone,
                     partition.domain);
}

std::string route53_url(const Partition& partition, EndpointStyle style) {
  const bool named = style.fips && !partition.always_fips;
  const std::string host = named ? "route53-fips" : "route53";
  if (!style.dual_stack) {
    return fmt::format("https://{}.{}{}", host, partition.route53_zone, partition.domain);
  }
  if (partition.dual_stack_domain.empty()) return {};
  return fmt::format("https://{}.{}{}", host,
                     partition.route53_zone.empty() ? "global." : partition.route53_zone,
                     partition.dual_stack_domain);
}

}  // namespace mainstay::aws
