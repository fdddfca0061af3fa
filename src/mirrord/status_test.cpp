// How a copy calls itself and the other one.
#include "mirrord/status.h"

#include <doctest/doctest.h>

namespace mainstay::mirrord {
namespace {

using mirror::CopyState;

// A secondary whose peer greeted it before it began its present generation.
mirror::State ahead_of_the_greeting() {
  mirror::State core;
  core.phase = mirror::Phase::secondary;
  core.wanted.state = CopyState::up_to_date;
  core.wanted.generations.current = 5;
  core.peer = mirror::Hello{};
  core.peer->state = CopyState::up_to_date;
  core.peer->generations = core.wanted.generations;
  begin(core.wanted.generations, 9);
  return core;
}

TEST_CASE("a peer that greeted with an older history is outdated") {
  const mirror::State core = ahead_of_the_greeting();
  CHECK(own_state(core) == "up to date");
  CHECK(peer_state(core) == "outdated");
}

TEST_CASE("a peer that leads is up to date, whatever it greeted with") {
  mirror::State core = ahead_of_the_greeting();
  core.following = 7;
  CHECK(own_state(core) == "up to date");
  CHECK(peer_state(core) == "up to date");
}

TEST_CASE("who follows is recovering until it is told that its copy is up to date") {
  mirror::State core = ahead_of_the_greeting();
  std::swap(core.wanted.generations, core.peer->generations);
  CHECK(own_state(core) == "outdated");
  core.following = 7;
  core.wanted.state = CopyState::inconsistent;
  CHECK(own_state(core) == "recovering");
  CHECK(peer_state(core) == "up to date");
  core.wanted.state = CopyState::up_to_date;
  CHECK(own_state(core) == "up to date");
}

}  // namespace
}  // namespace mainstay::mirrord
