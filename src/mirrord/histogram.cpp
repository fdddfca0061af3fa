#include "mirrord/histogram.h"

#include <algorithm>
#include <bit>

namespace mainstay::mirrord {
namespace {

// The first value that is too large for the slot.
std::uint64_t end_of(std::size_t slot) {
  if (slot < 4) return slot + 1;
  const std::size_t power = slot / 4 + 1;
  return (std::uint64_t{1} << power) + (slot % 4 + 1) * ((std::uint64_t{1} << power) / 4);
}

std::size_t slot_of(std::uint64_t us) {
  if (us < 4) return us;
  const auto power = static_cast<std::size_t>(std::bit_width(us)) - 1;
  return (power - 1) * 4 + (us >> (power - 2)) % 4;
}

}  // namespace

void Histogram::add(Duration took) {
  const auto us = static_cast<std::uint64_t>(std::max<Duration>(took, 0ns) / 1us);
  ++counts_[std::min(slot_of(us), slots - 1)];
  ++count_;
  max_us_ = std::max(max_us_, us);
}

std::uint64_t Histogram::at_most_us(double part) const {
  const auto wanted = static_cast<std::uint64_t>(part * static_cast<double>(count_));
  std::uint64_t seen = 0;
  for (std::size_t slot = 0; slot < slots; ++slot) {
    seen += counts_[slot];
    if (seen > wanted || (seen == count_ && seen > 0)) return std::min(end_of(slot) - 1, max_us_);
  }
  return 0;
}

}  // namespace mainstay::mirrord
