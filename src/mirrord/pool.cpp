#include "mirrord/pool.h"

#include "base/check.h"

namespace mainstay::mirrord {

Pool::Pool(Page pages) : taken_(pages) {
  constexpr Page largest = 1U << (orders - 1);
  MAINSTAY_CHECK(pages > 0 && pages % largest == 0);
  for (Page first = 0; first < pages; first += largest) free_[orders - 1].insert(first);
  free_pages_ = pages;
}

std::optional<Pool::Page> Pool::take(std::size_t bytes) {
  MAINSTAY_CHECK(bytes > 0 && bytes <= buffer_size_max);
  std::size_t order = 0;
  while ((page_size << order) < bytes) ++order;
  std::size_t from = order;
  while (from < orders && free_[from].empty()) ++from;
  if (from == orders) return std::nullopt;
  const Page first = *free_[from].begin();
  free_[from].erase(free_[from].begin());
  for (; from > order; --from) free_[from - 1].insert(first + (1U << (from - 1)));
  taken_[first] = {.holders = 1, .order = static_cast<std::uint8_t>(order)};
  free_pages_ -= 1U << order;
  return first;
}

void Pool::hold(Page first) {
  MAINSTAY_CHECK(first < taken_.size() && taken_[first].holders > 0);
  ++taken_[first].holders;
}

void Pool::release(Page first) {
  MAINSTAY_CHECK(first < taken_.size() && taken_[first].holders > 0);
  if (--taken_[first].holders > 0) return;
  free_pages_ += 1U << taken_[first].order;
  put_back(first, taken_[first].order);
}

void Pool::put_back(Page first, std::size_t order) {
  for (; order + 1 < orders; ++order) {
    const Page twin = first ^ (1U << order);
    if (free_[order].erase(twin) == 0) break;
    first = std::min(first, twin);
  }
  free_[order].insert(first);
}

}  // namespace mainstay::mirrord
