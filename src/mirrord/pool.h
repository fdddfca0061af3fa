// Buffers of whole pages out of a fixed number of pages, by halves (a buddy allocator). Each buffer
// lives until everyone who holds it has released it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace mainstay::mirrord {

inline constexpr std::size_t page_size = 4096;
// The largest buffer, and so the largest request.
inline constexpr std::size_t buffer_size_max = 1024 * 1024;

class Pool {
 public:
  using Page = std::uint32_t;
  // A multiple of the largest buffer's pages.
  explicit Pool(Page pages);

  // The first page of `bytes` in one piece, held once. Nothing: there is no room now.
  std::optional<Page> take(std::size_t bytes);
  // The same for a buffer of `bytes` that another pool gave. False: part of it is taken.
  bool take_at(Page first, std::size_t bytes);
  void hold(Page first);
  void release(Page first);
  Page free_pages() const { return free_pages_; }
  Page pages() const { return static_cast<Page>(taken_.size()); }

 private:
  static constexpr std::size_t orders = 9;  // 1 to 256 pages
  static_assert((std::size_t{1} << (orders - 1)) * page_size == buffer_size_max);
  struct Taken {
    std::uint32_t holders = 0;
    std::uint8_t order = 0;
  };
  // The free pieces of one order, a bit for each.
  class Free {
   public:
    void resize(std::size_t pieces) { words_.resize((pieces + 63) / 64); }
    void add(std::size_t piece) { words_[piece / 64] |= 1ULL << piece % 64; }
    // Whether it was there.
    bool remove(std::size_t piece);
    // The lowest, so that small ones stay together.
    std::optional<std::size_t> take();

   private:
    std::vector<std::uint64_t> words_;
  };
  static std::size_t order_of(std::size_t bytes);
  void note_taken(Page first, std::size_t order);
  void put_back(Page first, std::size_t order);

  std::vector<Taken> taken_;  // by first page
  std::array<Free, orders> free_{};
  Page free_pages_ = 0;
};

}  // namespace mainstay::mirrord
