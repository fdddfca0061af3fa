// The documents in examples/ and in the schemas, against the real catalog.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "catalog/catalog.h"
#include "config/parse.h"
#include "config/print.h"

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

}  // namespace
}  // namespace mainstay
