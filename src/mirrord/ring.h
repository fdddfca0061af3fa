// io_uring as the engine's event loop: disks and descriptors, on one thread. The engine waits
// nowhere else.
//
// Nothing is begun before the next turn(): what one turn asks for goes to the kernel in one call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/result.h"
#include "base/time.h"

namespace mainstay::mirrord {

class Ring {
 public:
  // Bytes, or the kernel's error number, negative.
  using OnDone = std::move_only_function<void(int result)>;
  using OnReady = std::move_only_function<void()>;
  using WatchId = std::uint64_t;
  enum class Readiness : std::uint8_t { readable, writable };

  // unavailable: this kernel, or a security profile, has no io_uring for us.
  static Result<std::unique_ptr<Ring>> open();
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  static Instant now();

  // Buffers in here are mapped once, not for every request, if the kernel can. Once.
  Status lend(std::span<const std::span<std::uint8_t>> arenas);

  // ---- Disks. The memory must stay until `done` is called.
  void read(int file, std::span<std::uint8_t> into, std::uint64_t offset, OnDone done);
  // `flags`: of pwritev2(2).
  void write(int file, std::span<const std::uint8_t> from, std::uint64_t offset, int flags,
             OnDone done);
  void sync_data(int file, OnDone done);
  void allocate(int file, int mode, std::uint64_t offset, std::uint64_t size, OnDone done);

  // ---- Descriptors. Called in every turn in which the descriptor is ready, until it is forgotten.
  WatchId watch(int file, Readiness what, OnReady ready);
  void forget(WatchId watch);

  // Begins what was asked for and handles what has ended; waits until something has, or `limit`.
  void turn(Instant limit);

 private:
  struct State;
  explicit Ring(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mainstay::mirrord
