// A mirror that grows is struck at every moment of it.
#include <doctest/doctest.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {
namespace {

constexpr Duration resized_at = 2s;
constexpr Duration longest = 150ms;

// Two copies whose partitions have been enlarged, and are to be used whole; and one accident.
Environment environment_with(const Fault& accident) {
  Random random(3);
  Environment environment = draw_environment(random);
  environment.built = true;
  environment.faults_for = 4s;
  environment.faults = {
      {FaultKind::enlarged, 1s, 10ms, 0}, {FaultKind::resized, resized_at, 1ms, 0}, accident};
  return environment;
}

struct Outcomes {
  int grown = 0;
  int not_grown = 0;
};

void live(const Fault& accident, Outcomes& outcomes) {
  CAPTURE(to_text(accident.kind));
  CAPTURE(accident.begin);
  CAPTURE(static_cast<int>(accident.copy));
  const Environment environment = environment_with(accident);
  World world(3, environment, false);
  world.run();
  REQUIRE(world.violations().empty());
  REQUIRE(world.in_order());
  const bool larger = world.engine(0).size() > environment.geometry.sectors;
  ++(larger ? outcomes.grown : outcomes.not_grown);
}

TEST_CASE("a growth that is struck at any moment ends with two copies of one size") {
  for (const FaultKind kind : {FaultKind::engine_killed, FaultKind::power_lost,
                               FaultKind::all_power_lost, FaultKind::link_cut}) {
    Outcomes outcomes;
    for (Duration after{}; after < longest; after += 3ms) {
      for (const mirror::Copy copy : {mirror::Copy{0}, mirror::Copy{1}}) {
        live({kind, resized_at + after, 300ms, copy}, outcomes);
      }
    }
    CAPTURE(to_text(kind));
    CHECK(outcomes.grown > 0);
    CHECK((outcomes.not_grown > 0 || kind == FaultKind::link_cut));
  }
}

}  // namespace
}  // namespace mainstay::mirror_sim
