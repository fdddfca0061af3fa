#include "sim/queue.h"

#include <algorithm>

#include "base/check.h"

namespace mainstay::sim {

QueueId Queue::at(WorldTime when, Due due) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.used = true;
  slot.due = std::move(due);
  heap_.push_back({when, ++order_, index, slot.generation});
  std::push_heap(heap_.begin(), heap_.end(), later);
  ++live_;
  return (static_cast<QueueId>(slot.generation) << 32) | (index + 1);
}

void Queue::cancel(QueueId id) {
  const std::uint32_t index = static_cast<std::uint32_t>(id) - 1;
  if (id == 0 || index >= slots_.size()) return;
  const Slot& slot = slots_[index];
  if (!slot.used || slot.generation != static_cast<std::uint32_t>(id >> 32)) return;
  release(index);
  // A timer that is armed anew after every event leaves its former self in the heap.
  if (heap_.size() > 2 * live_ + 256) compact();
}

WorldTime Queue::next_time() {
  drop_stale();
  return heap_.empty() ? world_never : heap_.front().when;
}

std::pair<WorldTime, Due> Queue::pop() {
  drop_stale();
  MAINSTAY_CHECK(!heap_.empty());
  std::pop_heap(heap_.begin(), heap_.end(), later);
  const Entry entry = heap_.back();
  heap_.pop_back();
  Due due = std::move(slots_[entry.slot].due);
  release(entry.slot);
  return {entry.when, std::move(due)};
}

void Queue::drop_stale() {
  while (!heap_.empty() && stale(heap_.front())) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }
}

void Queue::compact() {
  std::erase_if(heap_, [this](const Entry& entry) { return stale(entry); });
  std::make_heap(heap_.begin(), heap_.end(), later);
}

void Queue::release(std::uint32_t slot) {
  slots_[slot].used = false;
  ++slots_[slot].generation;
  slots_[slot].due.action = nullptr;
  free_.push_back(slot);
  --live_;
}

}  // namespace mainstay::sim
