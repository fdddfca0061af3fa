// What AWS's own command line asks, in each partition.
#include "adapters/aws/partition.h"

#include <doctest/doctest.h>

namespace mainstay::aws {
namespace {

constexpr EndpointStyle plain{};
constexpr EndpointStyle fips{.fips = true};
constexpr EndpointStyle dual{.dual_stack = true};
constexpr EndpointStyle both{.fips = true, .dual_stack = true};

std::string ec2(const char* region, EndpointStyle style) {
  return regional_url("ec2", region, "", style);
}
std::string dynamodb(const char* region, EndpointStyle style) {
  return regional_url("dynamodb", region, "", style);
}
std::string route53(const char* region, EndpointStyle style) {
  return route53_url(partition_of(region), style);
}

TEST_CASE("the largest partition") {
  CHECK(ec2("eu-west-1", plain) == "https://ec2.eu-west-1.amazonaws.com");
  CHECK(ec2("us-east-1", fips) == "https://ec2-fips.us-east-1.amazonaws.com");
  CHECK(ec2("eu-west-1", dual) == "https://ec2.eu-west-1.api.aws");
  CHECK(ec2("us-east-1", both) == "https://ec2-fips.us-east-1.api.aws");
  CHECK(dynamodb("us-west-2", fips) == "https://dynamodb-fips.us-west-2.amazonaws.com");
  CHECK(dynamodb("eu-west-1", dual) == "https://dynamodb.eu-west-1.api.aws");
  CHECK(route53("eu-west-1", plain) == "https://route53.amazonaws.com");
  CHECK(route53("us-east-1", fips) == "https://route53-fips.amazonaws.com");
  CHECK(route53("eu-west-1", dual) == "https://route53.global.api.aws");
  CHECK(route53("us-east-1", both) == "https://route53-fips.global.api.aws");
  CHECK(partition_of("xx-new-1").global_region == "us-east-1");
}

TEST_CASE("China") {
  CHECK(ec2("cn-north-1", plain) == "https://ec2.cn-north-1.amazonaws.com.cn");
  CHECK(dynamodb("cn-northwest-1", dual) ==
        "https://dynamodb.cn-northwest-1.api.amazonwebservices.com.cn");
  CHECK(route53("cn-north-1", plain) == "https://route53.amazonaws.com.cn");
  CHECK(route53("cn-north-1", dual) == "https://route53.global.api.amazonwebservices.com.cn");
  CHECK(partition_of("cn-north-1").global_region == "cn-northwest-1");
}

TEST_CASE("GovCloud, whose ordinary endpoints are the validated ones") {
  CHECK(ec2("us-gov-west-1", plain) == "https://ec2.us-gov-west-1.amazonaws.com");
  CHECK(ec2("us-gov-west-1", fips) == "https://ec2.us-gov-west-1.amazonaws.com");
  CHECK(ec2("us-gov-east-1", dual) == "https://ec2.us-gov-east-1.api.aws");
  CHECK(ec2("us-gov-east-1", both) == "https://ec2-fips.us-gov-east-1.api.aws");
  CHECK(dynamodb("us-gov-east-1", fips) == "https://dynamodb.us-gov-east-1.amazonaws.com");
  for (const EndpointStyle style : {plain, fips}) {
    CHECK(route53("us-gov-east-1", style) == "https://route53.us-gov.amazonaws.com");
  }
  for (const EndpointStyle style : {dual, both}) {
    CHECK(route53("us-gov-east-1", style) == "https://route53.us-gov.api.aws");
  }
  CHECK(partition_of("us-gov-east-1").global_region == "us-gov-west-1");
}

TEST_CASE("the others") {
  CHECK(ec2("us-iso-east-1", plain) == "https://ec2.us-iso-east-1.c2s.ic.gov");
  CHECK(ec2("us-isob-east-1", dual) == "https://ec2.us-isob-east-1.api.aws.scloud");
  CHECK(ec2("eusc-de-east-1", dual) == "https://ec2.eusc-de-east-1.api.amazonwebservices.eu");
  CHECK(route53("us-isob-east-1", plain) == "https://route53.sc2s.sgov.gov");
  CHECK(route53("eusc-de-east-1", plain) == "https://route53.amazonaws.eu");
  CHECK(partition_of("us-iso-west-1").global_region == "us-iso-east-1");
  CHECK(ec2("eu-isoe-west-1", dual).empty());
  CHECK(route53("us-isof-south-1", dual).empty());
}

TEST_CASE("the instance's own word for its domain is taken") {
  CHECK(regional_url("ec2", "xx-new-1", "cloud.example", plain) ==
        "https://ec2.xx-new-1.cloud.example");
}

}  // namespace
}  // namespace mainstay::aws
