// The documents in examples/ and in the schemas, against the real catalog.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "catalog/catalog.h"
#include "config/help.h"
#include "config/parse.h"
#include "config/print.h"
#include "config/sections.h"

namespace mainstay {
namespace {

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string all_texts(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) text += to_text(problem, "cluster.toml") + "\n";
  return text;
}

TEST_CASE("the example of figure 4-1 is a valid configuration") {
  const auto config = parse_config(file_text("examples/figure-4-1.toml"), catalog());
  const std::string problems = config ? "" : all_texts(config.error());
  INFO(problems);
  REQUIRE(config.has_value());
  CHECK(config->nodes.size() == 2);
  REQUIRE(config->groups.size() == 1);
  REQUIRE(config->groups[0].resources.size() == 2);
  const ResourceConfig& vip = config->groups[0].resources[0];
  CHECK(vip.params.at(NodeName("server2")).at("eni_id") == Value("eni-0a1b2c3d4e5f60712"));
  CHECK(vip.params.at(NodeName("server2")).at("ip") == Value("10.1.0.20"));
  REQUIRE(config->monitors.size() == 3);
  CHECK(config->monitors[0].name == MonitorName("ipw1"));
  CHECK(config->monitors[1].name == MonitorName("awsvipw1"));
  CHECK(config->monitors[1].checks == ResourceName("awsvip1"));
  CHECK(config->monitors[2].name == MonitorName("scriptw1"));
}

TEST_CASE("the printed example means the same") {
  const auto config = parse_config(file_text("examples/figure-4-1.toml"), catalog());
  REQUIRE(config.has_value());
  const auto again = parse_config(print_config(*config, catalog()), catalog());
  INFO(print_config(*config, catalog()));
  const std::string problems = again ? "" : all_texts(again.error());
  INFO(problems);
  REQUIRE(again.has_value());
  CHECK(*again == *config);
}

TEST_CASE("the reference pages are those of the declarations") {
  // If this fails: build the target reference_docs and run it with docs/reference.
  std::set<std::string> names;
  for (const ReferencePage& page : reference_pages(catalog())) {
    CAPTURE(page.name);
    CHECK(file_text("docs/reference/" + page.name) == page.text);
    names.insert(page.name);
  }
  for (const auto& file : std::filesystem::directory_iterator("docs/reference")) {
    CAPTURE(file.path().string());
    CHECK(names.contains(file.path().filename().string()));
  }
}

TEST_CASE("every type and every monitor of a resource has help, nothing else has") {
  for (const char* type : {"awsvip", "awsvipw", "script", "scriptw", "ipw", "cluster"}) {
    CHECK(help_for(catalog(), type).starts_with(fmt::format("# {}: ", type)));
  }
  CHECK(help_for(catalog(), "awsvip2").empty());
  const std::string help = help_for(catalog(), "awsvip");
  for (const char* part : {"`eni_id`", "required", "ec2:ReplaceRoute",
                           "7 : The VIP address belongs to a VPC subnet.", "awsvipw"}) {
    CAPTURE(part);
    CHECK(help.find(part) != std::string::npos);
  }
}

// A key that means two things in one table would be read as both.
void no_collision(const std::vector<Field>& own, const std::vector<Field>& common,
                  std::set<std::string> taken) {
  for (const Field& field : common) taken.insert(field.key);
  for (const Field& field : own) {
    CAPTURE(field.key);
    CHECK(taken.insert(field.key).second);
    CHECK_FALSE(field.help.empty());
  }
}

TEST_CASE("no type declares a key twice, or one that all types have, or one without help") {
  std::set<std::string> types;
  for (const TypeSchema& type : catalog().resources) {
    CAPTURE(type.type);
    no_collision(type.fields, resource_fields(), {"group", "node"});
    CHECK(types.insert(type.type).second);
    if (type.check) CHECK(types.insert(type.check->type).second);
  }
  for (const TypeSchema& type : catalog().monitors) {
    CAPTURE(type.type);
    no_collision(type.fields, monitor_fields(), {"nodes", "node", "recovery"});
    CHECK(types.insert(type.type).second);
  }
}

constexpr const char* three_nodes_with_a_mirror = R"(name = "c"
[[node]]
name = "a"
[[node]]
name = "b"
[[node]]
name = "c"
[[path]]
name = "lan"
address = { a = "10.0.0.1", b = "10.0.0.2", c = "10.0.0.3" }
[[group]]
name = "failover1"
policy = ["b", "a"]
[[resource]]
name = "md1"
type = "md"
data_partition = "/dev/nvme1n1p2"
cluster_partition = "/dev/nvme1n1p1"
mount_point = "/mnt/md1"
)";

