// What engines are told, from the cluster's document.
#include "apps/mirror_plan.h"

#include <doctest/doctest.h>

#include "catalog/catalog.h"
#include "config/parse.h"

namespace mainstay::apps {
namespace {

constexpr const char* document = R"(name = "shop"
[[node]]
name = "a"
[[node]]
name = "b"
[[path]]
name = "lan"
address = { a = "10.0.1.10", b = "10.0.2.10" }
[[path]]
name = "backup"
address = { a = "fd00::1", b = "fd00::2" }
[[group]]
name = "web"
policy = ["b", "a"]
[[resource]]
name = "md1"
type = "md"
data_partition = "/dev/nvme1n1p2"
cluster_partition = "/dev/nvme1n1p1"
mount_point = "/mnt/md1"
)";

Result<std::vector<MirrorPlan>> plans(const char* node, const std::string& more = "") {
  const auto config = parse_config(document + more, catalog());
  REQUIRE(config.has_value());
  return mirror_plans(*config, NodeName(node), "/run/mainstay/mirror");
}

TEST_CASE("the first node of the document has copy 0 and connects, the second listens") {
  const auto first = plans("a");
  REQUIRE(first.has_value());
  REQUIRE(first->size() == 1);
  CHECK(first->front().mirror == ResourceName("md1"));
  CHECK(first->front().group == GroupName("web"));
  CHECK(first->front().engine_config ==
        "name = \"md1\"\ncopy = 0\ndata = \"/dev/nvme1n1p2\"\nmetadata = \"/dev/nvme1n1p1\"\n"
        "key = \"/etc/mainstay/cluster.key\"\npeers = [\"10.0.2.10:29051\", \"[fd00::2]:29051\"]\n"
        "device = \"/run/mainstay/mirror/md1\"\ncontrol = \"/run/mainstay/mirror/md1.sock\"\n"
        "record = false\nresync_limit = 0\nresync_by_checksum = false\n");
  const auto second = plans("b");
  REQUIRE(second.has_value());
  CHECK(second->front().engine_config.find("copy = 1\n") != std::string::npos);
  CHECK(second->front().engine_config.find("listen = [\"10.0.2.10:29051\"") != std::string::npos);
}

TEST_CASE("mirror addresses of its own replace those of the paths, as many on each node") {
  const auto own = plans("a",
                         "[resource.node.a]\nmirror_addresses = [\"10.9.1.10\"]\n"
                         "[resource.node.b]\nmirror_addresses = [\"10.9.2.10\"]\n");
  REQUIRE(own.has_value());
  CHECK(own->front().engine_config.find("peers = [\"10.9.2.10:29051\"]") != std::string::npos);
  const auto uneven = plans("a", "[resource.node.a]\nmirror_addresses = [\"10.9.1.10\"]\n");
  REQUIRE_FALSE(uneven.has_value());
  CHECK(uneven.error().message.find("1 mirror_addresses on a and 2 on b") != std::string::npos);
}

TEST_CASE("a mirror with copies on three nodes is refused") {
  auto config = parse_config(std::string(document), catalog());
  REQUIRE(config.has_value());
  config->nodes.push_back({.name = NodeName("c"), .instance = "", .zone = ""});
  auto& params = config->groups[0].resources[0].params;
  params[NodeName("c")] = params.at(NodeName("a"));
  const auto refused = mirror_plans(*config, NodeName("a"), "/run");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("copies on 3 nodes") != std::string::npos);
}

}  // namespace
}  // namespace mainstay::apps
