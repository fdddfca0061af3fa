// What a volume keeps: a file that outlives every instance, and before it a cache that can forget.
//
// Not for several threads at once.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "lab/files.h"

namespace mainstay::lab {

inline constexpr std::size_t volume_sector = 512;
// A cache that is full is written out.
inline constexpr std::size_t cached_sectors_max = 128 * 1024;

// What becomes of sectors when the power goes: shares of those that are lost.
struct CacheLoss {
  double unflushed = 0;  // written, but not flushed; 0: all are kept, and nothing is cached
  double under_way = 1;  // of writes that were not answered yet
  std::uint64_t seed = 1;
  friend bool operator==(const CacheLoss&, const CacheLoss&) = default;
};

class VolumeDisk {
 public:
  // A file that is not there is made, as large as the volume and empty.
  static Result<VolumeDisk> open(const std::string& file, std::uint64_t size);

  std::uint64_t size() const { return size_; }
  std::size_t unflushed() const { return cache_.size(); }
  bool possible(std::uint64_t offset, std::uint64_t size) const;

  Status read(std::uint64_t offset, std::span<std::uint8_t> into) const;
  Status write(std::uint64_t offset, ByteView bytes);
  Status zero(std::uint64_t offset, std::uint64_t size);
  Status flush();

  // From now on; what is not flushed yet is flushed first.
  Status set_loss(const CacheLoss& loss);
  // The power is gone. The number of sectors that are lost.
  Result<std::size_t> lose_cache();
  // A write that was under way then.
  Status land_in_part(std::uint64_t offset, ByteView bytes);

 private:
  using Sector = std::array<std::uint8_t, volume_sector>;
  VolumeDisk(Fd file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  Status write_out(std::uint64_t sector, const Sector& content) const;
  Status remember(std::uint64_t sector, ByteView bytes);

  Fd file_;
  std::uint64_t size_ = 0;
  CacheLoss loss_;
  Random random_{1};
  std::map<std::uint64_t, Sector> cache_;  // by number
};

}  // namespace mainstay::lab
