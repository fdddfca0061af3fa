#include "mirror/geometry.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace mainstay::mirror {

Range Geometry::range_of(Region region) const {
  const Sector first = region * region_sectors;
  const Sector end = std::min(first + region_sectors, sectors);
  return {first, static_cast<std::uint32_t>(end - first)};
}

Status check(const Geometry& geometry) {
  const auto wrong = [](std::string_view what, std::uint64_t value, std::string_view remedy) {
    return failure(Code::invalid, fmt::format("mirror: {} is {}; {}", what, value, remedy));
  };
  if (geometry.sectors == 0) return wrong("its size in sectors", 0, "give it a device");
  if (!std::has_single_bit(geometry.region_sectors) || geometry.region_sectors > 16384) {
    return wrong("the region's size in sectors", geometry.region_sectors,
                 "a power of two up to 16384 is possible");
  }
  if (!std::has_single_bit(geometry.zone_regions) || geometry.zone_regions > 16384) {
    return wrong("the zone's size in regions", geometry.zone_regions,
                 "a power of two up to 16384 is possible");
  }
  if (geometry.log_slots < 2 || geometry.log_slots > log_slots_max) {
    return wrong("the number of the activity log's slots", geometry.log_slots,
                 fmt::format("2 to {} are possible", log_slots_max));
  }
  if (geometry.regions() > regions_max) {
    return wrong("the number of regions", geometry.regions(), "choose larger regions");
  }
  return {};
}

}  // namespace mainstay::mirror
