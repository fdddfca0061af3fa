// One bit per region, kept in memory and, block by block, on the cluster partition.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "mirror/geometry.h"

namespace mainstay::mirror {

class Bitmap {
 public:
  explicit Bitmap(std::uint64_t size = 0) : size_(size), words_((size + 63) / 64) {}

  std::uint64_t size() const { return size_; }
  std::uint64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  bool test(std::uint64_t bit) const { return (words_[bit / 64] >> bit % 64 & 1) != 0; }
  // Whether it was clear before.
  bool set(std::uint64_t bit);
  // Whether it was set before.
  bool clear(std::uint64_t bit);
  void set_range(std::uint64_t first, std::uint64_t end);
  void clear_all();
  // More bits, all of them clear.
  void grow(std::uint64_t size);
  // The first set bit at or behind `from`; size() if there is none.
  std::uint64_t next(std::uint64_t from) const;

  // Blocks of `block_size` bytes, the last one filled up with zeroes.
  Bytes block(std::uint64_t number) const;
  // Adds the bits of a block; false: it is no block of this bitmap.
  bool merge_block(std::uint64_t number, ByteView block);

  friend bool operator==(const Bitmap&, const Bitmap&) = default;

 private:
  std::uint64_t size_ = 0;
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> words_;
};

// Regions in the order in which they were first added; emptied in the time that filling it took.
class RegionList {
 public:
  explicit RegionList(std::uint64_t regions = 0) : seen_(regions) {}
  void add(Region region) {
    if (seen_.set(region)) list_.push_back(region);
  }
  bool has(Region region) const { return seen_.test(region); }
  const std::vector<Region>& list() const { return list_; }
  bool empty() const { return list_.empty(); }
  void grow(std::uint64_t regions) { seen_.grow(regions); }
  void clear() {
    for (const Region region : list_) seen_.clear(region);
    list_.clear();
  }
  void swap(RegionList& other) {
    std::swap(seen_, other.seen_);
    list_.swap(other.list_);
  }

 private:
  Bitmap seen_;
  std::vector<Region> list_;
};

}  // namespace mainstay::mirror
