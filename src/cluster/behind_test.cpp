// A node whose copy of a group's data is not known to be the latest.
#include <doctest/doctest.h>

#include "cluster/testing.h"

namespace mainstay {
namespace {

using testing::Cores;
using testing::node;
using testing::two_nodes;
using testing::web;

const CopyJudged recovering{web, "the copy of md1 there is recovering"};
const CopyJudged latest{web, ""};

struct World : Cores {
  World() : Cores(two_nodes()) {}
  bool runs_on(const std::string& name) { return phase(name) == GroupPhase::running; }
  bool told(const std::string& name, std::string_view part) {
    const auto& story = (*this)[name].story;
    return std::ranges::any_of(
        story, [&](const std::string& line) { return line.find(part) != line.npos; });
  }
};

TEST_CASE("a group starts where its data is the latest, although another node comes first") {
  World world;
  world.tell(node("a"), recovering);
  world.run_for(3s);
  CHECK(world.runs_on("b"));
  CHECK(world.told("a", "is not placed on a as long as the copy of md1 there is recovering"));
  REQUIRE(world["b"].activations.size() == 1);
  CHECK(world["b"].activations.front().reason.find("its copy of the data is not the latest") !=
        std::string::npos);
}

TEST_CASE("data that becomes the latest moves nothing, and may be used from then on") {
  World world;
  world.tell(node("a"), recovering);
  world.run_for(3s);
  world.tell(node("a"), latest);
  world.run_for(3s);
  CHECK(world.runs_on("b"));
  const Ticket ticket = world.ask("b", MoveGroup{web, node("a")});
  world.run_for(3s);
  CHECK(world["b"].answers.at(ticket).has_value());
  CHECK(world.runs_on("a"));
}

TEST_CASE("an operator cannot move a group to data that is behind, and it stays where it is") {
  World world;
  world.run_for(3s);
  REQUIRE(world.runs_on("a"));
  world.tell(node("b"), recovering);
  world.run_for(1s);
  const Ticket ticket = world.ask("a", MoveGroup{web, node("b")});
  world.run_for(3s);
  CHECK(world["a"].answers.at(ticket).error().code == Code::conflict);
  CHECK(world.runs_on("a"));
  CHECK(world["a"].activations.size() == 1);
}

TEST_CASE("nobody takes a group over with data that is behind, and it is said why") {
  World world;
  world.run_for(3s);
  REQUIRE(world.runs_on("a"));
  world.tell(node("b"), recovering);
  world.run_for(1s);
  world.kill(node("a"));
  world.run_for(10s);
  CHECK_FALSE(world.runs_on("b"));
  CHECK(world["b"].activations.empty());
  world.tell(node("b"), latest);
  world.run_for(10s);
  CHECK(world.runs_on("b"));
}

}  // namespace
}  // namespace mainstay
