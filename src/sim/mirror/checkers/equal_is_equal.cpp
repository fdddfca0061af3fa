// Two copies that are called equal are equal, sector by sector, as far as they are used.
#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {
namespace {

using namespace mirror;

void compare_all(World& world, std::uint64_t sectors) {
  for (Sector sector = 0; sector < sectors; ++sector) {
    const std::uint64_t first = world.engine(0).data().read(sector);
    const std::uint64_t second = world.engine(1).data().read(sector);
    if (!world.differ(first, second)) continue;
    return world.violate("equal_is_equal",
                         fmt::format("sector {} is {} here and {} there", sector, first, second));
  }
}

void check(World& world) {
  const auto holder = world.cluster().holder();
  if (!holder || !world.link().up()) return;
  const State* primary = world.engine(*holder).core();
  const State* follower = world.engine(other(*holder)).core();
  if (primary == nullptr || follower == nullptr || !in_step(*primary)) return;
  if (follower->following != primary->wanted.term || !follower->taken.empty()) return;
  const std::uint64_t sectors = primary->settings.geometry.sectors;
  if (follower->settings.geometry.sectors < sectors) {
    return world.violate("equal_is_equal",
                         fmt::format("{} sectors are used, and the other copy has {}", sectors,
                                     follower->settings.geometry.sectors));
  }
  compare_all(world, sectors);
}

}  // namespace

Checker equal_is_equal() {
  Checker checker;
  checker.at_rest = check;
  checker.at_end = check;
  return checker;
}

}  // namespace mainstay::mirror_sim
