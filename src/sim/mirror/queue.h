// Everything that is due in the mirror's world, in order of time; what is due at one moment, in the
// order it was asked for.
#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/time.h"

namespace mainstay::mirror_sim {

class Queue {
 public:
  using Work = std::move_only_function<void()>;

  void at(Instant when, Work work) {
    heap_.push_back({when, ++order_, std::move(work)});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  bool empty() const { return heap_.empty(); }
  Instant next() const { return heap_.front().when; }
  Work pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Work work = std::move(heap_.back().work);
    heap_.pop_back();
    return work;
  }

 private:
  struct Entry {
    Instant when;
    std::uint64_t order;
    Work work;
  };
  static bool later(const Entry& left, const Entry& right) {
    return left.when != right.when ? left.when > right.when : left.order > right.order;
  }

  std::vector<Entry> heap_;
  std::uint64_t order_ = 0;
};

}  // namespace mainstay::mirror_sim
