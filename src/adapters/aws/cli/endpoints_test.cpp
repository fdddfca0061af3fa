// Our names of AWS's endpoints against the list that the stock AWS CLI brings along.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "adapters/aws/partition.h"

namespace mainstay::aws {
namespace {

using Json = nlohmann::json;
using Tags = std::set<std::string>;

// Where Debian's package awscli has it.
constexpr const char* list = "/usr/lib/python3/dist-packages/awscli/botocore/data/endpoints.json";

Json partitions() {
  std::ifstream file(list);
  REQUIRE_MESSAGE(file.good(), "no ", list, ": install Debian's package awscli");
  const Json parsed = Json::parse(file, nullptr, false);
  REQUIRE(parsed.is_object());
  return parsed.at("partitions");
}

struct Style {
  EndpointStyle ours;
  Tags theirs;
};
const std::vector<Style> styles = {{{}, {}},
                                   {{.fips = true}, {"fips"}},
                                   {{.dual_stack = true}, {"dualstack"}},
                                   {{.fips = true, .dual_stack = true}, {"dualstack", "fips"}}};

// What one level of the list says of an endpoint of this kind; nothing: the level above counts.
Json entry(const Json& level, const Tags& tags) {
  if (tags.empty()) return level;
  for (const Json& variant : level.value("variants", Json::array())) {
    if (variant.at("tags").get<Tags>() == tags) return variant;
  }
  return Json::object();
}

std::string filled(std::string text, const std::map<std::string, std::string>& words) {
  for (const auto& [name, word] : words) {
    const std::string mark = "{" + name + "}";
    const auto at = text.find(mark);
    if (at != std::string::npos) text.replace(at, mark.size(), word);
  }
  return text;
}

// The most special level that names a host wins; "" if none does.
std::string theirs(const Json& partition, const std::string& service, const std::string& region,
                   const Tags& tags) {
  const Json& known = partition.at("services").at(service);
  std::string host;
  std::string suffix = partition.at("dnsSuffix");
  for (const Json& level : {partition.at("defaults"), known.value("defaults", Json::object()),
                            known.at("endpoints").value(region, Json::object())}) {
    const Json found = entry(level, tags);
    host = found.value("hostname", host);
    suffix = found.value("dnsSuffix", suffix);
  }
  if (host.empty()) return {};
  return "https://" +
         filled(host, {{"service", service}, {"region", region}, {"dnsSuffix", suffix}});
}

TEST_CASE("regional endpoints are those of the AWS CLI, in every region and of every kind") {
  int compared = 0;
  for (const Json& partition : partitions()) {
    for (const auto& [region, about] : partition.at("regions").items()) {
      for (const char* service : {"ec2", "dynamodb", "sts"}) {
        for (const Style& style : styles) {
          const std::string expected = theirs(partition, service, region, style.theirs);
          if (expected.empty()) continue;
          CHECK(regional_url(service, region, "", style.ours) == expected);
          ++compared;
        }
      }
    }
  }
  CHECK(compared > 300);
}

using GlobalUrl = std::string (*)(const Partition&, EndpointStyle);

// Of a service that is one for a whole partition: the partitions that the list knows.
std::set<std::string> compare_global(const char* service, GlobalUrl url) {
  std::set<std::string> seen;
  for (const Json& partition : partitions()) {
    const Json& known = partition.at("services").at(service);
    const Json& endpoint = known.at("endpoints").at(known.at("partitionEndpoint"));
    const Partition& ours = partition_of(partition.at("regions").items().begin().key());
    for (const Style& style : styles) {
      // The list names only those that are not made by a rule.
      const Json found = entry(endpoint, style.theirs);
      if (!found.contains("hostname")) continue;
      CHECK(url(ours, style.ours) == "https://" + found.at("hostname").get<std::string>());
    }
    const bool in_a_region = service == std::string("iam") && !ours.iam_region.empty();
    CHECK((in_a_region ? ours.iam_region : ours.global_region) ==
          endpoint.at("credentialScope").at("region"));
    seen.insert(partition.at("partition").get<std::string>());
  }
  return seen;
}

TEST_CASE("Route 53's and IAM's endpoints, and the regions they are signed for, are the CLI's") {
  for (const auto& seen :
       {compare_global("route53", route53_url), compare_global("iam", iam_url)}) {
    for (const char* partition : {"aws", "aws-cn", "aws-us-gov"}) CHECK(seen.contains(partition));
  }
}

}  // namespace
}  // namespace mainstay::aws
