// How fast a resync, or a verify, may go beside the application's writes: a limit that a person
// sets, and one that it sets itself, so that a hundredth of the writes takes at most twice as long
// as without it.
//
// It knows how long writes take without it from those during which nothing of it was under way, and
// holds still for a moment now and then to learn it anew. While more than a hundredth of all take
// more than twice what all but a hundredth of those took, it halves what it has under way, and at
// last pauses between two regions; else it takes a little more.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace mainstay::mirror {

// Durations, to an eighth of their magnitude; old ones fade.
class Latencies {
 public:
  void add(Duration took);
  std::uint64_t count() const { return total_; }
  // What all but a hundredth stayed below; zero if nothing is known.
  Duration slowest_hundredth() const;

 private:
  static constexpr std::size_t steps = 64 * 8;
  std::array<std::uint32_t, steps> counts_{};
  std::uint64_t total_ = 0;
};

class Pace {
 public:
  Pace() = default;
  Pace(std::uint32_t window_max, std::uint64_t bytes_per_second)
      : window_max_(window_max), window_(window_max), limit_(bytes_per_second) {}

  // Bytes a second; 0: as fast as it goes.
  void set_limit(std::uint64_t bytes_per_second) { limit_ = bytes_per_second; }
  std::uint64_t limit() const { return limit_; }

  // It begins now: what was learnt before may have been without the peer.
  void start(Instant now);
  // A write of the application's has ended.
  void write_ended(Instant arrived, Instant now);
  // Whether one more region may begin when so many are under way. If not, it may be at
  // look_again(), or when one of them has ended.
  bool may_begin(Instant now, std::size_t under_way);
  Instant look_again() const { return look_again_; }
  void began(Instant now, std::uint64_t bytes);
  // Nothing of it is under way any more.
  void fell_quiet(Instant now);

  std::uint32_t window() const { return window_; }
  Duration gap() const { return gap_; }

 private:
  void judge(Instant now);
  bool listens(Instant now, std::size_t under_way);
  bool later(Instant when) {
    look_again_ = when;
    return false;
  }

  std::uint32_t window_max_ = 1;
  std::uint32_t window_ = 1;
  Duration gap_{};  // between two regions, where one at a time is still too much
  std::uint64_t limit_ = 0;
  Instant due_{};  // by the limit
  Instant last_begun_{};
  Instant look_again_ = never;

  bool quiet_ = true;
  Instant quiet_since_{};
  Latencies quiet_writes_;
  std::uint64_t writes_ = 0, slow_ = 0;  // since it was last judged
  Instant judged_{}, listened_{}, last_write_{};
};

}  // namespace mainstay::mirror
