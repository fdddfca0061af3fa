// The link between two engines: one connection or several, which break and come again.
#pragma once

#include <array>

#include "sim/mirror/engine.h"

namespace mainstay::mirror_sim {

class Link {
 public:
  explicit Link(World& world) : world_(world) {}

  void send(mirror::Copy from, Parcel parcel);
  // By the engine itself.
  void drop(mirror::Copy by, const std::string& why);
  void engine_ended(mirror::Copy copy);
  void cut();
  void mend() { cut_ = false; }
  // Looks whether the two can connect, now and every so often.
  void watch();
  bool up() const { return up_[0] && up_[1] && !severed_; }

 private:
  void sever(Duration patience);

  World& world_;
  std::array<bool, 2> up_{};
  bool cut_ = false;
  bool severed_ = true;
  std::uint64_t epoch_ = 0;
  std::array<Instant, 2> arrived_{};
};

}  // namespace mainstay::mirror_sim
