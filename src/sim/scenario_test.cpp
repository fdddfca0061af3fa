// Every scenario tells the story that stands below its line. After a change that is meant, rewrite
// it (mainstay-sim --scenario FILE --rewrite) and read the difference.
#include "sim/scenario.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace mainstay::sim {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_CASE("every scenario tells its story, twice the same, without a broken law") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("src/sim/scenarios")) {
    CAPTURE(entry.path().string());
    const Scenario scenario = split_scenario(content(entry.path()));
    const auto story = play(scenario.commands);
    REQUIRE_MESSAGE(story.has_value(), (story ? "" : story.error()));
    CHECK(*story == scenario.story);
    CHECK(play(scenario.commands).value() == *story);
    CHECK(story->find("BROKEN") == std::string::npos);
    ++count;
  }
  CHECK(count >= 12);
}

TEST_CASE("a command that is not understood is named with its line") {
  CHECK(play("cluster nodes=a,b\nexplode a\n").error() == "line 2: \"explode\" is no command");
  CHECK(play("kill a\n").error() == "line 1: the first command must be \"cluster\"");
  CHECK(play("cluster size=3\n").error() == "line 1: \"size=3\" says nothing about a cluster");
  CHECK(play("cluster\nkill z\n").error() == "line 2: there is no node \"z\"");
  CHECK(play("cluster\nrun soon\n").error() == "line 2: \"soon\" is no duration");
}

}  // namespace
}  // namespace mainstay::sim
