#include "mirror/bitmap.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace mainstay::mirror {
namespace {

constexpr std::uint64_t words_of_block = block_size / 8;

}  // namespace

bool Bitmap::set(std::uint64_t bit) {
  MAINSTAY_CHECK(bit < size_);
  std::uint64_t& word = words_[bit / 64];
  const std::uint64_t mask = 1ULL << bit % 64;
  if ((word & mask) != 0) return false;
  word |= mask;
  ++count_;
  return true;
}

bool Bitmap::clear(std::uint64_t bit) {
  MAINSTAY_CHECK(bit < size_);
  std::uint64_t& word = words_[bit / 64];
  const std::uint64_t mask = 1ULL << bit % 64;
  if ((word & mask) == 0) return false;
  word &= ~mask;
  --count_;
  return true;
}

void Bitmap::set_range(std::uint64_t first, std::uint64_t end) {
  MAINSTAY_CHECK(end <= size_);
  for (std::uint64_t bit = first; bit < end; ++bit) set(bit);
}

void Bitmap::clear_all() {
  std::ranges::fill(words_, 0);
  count_ = 0;
}

void Bitmap::grow(std::uint64_t size) {
  MAINSTAY_CHECK(size >= size_);
  size_ = size;
  words_.resize((size + 63) / 64);
}

std::uint64_t Bitmap::next(std::uint64_t from) const {
  if (from >= size_ || count_ == 0) return size_;
  std::uint64_t number = from / 64;
  std::uint64_t word = words_[number] & (~0ULL << from % 64);
  while (word == 0) {
    if (++number == words_.size()) return size_;
    word = words_[number];
  }
  return number * 64 + static_cast<std::uint64_t>(std::countr_zero(word));
}

Bytes Bitmap::block(std::uint64_t number) const {
  ByteWriter writer;
  for (std::uint64_t i = 0; i < words_of_block; ++i) {
    const std::uint64_t word = number * words_of_block + i;
    writer.u64(word < words_.size() ? words_[word] : 0);
  }
  return writer.take();
}

bool Bitmap::merge_block(std::uint64_t number, ByteView block) {
  if (block.size() != block_size || number * words_of_block >= words_.size()) return false;
  ByteReader reader(block);
  for (std::uint64_t i = 0; i < words_of_block; ++i) {
    std::uint64_t rest = reader.u64();
    const std::uint64_t first = (number * words_of_block + i) * 64;
    for (; rest != 0; rest &= rest - 1) {
      const std::uint64_t bit = first + static_cast<std::uint64_t>(std::countr_zero(rest));
      if (bit >= size_) return false;
      set(bit);
    }
  }
  return true;
}

}  // namespace mainstay::mirror
