// Everything that is due in the world, in order of time; what is due at one moment runs in the
// order it was asked for.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "sim/time.h"

namespace mainstay::sim {

using QueueId = std::uint64_t;

// On whom an entry depends.
enum class Scope : std::uint8_t {
  world,    // on nobody: the network, the services outside
  machine,  // on the machine's power; waits while the machine is frozen
  daemon,   // on one run of the daemon; waits while the machine is frozen or the daemon stalled
};

struct Due {
  Scope scope = Scope::world;
  std::uint16_t machine = 0;
  std::uint32_t life = 0;  // of the machine or of the daemon; the entry dies with it
  std::move_only_function<void()> action;
};

class Queue {
 public:
  QueueId at(WorldTime when, Due due);
  // Unknown and past entries are ignored.
  void cancel(QueueId id);

  bool empty() const { return live_ == 0; }
  WorldTime next_time();
  // Takes out the first entry.
  std::pair<WorldTime, Due> pop();
  std::size_t size() const { return live_; }

 private:
  struct Entry {
    WorldTime when;
    std::uint64_t order;
    std::uint32_t slot;
    std::uint32_t generation;
  };
  struct Slot {
    std::uint32_t generation = 0;
    bool used = false;
    Due due;
  };
  static bool later(const Entry& left, const Entry& right) {
    return left.when != right.when ? left.when > right.when : left.order > right.order;
  }
  bool stale(const Entry& entry) const {
    return !slots_[entry.slot].used || slots_[entry.slot].generation != entry.generation;
  }
  void drop_stale();
  void compact();
  void release(std::uint32_t slot);

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t order_ = 0;
  std::size_t live_ = 0;
};

}  // namespace mainstay::sim
