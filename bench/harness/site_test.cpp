#include "harness/site.h"

#include <doctest/doctest.h>

using namespace mainstay::bench;

namespace {

Site site_of(Pattern pattern) {
  Site site;
  site.pattern = pattern;
  site.allocation_id = "eipalloc-1";
  site.public_ip = "198.51.100.20";
  site.hosted_zone_id = "Z1";
  site.nodes = {{"server1", "10.0.10.10", "eni-1", ""}, {"server2", "10.0.20.10", "eni-2", ""}};
  site.shared_ledger = "10.0.20.30:7000";
  return site;
}

bool says(const Site& site, std::string_view text) {
  return cluster_toml(site).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("clients ask where the pattern puts the service") {
  CHECK(service_url(site_of(Pattern::vip)) == "http://10.1.0.20:80/");
  CHECK(service_url(site_of(Pattern::eip)) == "http://198.51.100.20:80/");
  CHECK(service_url(site_of(Pattern::dns)) == "http://service.cluster.internal:80/");
  CHECK(service_url(site_of(Pattern::sip)) == "http://10.0.110.50:80/");
}

TEST_CASE("each pattern has its own resource") {
  CHECK(says(site_of(Pattern::vip), "type = \"awsvip\""));
  CHECK(says(site_of(Pattern::eip), "allocation_id = \"eipalloc-1\""));
  CHECK(says(site_of(Pattern::dns), "[resource.node.server2]\nip = \"10.0.20.10\""));
  CHECK(says(site_of(Pattern::sip), "type = \"awssip\""));
}

TEST_CASE("no permission hangs on a node's public address alone") {
  Site site = site_of(Pattern::eip);
  CHECK(says(site, "amazonaws.com:443\", \"10.0.20.30:7000\"]"));
  for (SiteNode& node : site.nodes) node.nat_address = "10.0.10.5";
  CHECK_FALSE(says(site, "amazonaws.com"));
}
