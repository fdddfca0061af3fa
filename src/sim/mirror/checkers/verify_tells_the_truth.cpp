// A verify calls a region different if it is, equal if it is, and leaves none out.
#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {
namespace {

using namespace mirror;

constexpr std::string_view law = "verify_tells_the_truth";

// What was read is what is there now.
bool can_be_told(World& world, Copy copy, const Verification::Latest& latest) {
  const Engine& peer = world.engine(other(copy));
  const bool follows = peer.awake() && peer.core()->following != 0 && world.link().up();
  return latest.readable && follows && world.last_rot() < latest.since;
}

bool is_different(World& world, const Range& range) {
  for (Sector sector = range.first; sector < range.end(); ++sector) {
    if (world.engine(0).data().read(sector) != world.engine(1).data().read(sector)) return true;
  }
  return false;
}

void check(World& world, Copy copy, const Verification::Latest& latest) {
  const Range range = world.engine(copy).core()->settings.geometry.range_of(latest.region);
  if (can_be_told(world, copy, latest) && latest.differs != is_different(world, range)) {
    world.violate(law, fmt::format("region {} is called {}, and is not", latest.region,
                                   latest.differs ? "different" : "equal"));
  }
}

void check_end(World& world, const Verification& verification, std::uint64_t regions) {
  if (verification.compared != regions) {
    world.violate(law,
                  fmt::format("{} of {} regions were compared", verification.compared, regions));
  }
}

}  // namespace

Checker verify_tells_the_truth() {
  Checker checker;
  checker.on_compared = check;
  checker.on_verified = check_end;
  return checker;
}

}  // namespace mainstay::mirror_sim
