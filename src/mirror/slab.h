// Things in flight, found by a handle that outlives them: the handle of one that is gone finds
// nothing, also when its place has been taken.
#pragma once

#include <cstdint>
#include <vector>

namespace mainstay::mirror {

using Handle = std::uint64_t;  // 0: nothing

template <class T>
class Slab {
 public:
  Handle add(T value) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(entries_.size()));
      entries_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    entries_[index].used = true;
    entries_[index].value = value;
    ++size_;
    return handle(index);
  }
  T* find(Handle wanted) {
    const std::uint64_t index = wanted & index_mask;
    if (index >= entries_.size() || !entries_[index].used || handle(index) != wanted)
      return nullptr;
    return &entries_[index].value;
  }
  void remove(Handle wanted) {
    if (find(wanted) == nullptr) return;
    Entry& entry = entries_[wanted & index_mask];
    entry.used = false;
    ++entry.generation;
    free_.push_back(static_cast<std::uint32_t>(wanted & index_mask));
    --size_;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Calls what(handle, value) for each; `what` may remove the one it was called for.
  template <class F>
  void for_each(F what) {
    for (std::uint64_t index = 0; index < entries_.size(); ++index) {
      if (entries_[index].used) what(handle(index), entries_[index].value);
    }
  }
  template <class F>
  void for_each(F what) const {
    for (std::uint64_t index = 0; index < entries_.size(); ++index) {
      if (entries_[index].used) what(handle(index), entries_[index].value);
    }
  }

 private:
  static constexpr std::uint64_t index_mask = 0xfffff;
  struct Entry {
    std::uint64_t generation = 1;
    bool used = false;
    T value{};
  };
  Handle handle(std::uint64_t index) const { return entries_[index].generation << 20 | index; }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
  std::size_t size_ = 0;
};

}  // namespace mainstay::mirror
