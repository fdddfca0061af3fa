// The partitions of AWS: worlds of their own, each with its domains.
#pragma once

#include <string>
#include <string_view>

namespace mainstay::aws {

struct EndpointStyle {
  bool fips = false;
  bool dual_stack = false;
};

struct Partition {
  std::string_view prefix;             // of its regions' names
  std::string_view domain;             // "amazonaws.com"
  std::string_view dual_stack_domain;  // "" = it has none
  std::string_view global_region;      // what a signature for a service without a region names
  std::string_view route53_zone;       // "us-gov." in route53.us-gov.amazonaws.com
  bool always_fips = false;            // its ordinary endpoints are the validated ones
  std::string_view iam_region;         // in iam.cn-north-1.amazonaws.com.cn, and signed; "": global
};

// A region that nobody knows is of the largest one.
const Partition& partition_of(std::string_view region);

// "https://ec2.eu-west-1.amazonaws.com" and its variants. `domain`: what the instance itself calls
// its partition's, "" = as in the table. "" if there is no such endpoint.
std::string regional_url(std::string_view service, std::string_view region, std::string_view domain,
                         EndpointStyle style);
// IAM, too, is one for a whole partition.
std::string iam_url(const Partition& partition, EndpointStyle style);
// Route 53 is one for a whole partition.
std::string route53_url(const Partition& partition, EndpointStyle style);

}  // namespace mainstay::aws
