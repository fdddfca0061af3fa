// The arbiter outside the machines: records with versions, each remembering who wrote it last and
// with which nonce, so that a writer whose reply was lost can settle what became of its write.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "ports/arbiter.h"
#include "sim/time.h"

namespace mainstay::sim {

class World;

// A write that took place: for the checkers.
struct ArbiterWrite {
  std::size_t machine = 0;
  std::string key;
  RecordVersion version = 0;
  ByteView value;
  WorldTime asked;  // when the writer's call began
  bool awaited = true;  // false: the writer has given up, or died; it will draw nothing from it
};

class ArbiterStore {
 public:
  explicit ArbiterStore(World& world) : world_(world) {}

  struct Stored {
    ArbiterRecord record;
    std::uint64_t nonce = 0;
  };
  const Stored& get(const std::string& key) const;
  // The new version, or conflict. A repetition of the write that stands gives its version again.
  struct Swap {
    std::size_t machine = 0;
    const std::string& key;
    RecordVersion expected = 0;
    const Bytes& value;
    std::uint64_t nonce = 0;
    WorldTime asked;
    bool awaited = true;
  };
  Result<RecordVersion> swap(const Swap& swap);
  // The table is deleted, and all that stood in it. A version never comes again.
  void wipe() { records_.clear(); }
  std::uint64_t new_nonce() { return ++last_nonce_; }
  void watch(std::function<void(const ArbiterWrite&)> watcher) { watcher_ = std::move(watcher); }
  const std::map<std::string, Stored>& records() const { return records_; }

 private:
  World& world_;
  std::map<std::string, Stored> records_;
  RecordVersion last_version_ = 0;
  std::uint64_t last_nonce_ = 0;
  std::function<void(const ArbiterWrite&)> watcher_;
};

}  // namespace mainstay::sim
