// How a mirror is measured: sectors, the regions that a resync sends, the zones that the activity
// log names, and where each kind of metadata lies on the cluster partition.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace mainstay::mirror {

using Sector = std::uint64_t;
using Region = std::uint64_t;
using Zone = std::uint32_t;

inline constexpr std::uint32_t sector_size = 512;
inline constexpr std::uint32_t block_size = 4096;

// Sectors of the data device, one after the other.
struct Range {
  Sector first = 0;
  std::uint32_t count = 0;
  Sector end() const { return first + count; }
  friend bool operator==(const Range&, const Range&) = default;
};
inline bool overlap(const Range& left, const Range& right) {
  return left.first < right.end() && right.first < left.end();
}

inline constexpr std::uint32_t log_slots_max = 1000;  // one transaction is one block
inline constexpr std::uint32_t log_blocks = 8;
inline constexpr std::uint64_t regions_max = 1ULL << 34;

struct Geometry {
  std::uint64_t sectors = 0;
  std::uint32_t region_sectors = 128;  // 64 KiB
  std::uint32_t zone_regions = 64;     // 4 MiB
  std::uint32_t log_slots = 256;       // zones that may be written to at one time
  friend bool operator==(const Geometry&, const Geometry&) = default;

  std::uint64_t regions() const { return (sectors + region_sectors - 1) / region_sectors; }
  Zone zones() const { return static_cast<Zone>((regions() + zone_regions - 1) / zone_regions); }
  std::uint64_t bitmap_blocks() const { return (regions() + bits_of_block - 1) / bits_of_block; }

  Region region_of(Sector sector) const { return sector / region_sectors; }
  Zone zone_of(Region region) const { return static_cast<Zone>(region / zone_regions); }
  // The last region may be shorter.
  Range range_of(Region region) const;
  // The first region and the one behind the last that the range touches.
  Region first_region(const Range& range) const { return region_of(range.first); }
  Region end_region(const Range& range) const { return region_of(range.end() - 1) + 1; }
  bool holds(const Range& range) const {
    return range.count > 0 && range.first < sectors && range.count <= sectors - range.first;
  }

  // No request is longer: so it touches two zones at most, and the log can hold both.
  std::uint64_t request_sectors_max() const { return std::uint64_t{region_sectors} * zone_regions; }

  static constexpr std::uint64_t bits_of_block = block_size * 8;
};

// What a mirror uses of a device with so many bytes.
inline constexpr std::uint64_t whole_sectors(std::uint64_t bytes) {
  return bytes / block_size * (block_size / sector_size);
}

// What a node's two partitions can hold.
struct Capacity {
  std::uint64_t sectors = 0;          // of data
  std::uint64_t partition_bytes = 0;  // of the cluster partition
  friend bool operator==(const Capacity&, const Capacity&) = default;
};

// invalid: the numbers cannot be a mirror's.
Status check(const Geometry& geometry);

// Byte offsets on the cluster partition. The two superblocks are far enough apart that one failing
// write cannot reach both.
struct Layout {
  static constexpr std::uint64_t superblock(std::uint64_t counter) { return counter % 2 * 65536; }
  static constexpr std::uint64_t log = 128 * 1024;
  static constexpr std::uint64_t log_block(std::uint64_t number) {
    return log + number % log_blocks * block_size;
  }
  static constexpr std::uint64_t bitmap = 1024 * 1024;
  static constexpr std::uint64_t bitmap_block(std::uint64_t block) {
    return bitmap + block * block_size;
  }
  static std::uint64_t size(const Geometry& geometry) {
    return bitmap_block(geometry.bitmap_blocks());
  }
};

}  // namespace mainstay::mirror
