// Tests of the engine's configuration.
#include "mirrord/config.h"

#include <doctest/doctest.h>

namespace mainstay::mirrord {
namespace {

const std::string good = R"(
name = "data1"
copy = 0
data = "/dev/nvme1n1p2"
metadata = "/dev/nvme1n1p1"
key = "/etc/mainstay/cluster.key"
peers = ["10.0.2.10:7401", "[fd00::2]:7401"]
device = "/dev/mainstay/data1"
control = "/run/mainstay/data1.sock"
record = false
)";

std::string without(std::string_view line) {
  std::string text = good;
  const auto at = text.find(line);
  text.erase(at, text.find('\n', at) - at + 1);
  return text;
}

std::string problem_of(const std::string& text) {
  const auto parsed = parse_config(text, "m.toml");
  return parsed ? "none" : parsed.error().message;
}

TEST_CASE("a whole configuration is read") {
  const auto config = parse_config(good, "m.toml");
  REQUIRE(config);
  CHECK(*config == EngineConfig{.name = "data1",
                                .copy = 0,
                                .data = "/dev/nvme1n1p2",
                                .metadata = "/dev/nvme1n1p1",
                                .key = "/etc/mainstay/cluster.key",
                                .peers = {{"10.0.2.10", 7401}, {"fd00::2", 7401}},
                                .device = "/dev/mainstay/data1",
                                .control = "/run/mainstay/data1.sock",
                                .record = false});
  CHECK(to_text(config->peers[1]) == "[fd00::2]:7401");
}

TEST_CASE("whatever is missing is named") {
  for (const std::string key : {"name", "copy", "data =", "metadata", "key", "device", "control"}) {
    CHECK(problem_of(without(key)).find("is missing") != std::string::npos);
  }
  CHECK(problem_of(without("peers")) ==
        "m.toml:0: \"peers\" is missing: copy 0 connects to copy 1");
  CHECK(problem_of(without("copy") + "copy = 1\n") ==
        "m.toml:0: \"listen\" is missing: copy 1 is connected to by copy 0");
}

TEST_CASE("an impossible value is refused with its line") {
  CHECK(problem_of(good + "colour = 1\n").starts_with("m.toml:11: unknown key \"colour\""));
  CHECK(problem_of(without("copy") + "copy = 2\n").find("must be 0 or 1") != std::string::npos);
  for (const std::string address :
       {"10.0.0.1", "10.0.0.1:0", "10.0.0.1:65536", "host:7401", ":1", "10.0.0.1:7401x", "[]:1"}) {
    CHECK(problem_of(good + "listen = [\"" + address + "\"]\n").find("no address and port") !=
          std::string::npos);
  }
  CHECK(problem_of(good + "listen = 3\n").find("must be a list") != std::string::npos);
  CHECK(problem_of(good + "encrypt = \"yes\"\n").find("true or false") != std::string::npos);
  CHECK(problem_of("name = [[[").starts_with("m.toml:"));
}

TEST_CASE("a resync's limit is a number of MiB a second") {
  const auto config = parse_config(good + "resync_limit = 50\nresync_by_checksum = true\n", "m");
  REQUIRE(config);
  CHECK(config->resync_limit == 50);
  CHECK(config->resync_by_checksum);
  CHECK(problem_of(good + "resync_limit = -1\n").find("a number from 0 to 1000000, not") !=
        std::string::npos);
  CHECK(problem_of(good + "resync_limit = 2000000\n").find("a number") != std::string::npos);
}

TEST_CASE("two partitions are two, and a name is one") {
  std::string text = without("metadata");
  CHECK(problem_of(text + "metadata = \"/dev/nvme1n1p2\"\n").find("two partitions") !=
        std::string::npos);
  CHECK(problem_of(without("name") + "name = \"a/b\"\n").find("without a slash") !=
        std::string::npos);
}

TEST_CASE("a mirror's id follows from its name") {
  CHECK(mirror_id("data1") == mirror_id("data1"));
  CHECK(mirror_id("data1") != mirror_id("data2"));
}

}  // namespace
}  // namespace mainstay::mirrord
