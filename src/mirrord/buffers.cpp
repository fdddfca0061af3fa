#include "mirrord/buffers.h"

#include <sys/mman.h>

#include "base/check.h"

namespace mainstay::mirrord {
namespace {

using mirror::BufferId;
using mirror::first_free_buffer;

std::size_t whole_pages(std::size_t bytes) {
  return (bytes + page_size - 1) / page_size * page_size;
}

}  // namespace

Buffers::Buffers(std::size_t resync_buffers, std::size_t resync_size)
    : resync_buffers_(resync_buffers), resync_size_(whole_pages(resync_size)) {
  size_ = front_end_bytes_max + peer_bytes_max + resync_buffers_ * resync_size_;
  void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  MAINSTAY_CHECK(memory != MAP_FAILED);
  memory_ = static_cast<std::uint8_t*>(memory);
}

Buffers::~Buffers() { munmap(memory_, size_); }

std::optional<BufferId> Buffers::take(Owner owner, std::size_t bytes) {
  const bool peers = owner == Owner::peer;
  const auto page = (peers ? peer_ : front_end_).take(bytes);
  if (!page) return std::nullopt;
  return first_free_buffer + *page + (peers ? front_end_.pages() : 0);
}

Buffers::Place Buffers::place(BufferId buffer) {
  const auto page = static_cast<Pool::Page>(buffer - first_free_buffer);
  if (page < front_end_.pages()) return {front_end_, page};
  return {peer_, page - front_end_.pages()};
}

void Buffers::hold(BufferId buffer) {
  if (buffer < first_free_buffer) return;
  const Place found = place(buffer);
  found.pool.hold(found.page);
}

void Buffers::release(BufferId buffer) {
  if (buffer < first_free_buffer) return;
  const Place found = place(buffer);
  const Pool::Page before = found.pool.free_pages();
  found.pool.release(found.page);
  if (found.pool.free_pages() != before) ++releases_;
}

std::uint8_t* Buffers::at(BufferId buffer) const {
  const std::size_t pools = front_end_bytes_max + peer_bytes_max;
  if (buffer >= first_free_buffer) return memory_ + (buffer - first_free_buffer) * page_size;
  MAINSTAY_CHECK(buffer >= 1 && buffer <= resync_buffers_);
  return memory_ + pools + (buffer - 1) * resync_size_;
}

}  // namespace mainstay::mirrord
