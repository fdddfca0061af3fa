// A region that neither copy calls dirty, and that nobody is writing to, is the same on both:
// whatever the two have lived through, the next resync will find every difference.
#include <fmt/format.h>

#include "sim/mirror/world.h"

namespace mainstay::mirror_sim {
namespace {

using namespace mirror;

bool suspect(const State& s, Region region) {
  return s.dirty.test(region) || s.young.has(region) || s.old.has(region) ||
         overlaps_running_write(s, s.settings.geometry.range_of(region));
}

bool comparable(const State& leader, const State& follower) {
  if (leader.phase == Phase::opening || leader.phase == Phase::broken) return false;
  if (follower.phase == Phase::opening || follower.phase == Phase::broken) return false;
  const Relation relation = compare(leader.wanted.generations, follower.wanted.generations);
  return (relation == Relation::equal || relation == Relation::ahead) && follower.taken.empty() &&
         !follower.wish;
}

void check_region(World& world, Region region, const Range& range) {
  for (Sector sector = range.first; sector < range.end(); ++sector) {
    const std::uint64_t first = world.engine(0).data().read(sector);
    const std::uint64_t second = world.engine(1).data().read(sector);
    if (!world.differ(first, second)) continue;
    return world.violate("clean_is_clean",
                         fmt::format("region {} is called clean, and sector {} is {} here and {} "
                                     "there",
                                     region, sector, first, second));
  }
}

void check(World& world) {
  const auto holder = world.cluster().holder();
  if (!holder) return;
  const State* leader = world.engine(*holder).core();
  const State* follower = world.engine(other(*holder)).core();
  if (leader == nullptr || follower == nullptr || !comparable(*leader, *follower)) return;
  if (leader->phase != Phase::primary) return;
  // One may have grown already, and the other one not.
  const Geometry& ours = leader->settings.geometry;
  const Geometry& theirs = follower->settings.geometry;
  const Geometry& both = ours.sectors < theirs.sectors ? ours : theirs;
  for (Region region = 0; region < both.regions() && world.violations().empty(); ++region) {
    if (suspect(*leader, region) || suspect(*follower, region)) continue;
    check_region(world, region, both.range_of(region));
  }
}

}  // namespace

Checker clean_is_clean() {
  Checker checker;
  checker.at_rest = check;
  return checker;
}

}  // namespace mainstay::mirror_sim
