#include "mirrord/buffers.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "adapters/linux/errno_text.h"
#include "base/check.h"

namespace mainstay::mirrord {
namespace {

using mirror::BufferId;
using mirror::first_free_buffer;

constexpr std::size_t lasting_size = RequestJournal::size + front_end_bytes_max;
static_assert(RequestJournal::size % page_size == 0);

std::size_t whole_pages(std::size_t bytes) {
  return (bytes + page_size - 1) / page_size * page_size;
}

}  // namespace

Result<Fd> make_lasting_memory() {
  Fd memory(memfd_create("mainstay-mirrord", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  constexpr int fixed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (!memory || ftruncate(memory.number(), lasting_size) != 0 ||
      fcntl(memory.number(), F_ADD_SEALS, fixed) != 0) {
    return adapters::errno_failure(errno, "memory for the requests under way");
  }
  return memory;
}

Buffers::Buffers(const Fd& lasting, std::size_t resync_buffers, std::size_t resync_size)
    : resync_buffers_(resync_buffers), resync_size_(whole_pages(resync_size)) {
  constexpr int access = PROT_READ | PROT_WRITE;
  size_ = lasting_size + peer_bytes_max + resync_buffers_ * resync_size_;
  void* all = mmap(nullptr, size_, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  MAINSTAY_CHECK(all != MAP_FAILED);
  MAINSTAY_CHECK(mmap(all, lasting_size, access, MAP_SHARED | MAP_FIXED, lasting.number(), 0) ==
                 all);
  mapped_ = static_cast<std::uint8_t*>(all);
  memory_ = mapped_ + RequestJournal::size;
  journal_.emplace(std::span(mapped_, RequestJournal::size));
}

Buffers::~Buffers() { munmap(mapped_, size_); }

std::array<std::span<std::uint8_t>, 2> Buffers::arenas() const {
  return {std::span(mapped_, lasting_size),
          std::span(mapped_ + lasting_size, size_ - lasting_size)};
}

std::optional<BufferId> Buffers::take(Owner owner, std::size_t bytes) {
  const bool peers = owner == Owner::peer;
  const auto page = (peers ? peer_ : front_end_).take(bytes);
  if (!page) return std::nullopt;
  return first_free_buffer + *page + (peers ? front_end_.pages() : 0);
}

bool Buffers::take_over(BufferId buffer, std::size_t bytes) {
  if (buffer < first_free_buffer || buffer >= first_free_buffer + front_end_.pages()) return false;
  if (bytes == 0 || bytes > buffer_size_max) return false;
  return front_end_.take_at(static_cast<Pool::Page>(buffer - first_free_buffer), bytes);
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
