// The fake world: its time, its machines, what lies between them and what lies outside.
//
// One queue holds everything that is due. The world takes out the first entry, sets the time and
// runs it. Nothing sleeps; the same seed gives the same run, byte for byte, and the digest says so.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/name.h"
#include "base/random.h"
#include "sim/arbiter.h"
#include "sim/conditions.h"
#include "sim/copies.h"
#include "sim/machine.h"
#include "sim/network.h"
#include "sim/queue.h"
#include "sim/region.h"

namespace mainstay::sim {

// What can be seen from outside, where no node can lie.
enum class Sight : std::uint8_t {
  programs_changed,  // of one family, on one machine
  power_changed,
  pace_changed,    // frozen, stalled, or neither any more
  daemon_changed,  // begins or ends
  route_changed,   // `detail`: the destination
};

struct Sighting {
  Sight sight;
  std::size_t machine = 0;
  std::string_view detail;
};

struct WorldSetup {
  std::uint64_t seed = 0;
  std::vector<NodeName> machines;
  std::vector<ClockRate> clocks;  // one for each machine
  Conditions calm;
};

class World {
 public:
  explicit World(WorldSetup setup);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  WorldTime now() const { return now_; }
  void at(WorldTime when, std::move_only_function<void()> action);
  void after(Duration delay, std::move_only_function<void()> action) {
    at(now_ + delay, std::move(action));
  }
  // Runs everything due up to and including `until`, then sets the time to it. False: stopped
  // before.
  bool run_until(WorldTime until);
  // Ends run_until after the present entry.
  void stop() { stopped_ = true; }

  std::size_t size() const { return machines_.size(); }
  Machine& machine(std::size_t index) { return *machines_[index]; }
  const Machine& machine(std::size_t index) const { return *machines_[index]; }
  // Its place, or size() if there is no such machine.
  std::size_t index_of(const NodeName& name) const;

  Conditions& conditions() { return conditions_; }
  Fabric& fabric() { return fabric_; }
  Region& region() { return region_; }
  const Region& region() const { return region_; }
  ArbiterStore& arbiter() { return arbiter_; }
  Copies& copies() { return copies_; }
  Random& random() { return random_; }
  Queue& queue() { return queue_; }

  // Called at every sighting; must change nothing.
  void watch(std::function<void(const Sighting&)> watcher) { watcher_ = std::move(watcher); }
  void saw(const Sighting& sighting) {
    if (watcher_) watcher_(sighting);
  }
  // Called at the end of each moment, before the time moves on; must change nothing.
  void watch_rest(std::function<void()> watcher) { at_rest_ = std::move(watcher); }

  void add_to_digest(std::uint64_t value) {
    digest_ = (digest_ ^ value) * 0x9e3779b97f4a7c15ULL;
    digest_ ^= digest_ >> 29;
  }
  void add_to_digest(ByteView bytes);
  std::uint64_t digest() const { return digest_; }
  std::uint64_t entries_run() const { return entries_run_; }

 private:
  void run(Due due);

  WorldTime now_{};
  Random random_;
  Queue queue_;
  Conditions conditions_;
  Fabric fabric_;
  Region region_;
  ArbiterStore arbiter_;
  Copies copies_{*this};
  std::vector<std::unique_ptr<Machine>> machines_;
  std::function<void(const Sighting&)> watcher_;
  std::function<void()> at_rest_;
  std::uint64_t digest_ = 0x5bd1e995;
  std::uint64_t entries_run_ = 0;
  bool stopped_ = false;
};

}  // namespace mainstay::sim
