// The activity log: the zones that may hold writes which are not settled on both copies. A zone is
// in it, durably, before a write to it begins; after a crash all of its zones are suspect, and
// nothing else is.
//
// A transaction is one block that names every zone of the log. Transactions go round a ring of
// blocks, one at a time, so a torn one leaves the one before it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "mirror/geometry.h"

namespace mainstay::mirror {

class ActivityLog {
 public:
  explicit ActivityLog(const Geometry& geometry = {});

  // Takes over what the ring holds; nothing if it was never written.
  void load(ByteView ring);
  // There are more zones from now on.
  void grow(const Geometry& geometry);
  std::vector<Zone> zones() const;
  std::size_t size() const { return size_; }

  // In the log, and durably so.
  bool covers(Zone zone) const;
  bool has(Zone zone) const { return slot_of_[zone] != no_slot; }
  bool full() const { return free_.empty(); }
  // Needs a slot that is free. Durable once the next transaction is.
  void admit(Zone zone);
  // Nobody writes to it, and whatever was written is settled or marked durably elsewhere.
  void evict(Zone zone);

  // Writes to the zone in flight, and which were last.
  void begin_write(Zone zone);
  void end_write(Zone zone);
  bool busy(Zone zone) const { return slots_[slot_of_[zone]].writes > 0; }
  // Idle zones, least recently written first.
  std::vector<Zone> idle() const;

  bool pending() const { return pending_; }
  // The next transaction: where in the ring, and the block. It must be durable before another one
  // is begun.
  std::uint64_t next_number() const { return number_ + 1; }
  Bytes begin_transaction();
  void transaction_done();

 private:
  static constexpr std::uint32_t no_slot = UINT32_MAX;
  struct Slot {
    Zone zone = 0;
    std::uint32_t writes = 0;
    std::uint64_t used = 0;  // by the log's own count of writes
    bool taken = false;
    bool written = false;  // part of the transaction under way
    bool durable = false;
  };
  struct Transaction {
    std::uint64_t number = 0;
    std::vector<Zone> zones;
  };
  std::optional<Transaction> decode(ByteView block) const;

  Zone zones_ = 0;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> slot_of_;  // by zone
  std::size_t size_ = 0;
  std::uint64_t number_ = 0;  // of the newest transaction
  std::uint64_t uses_ = 0;
  bool pending_ = false;  // something changed since the newest transaction began
};

}  // namespace mainstay::mirror
