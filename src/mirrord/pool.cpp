#include "mirrord/pool.h"

#include <bit>

#include "base/check.h"

namespace mainstay::mirrord {

bool Pool::Free::remove(std::size_t piece) {
  const std::uint64_t bit = 1ULL << piece % 64;
  const bool there = (words_[piece / 64] & bit) != 0;
  words_[piece / 64] &= ~bit;
  return there;
}

std::optional<std::size_t> Pool::Free::take() {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (words_[i] == 0) continue;
    const std::size_t piece = i * 64 + static_cast<std::size_t>(std::countr_zero(words_[i]));
    words_[i] &= words_[i] - 1;
    return piece;
  }
  return std::nullopt;
}

Pool::Pool(Page pages) : taken_(pages) {
  constexpr std::size_t largest = orders - 1;
  MAINSTAY_CHECK(pages > 0 && pages % (1U << largest) == 0);
  for (std::size_t order = 0; order < orders; ++order) free_[order].resize(pages >> order);
  for (std::size_t piece = 0; piece < pages >> largest; ++piece) free_[largest].add(piece);
  free_pages_ = pages;
}

std::size_t Pool::order_of(std::size_t bytes) {
  MAINSTAY_CHECK(bytes > 0 && bytes <= buffer_size_max);
  std::size_t order = 0;
  while ((page_size << order) < bytes) ++order;
  return order;
}

void Pool::note_taken(Page first, std::size_t order) {
  taken_[first] = {.holders = 1, .order = static_cast<std::uint8_t>(order)};
  free_pages_ -= 1U << order;
}

std::optional<Pool::Page> Pool::take(std::size_t bytes) {
  const std::size_t order = order_of(bytes);
  std::size_t from = order;
  std::optional<std::size_t> piece;
  while (from < orders && !(piece = free_[from].take())) ++from;
  if (!piece) return std::nullopt;
  for (; from > order; --from) {
    *piece *= 2;
    free_[from - 1].add(*piece + 1);
  }
  const auto first = static_cast<Page>(*piece << order);
  note_taken(first, order);
  return first;
}

bool Pool::take_at(Page first, std::size_t bytes) {
  const std::size_t order = order_of(bytes);
  if (first >= taken_.size() || first % (1U << order) != 0) return false;
  std::size_t from = order;
  while (from < orders && !free_[from].remove(first >> from)) ++from;
  if (from == orders) return false;
  for (; from > order; --from) free_[from - 1].add((first >> (from - 1)) ^ 1);
  note_taken(first, order);
  return true;
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

// With its twin, if that is free, it is a whole one of the next order.
void Pool::put_back(Page first, std::size_t order) {
  std::size_t piece = first >> order;
  for (; order + 1 < orders && free_[order].remove(piece ^ 1); ++order) piece /= 2;
  free_[order].add(piece);
}

}  // namespace mainstay::mirrord
