// Chance from a seed: the same seed gives the same numbers on every machine and compiler.
#pragma once

#include <array>
#include <cstdint>

#include "base/time.h"

namespace mainstay {

// xoshiro256** seeded by splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t next();
  // Uniform in [0, bound). bound > 0.
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [low, high], both included.
  std::int64_t between(std::int64_t low, std::int64_t high);
  Duration between(Duration low, Duration high);
  // Uniform in [0, 1).
  double fraction();
  bool chance(double probability) { return fraction() < probability; }
  // An independent stream; lets one consumer draw more without shifting the numbers of another.
  Random fork() { return Random(next()); }

  friend bool operator==(const Random&, const Random&) = default;

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace mainstay
