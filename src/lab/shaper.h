// Delay, jitter and loss on a link, in user space: the kernel this must run on has no netem.
//
// While a line is shaped, the kernel drops what arrives at either end of its middle piece, and this
// thread, which sees every frame before that, hands it to the other end when its time has come.
#pragma once

#include <memory>

#include "base/time.h"
#include "lab/files.h"

namespace mainstay::lab {

struct LineQuality {
  Duration delay{};
  Duration jitter{};  // uniform in ± this much
  double loss = 0;    // 0 to 1, of either direction
  bool is_perfect() const { return delay <= Duration{} && jitter <= Duration{} && loss <= 0; }
  bool needs_shaper() const { return delay > Duration{} || jitter > Duration{}; }
  friend bool operator==(const LineQuality&, const LineQuality&) = default;
};

inline constexpr std::size_t frames_in_flight_max = 20'000;

class Shaper {
 public:
  // `wires` is the namespace of the interfaces. The thread starts with the first line that is
  // shaped.
  static Result<std::unique_ptr<Shaper>> start(const Fd& wires);
  ~Shaper();

  // Frames that arrive at either interface (by index) reach the other one late. Replaces what was
  // said before.
  Status shape(int line, int first_index, int second_index, const LineQuality& quality);
  void release(int line);

 private:
  struct State;
  explicit Shaper(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mainstay::lab
