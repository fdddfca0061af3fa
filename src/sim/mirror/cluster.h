// The cluster, as far as a mirror sees it: it has one node promoted at a time, each time at a
// higher term, and it may be wrong about who is dead.
#pragma once

#include <optional>

#include "sim/mirror/engine.h"

namespace mainstay::mirror_sim {

class Cluster {
 public:
  explicit Cluster(World& world) : world_(world) {}

  void manage();
  void move();
  // Promotes the other node and tells the present one nothing.
  void believe_dead();
  // A person has it choose this copy, if until then nobody is served and the other one is nobody's
  // primary; and says so again until it is answered.
  void force_when_idle(mirror::Copy copy, Instant until);
  void on_answer(mirror::Copy copy, const mirror::AnswerCluster& answer);
  std::optional<mirror::Copy> holder() const {
    return stage_ == Stage::serving ? std::optional(node_) : std::nullopt;
  }
  // Nothing goes wrong any more: no more whims.
  void calm() { calm_ = true; }

 private:
  enum class Stage : std::uint8_t { idle, promoting, serving, demoting, forcing };
  void promote();
  bool force();
  void watch_holder();
  void on_forced(const Status& outcome);
  void give_up(mirror::Copy next);
  bool overdue(Duration limit) const;

  World& world_;
  Stage stage_ = Stage::idle;
  mirror::Copy node_ = 0;  // who is, or is to be, the primary's
  mirror::Copy next_ = 0;
  std::uint64_t life_ = 0;
  mirror::Term term_ = 1;
  mirror::Ticket ticket_ = 0;
  Instant since_{};
  Instant try_at_{};
  Instant frozen_at_ = never;
  bool calm_ = false;
  struct Choice {
    mirror::Copy copy = 0;
    Instant until{};
    bool said = false;  // and so it must come to an end
  };
  std::optional<Choice> choice_;
};

}  // namespace mainstay::mirror_sim
