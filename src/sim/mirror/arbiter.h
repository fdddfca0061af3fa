// The arbiter's one record, as a store that may be silent, lose answers, and write too late.
#pragma once

#include "sim/mirror/engine.h"

namespace mainstay::mirror_sim {

class Arbiter {
 public:
  explicit Arbiter(World& world) : world_(world) {}

  void set_down(bool down) { down_ = down; }
  void set_flaky(bool flaky) { flaky_ = flaky; }
  void write(const mirror::UpToDate& record);
  mirror::UpToDate record() const;

  void read(mirror::Copy by, const mirror::ReadRecord& read);
  void swap(mirror::Copy by, mirror::SwapRecord swap);

 private:
  bool loses();
  void answer(mirror::Copy to, Instant when, mirror::Event event);
  Duration way();

  World& world_;
  bool down_ = false;
  bool flaky_ = false;
  std::uint64_t version_ = 0;
  Bytes value_;
};

}  // namespace mainstay::mirror_sim
