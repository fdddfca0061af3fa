// How long things took: counts by powers of two and quarters of them, from 1 µs to an hour.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace mainstay::mirrord {

class Histogram {
 public:
  void add(Duration took);
  std::uint64_t count() const { return count_; }
  // In microseconds; at most a quarter too high. `part`: 0.5 for the median.
  std::uint64_t at_most_us(double part) const;
  std::uint64_t max_us() const { return max_us_; }

 private:
  static constexpr std::size_t quarters = 4;
  static constexpr std::size_t slots = 32 * quarters;
  std::array<std::uint64_t, slots> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_us_ = 0;
};

}  // namespace mainstay::mirrord
