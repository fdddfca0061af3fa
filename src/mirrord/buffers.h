// The engine's memory for payload, one piece of a fixed size: what the core's BufferIds name. The
// front end's part of it, and the journal of its requests, outlive the engine.
#pragma once

#include <optional>
#include <span>

#include "base/result.h"
#include "mirror/request.h"
#include "mirrord/pool.h"
#include "mirrord/request_journal.h"
#include "posix/fd.h"

namespace mainstay::mirrord {

// What the front end, and what the peer, may have on its way at one time. Whoever finds its pool
// empty stops reading until something is released.
inline constexpr std::size_t front_end_bytes_max = 16 * 1024 * 1024;
inline constexpr std::size_t peer_bytes_max = 16 * 1024 * 1024;

// What every engine of one supervisor maps, one at a time.
Result<Fd> make_lasting_memory();

class Buffers {
 public:
  enum class Owner : std::uint8_t { front_end, peer };

  // Buffers 1 to `resync_buffers` are always there, of `resync_size` bytes each.
  Buffers(const Fd& lasting, std::size_t resync_buffers, std::size_t resync_size);
  ~Buffers();
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;

  std::optional<mirror::BufferId> take(Owner owner, std::size_t bytes);
  // What another engine took for its front end. False: there is no such buffer to be had.
  bool take_over(mirror::BufferId buffer, std::size_t bytes);
  // Of a resync's buffers nothing is counted.
  void hold(mirror::BufferId buffer);
  void release(mirror::BufferId buffer);
  std::uint8_t* at(mirror::BufferId buffer) const;

  RequestJournal& journal() { return *journal_; }
  // All of it, by whether it lasts.
  std::array<std::span<std::uint8_t>, 2> arenas() const;
  // Grows with each buffer that has become free.
  std::uint64_t releases() const { return releases_; }

 private:
  struct Place {
    Pool& pool;
    Pool::Page page;
  };
  Place place(mirror::BufferId buffer);

  std::size_t resync_buffers_;
  std::size_t resync_size_;
  Pool front_end_{front_end_bytes_max / page_size};
  Pool peer_{peer_bytes_max / page_size};
  std::size_t size_ = 0;  // of all that is mapped, the journal first
  std::uint8_t* mapped_ = nullptr;
  std::uint8_t* memory_ = nullptr;  // of the buffers
  std::optional<RequestJournal> journal_;
  std::uint64_t releases_ = 0;
};

}  // namespace mainstay::mirrord
