// Two engines with their disks, the link between them, an arbiter, a cluster that gives orders and
// an application that writes; and what befalls them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/mirror/application.h"
#include "sim/mirror/arbiter.h"
#include "sim/mirror/cluster.h"
#include "sim/mirror/engine.h"
#include "sim/mirror/link.h"
#include "sim/mirror/queue.h"

namespace mainstay::mirror_sim {

struct Violation {
  std::string law;
  Instant at;
  std::string text;
};

// A law, watched from outside. One per file; it changes nothing.
struct Checker {
  // A write that a message of this term asked for reaches a disk. 0: nobody's message.
  std::function<void(World&, mirror::Copy, mirror::Term)> on_landing;
  // The primary has compared one more region.
  std::function<void(World&, mirror::Copy, const mirror::Verification::Latest&)> on_compared;
  // ... and has come to an end with it.
  std::function<void(World&, const mirror::Verification&, std::uint64_t regions)> on_verified;
  // Now and then, between two steps.
  std::function<void(World&)> at_rest;
  std::function<void(World&)> at_end;
};
Checker equal_is_equal();
Checker clean_is_clean();
Checker old_terms_stay_out();
Checker resync_ends();
Checker verify_tells_the_truth();

class World {
 public:
  World(std::uint64_t seed, Environment environment, bool story);

  // Accidents for as long as the environment says; then everything is mended, and must be in order
  // within a bound.
  void run();

  const Environment& environment() const { return environment_; }
  bool healed() const { return healed_; }
  mirror::Settings settings(mirror::Copy copy);
  const mirror::MirrorId& mirror() const;
  Random& random() { return random_; }
  Instant now() const { return now_; }
  void at(Instant when, Queue::Work work) { queue_.at(when, std::move(work)); }
  Engine& engine(mirror::Copy copy) { return *engines_[copy]; }
  Link& link() { return link_; }
  Arbiter& arbiter() { return arbiter_; }
  Cluster& cluster() { return cluster_; }
  Application& application() { return *application_; }

  // ---- What happens, for transcripts, digests and laws.
  void tell(const std::string& what);
  void tell(mirror::Copy copy, const std::string& what);
  void count(std::uint64_t number) { digest_.add(number); }
  void count_step(mirror::Copy copy, const mirror::Event& event);
  void on_landing(mirror::Copy copy, mirror::Term term);
  void on_record(const mirror::UpToDate& record);
  void on_growth();
  void on_compared(mirror::Copy copy, const mirror::Verification::Latest& latest);
  void on_verified(const mirror::Verification& verification, std::uint64_t regions);
  Instant last_rot() const { return last_rot_; }
  void rots(std::uint64_t value, std::uint64_t said) { before_rot_[said] = value; }
  // What a sector said before it said this; its counterpart on the other disk may say it still.
  std::uint64_t before_rot(std::uint64_t value) const;
  // Two copies of a sector differ, and not because one has rotted and nobody has repaired it yet.
  bool differ(std::uint64_t first, std::uint64_t second) const;
  void violate(std::string_view law, std::string text);
  const std::vector<Violation>& violations() const { return violations_; }
  const std::vector<std::string>& story() const { return story_; }
  std::uint64_t digest() const { return digest_.value(); }
  std::uint64_t steps() const { return steps_; }
  void lose_power(mirror::Copy copy, Duration pause);
  // Everything is as it should be when nothing is wrong.
  bool in_order();

 private:
  void build();
  void strike(const Fault& fault);
  void relieve(const Fault& fault);
  void lose_all_power(const Fault& fault);
  void replace_disk(const Fault& fault);
  void enlarge(const Fault& fault);
  void resize_until(Instant until);
  void interrupt_growth(mirror::Copy copy);
  bool of_one_size();
  void restart_in(mirror::Copy copy, Duration pause);
  void supervise();
  void heal();
  bool run_until(Instant until);

  Environment environment_;
  Random random_;
  Instant now_{1s};
  Queue queue_;
  std::vector<std::unique_ptr<Engine>> engines_;
  Link link_;
  Arbiter arbiter_;
  Cluster cluster_;
  std::unique_ptr<Application> application_;
  std::vector<Checker> checkers_;
  std::vector<Violation> violations_;
  bool tells_ = false;
  std::vector<std::string> story_;
  Digest digest_;
  std::uint64_t steps_ = 0;
  bool healed_ = false;
  Instant last_rot_{};
  std::map<std::uint64_t, std::uint64_t> before_rot_;
  Instant repaired_since_{};  // when the last repair that came to its end had begun
};

}  // namespace mainstay::mirror_sim