TEST_CASE("a mirror disk brings a monitor of its link, on the nodes that have the copies") {
  const auto config = parse_config(three_nodes_with_a_mirror, catalog());
  const std::string problems = config ? "" : all_texts(config.error());
  INFO(problems);
  REQUIRE(config.has_value());
  REQUIRE(config->monitors.size() == 2);
  CHECK(config->monitors[0].name == MonitorName("mdw1"));
  const MonitorConfig& link = config->monitors[1];
  CHECK(link.name == MonitorName("mdnw1"));
  CHECK(link.type == "mdnw");
  CHECK(link.timing == MonitorTiming::always);
  CHECK(link.recovery.target == RecoveryTarget::local);
  CHECK(link.recovery.final_action == FinalAction::none);
  REQUIRE(link.params.size() == 2);
  CHECK(link.params.at(NodeName("a")).at("mirror") == Value("md1"));
  CHECK(link.params.at(NodeName("b")).at("mirror") == Value("md1"));
  const auto again = parse_config(print_config(*config, catalog()), catalog());
  REQUIRE(again.has_value());
  CHECK(*again == *config);
}

TEST_CASE("a monitor of the mirror's link that the document has is the only one") {
  const auto config = parse_config(std::string(three_nodes_with_a_mirror) +
                                       "[[monitor]]\nname = \"link\"\ntype = \"mdnw\"\n"
                                       "mirror = \"md1\"\nnodes = [\"a\"]\n",
                                   catalog());
  REQUIRE(config.has_value());
  REQUIRE(config->monitors.size() == 2);
  CHECK(config->monitors[0].name == MonitorName("link"));
}

TEST_CASE("a group whose mirror more nodes than two shall have is refused with the remedy") {
  std::string document = three_nodes_with_a_mirror;
  document.replace(document.find("[\"b\", \"a\"]"), 10, "[\"b\", \"a\", \"c\"]");
  const auto config = parse_config(document, catalog());
  REQUIRE_FALSE(config.has_value());
  REQUIRE(config.error().size() == 1);
  const std::string text = all_texts(config.error());
  INFO(text);
  CHECK(text.find("resource md1 has copies on 2 nodes, but the failover policy names 3") !=
        std::string::npos);
}

TEST_CASE("the examples of all types are valid in a document") {
  const std::string frame =
      "name = \"c\"\n[[node]]\nname = \"server1\"\n[[node]]\nname = \"server2\"\n"
      "[[path]]\nname = \"lan\"\naddress = { server1 = \"10.0.0.1\", server2 = \"10.0.0.2\" }\n"
      "[[group]]\nname = \"failover1\"\n";
  const std::string script = find_type(catalog().resources, "script")->example;
  for (const auto* types : {&catalog().resources, &catalog().monitors}) {
    for (const TypeSchema& type : *types) {
      CAPTURE(type.type);
      CHECK_FALSE(type.example.empty());
      // A monitor's example may speak of the script's.
      const std::string others = types == &catalog().monitors ? script : "";
      const auto config = parse_config(frame + others + type.example, catalog());
      const std::string problems = config ? "" : all_texts(config.error());
      CHECK(problems == "");
    }
  }
}

}  // namespace
}  // namespace mainstay
