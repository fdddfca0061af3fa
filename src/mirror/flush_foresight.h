// Guesses whether a write will be flushed alone: then it is better made durable at once, and the
// flush finds nothing to do. A wrong guess costs time and nothing else.
//
// As processors guess branches: for each pattern of the latest stretches between two flushes, how
// often a single write came next.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace mainstay::mirror {

class FlushForesight {
 public:
  // True: the next flush is likely to follow this write and no other.
  bool on_write() { return writes_++ == 0 && single_[pattern_] >= likely; }
  void on_flush() {
    const bool single = writes_ == 1;
    if (writes_ > 0) {
      std::uint8_t& count = single_[pattern_];
      count = single ? std::min<std::uint8_t>(count + 1, certain) : count / 2;
      pattern_ = (pattern_ << 1 | (single ? 1U : 0U)) % single_.size();
    }
    writes_ = 0;
  }

 private:
  static constexpr std::uint8_t likely = 2;
  static constexpr std::uint8_t certain = 3;
  static constexpr std::size_t stretches = 3;

  std::uint64_t writes_ = 0;  // since the latest flush
  std::size_t pattern_ = 0;   // a bit for each of the latest stretches: it had a single write
  std::array<std::uint8_t, 1U << stretches> single_{};
};

}  // namespace mainstay::mirror
