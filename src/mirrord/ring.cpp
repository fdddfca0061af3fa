#include "mirrord/ring.h"

#include <liburing.h>
#include <poll.h>
#include <time.h>

#include <cerrno>
#include <deque>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "adapters/linux/errno_text.h"
#include "base/check.h"

namespace mainstay::mirrord {
namespace {

// What one call hands to the kernel at most; more goes in several.
constexpr unsigned submissions_max = 512;
// What one turn handles before it looks at everything else again.
constexpr unsigned completions_per_turn_max = 256;

// With many operations under way, several of them are waited for, but not for long: what is handled
// together costs less.
constexpr std::size_t operations_per_wait = 4;
constexpr unsigned waited_for_max = 8;
constexpr Duration gathering_max = 40us;

constexpr std::uint64_t watch_mark = 1ULL << 63;
constexpr std::uint64_t ignored = ~0ULL;

}  // namespace

struct Ring::State {
  io_uring ring{};
  std::vector<std::span<std::uint8_t>> arenas;

  std::vector<OnDone> pending;  // by number
  std::vector<std::uint64_t> free;

  struct Watch {
    int file = -1;
    short events = 0;
    bool armed = false;
    OnReady ready;
  };
  std::unordered_map<WatchId, Watch> watches;
  WatchId last_watch = 0;
  std::vector<WatchId> to_arm;

  ~State() { io_uring_queue_exit(&ring); }

  io_uring_sqe* entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring);
    if (entry != nullptr) return entry;
    MAINSTAY_CHECK(io_uring_submit(&ring) >= 0);
    entry = io_uring_get_sqe(&ring);
    MAINSTAY_CHECK(entry != nullptr);
    return entry;
  }
  void expect(io_uring_sqe* entry, OnDone done) {
    if (free.empty()) {
      free.push_back(pending.size());
      pending.emplace_back();
    }
    const std::uint64_t number = free.back();
    free.pop_back();
    pending[number] = std::move(done);
    io_uring_sqe_set_data64(entry, number);
  }
  // Which of the arenas it is in.
  std::optional<int> lent(std::span<const std::uint8_t> part) const {
    for (std::size_t i = 0; i < arenas.size(); ++i) {
      const auto& arena = arenas[i];
      if (part.data() < arena.data()) continue;
      if (part.data() + part.size() <= arena.data() + arena.size()) return static_cast<int>(i);
    }
    return std::nullopt;
  }
  void arm_watches() {
    for (const WatchId id : std::exchange(to_arm, {})) {
      const auto found = watches.find(id);
      if (found == watches.end() || found->second.armed) continue;
      found->second.armed = true;
      io_uring_sqe* poll = entry();
      io_uring_prep_poll_add(poll, found->second.file, static_cast<unsigned>(found->second.events));
      io_uring_sqe_set_data64(poll, id | watch_mark);
    }
  }
  // The callback may forget this watch, or any other.
  void on_ready(WatchId id) {
    const auto found = watches.find(id);
    if (found == watches.end()) return;
    found->second.armed = false;
    to_arm.push_back(id);
    OnReady ready = std::move(found->second.ready);
    ready();
    const auto still = watches.find(id);
    if (still != watches.end()) still->second.ready = std::move(ready);
  }
  void on_done(std::uint64_t number, int result) {
    OnDone done = std::move(pending[number]);
    free.push_back(number);
    done(result);
  }
};

Ring::Ring(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ring::~Ring() = default;

Instant Ring::now() {
  timespec time{};
  MAINSTAY_CHECK(clock_gettime(CLOCK_BOOTTIME, &time) == 0);
  return Instant(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
}

Result<std::unique_ptr<Ring>> Ring::open() {
  auto state = std::make_unique<State>();
  // Older kernels do not know these; they only spare interruptions.
  unsigned flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
  int failed = io_uring_queue_init(submissions_max, &state->ring, flags);
  if (failed == -EINVAL) failed = io_uring_queue_init(submissions_max, &state->ring, 0);
  if (failed < 0) {
    return failure(Code::unavailable,
                   fmt::format("io_uring: {}; the mirror needs Linux 5.11 or newer, and "
                               "kernel.io_uring_disabled must be 0",
                               adapters::errno_text(-failed)));
  }
  return std::unique_ptr<Ring>(new Ring(std::move(state)));
}

Status Ring::lend(std::span<const std::span<std::uint8_t>> arenas) {
  std::vector<iovec> all;
  for (const auto& arena : arenas) all.push_back({arena.data(), arena.size()});
  const auto count = static_cast<unsigned>(all.size());
  const int failed = io_uring_register_buffers(&state_->ring, all.data(), count);
  // Older kernels: not memory that processes share.
  if (failed == -EOPNOTSUPP) return {};
  if (failed < 0) return adapters::errno_failure(-failed, "io_uring: the buffers' memory");
  state_->arenas.assign(arenas.begin(), arenas.end());
  return {};
}

void Ring::read(int file, std::span<std::uint8_t> into, std::uint64_t offset, OnDone done) {
  io_uring_sqe* entry = state_->entry();
  const auto size = static_cast<unsigned>(into.size());
  if (const auto lent = state_->lent(into)) {
    io_uring_prep_read_fixed(entry, file, into.data(), size, offset, *lent);
  } else {
    io_uring_prep_read(entry, file, into.data(), size, offset);
  }
  state_->expect(entry, std::move(done));
}

void Ring::write(int file, std::span<const std::uint8_t> from, std::uint64_t offset, int flags,
                 OnDone done) {
  io_uring_sqe* entry = state_->entry();
  const auto size = static_cast<unsigned>(from.size());
  if (const auto lent = state_->lent(from)) {
    io_uring_prep_write_fixed(entry, file, from.data(), size, offset, *lent);
  } else {
    io_uring_prep_write(entry, file, from.data(), size, offset);
  }
  entry->rw_flags = flags;
  state_->expect(entry, std::move(done));
}

void Ring::sync_data(int file, OnDone done) {
  io_uring_sqe* entry = state_->entry();
  io_uring_prep_fsync(entry, file, IORING_FSYNC_DATASYNC);
  state_->expect(entry, std::move(done));
}

void Ring::allocate(int file, int mode, std::uint64_t offset, std::uint64_t size, OnDone done) {
  io_uring_sqe* entry = state_->entry();
  io_uring_prep_fallocate(entry, file, mode, static_cast<off_t>(offset), static_cast<off_t>(size));
  state_->expect(entry, std::move(done));
}

Ring::WatchId Ring::watch(int file, Readiness what, OnReady ready) {
  const short events = what == Readiness::readable ? POLLIN : POLLOUT;
  const WatchId id = ++state_->last_watch;
  state_->watches.emplace(id, State::Watch{file, events, false, std::move(ready)});
  state_->to_arm.push_back(id);
  return id;
}

void Ring::forget(WatchId watch) {
  const auto found = state_->watches.find(watch);
  if (found == state_->watches.end()) return;
  if (found->second.armed) {
    io_uring_sqe* entry = state_->entry();
    io_uring_prep_poll_remove(entry, watch | watch_mark);
    io_uring_sqe_set_data64(entry, ignored);
  }
  state_->watches.erase(found);
}

void Ring::turn(Instant limit) {
  state_->arm_watches();
  const std::size_t under_way = state_->pending.size() - state_->free.size();
  const auto gathered = static_cast<unsigned>(
      std::min<std::size_t>(1 + under_way / operations_per_wait, waited_for_max));
  const Duration longest = gathered > 1 ? gathering_max : Duration(3600s);
  const Duration left = std::clamp<Duration>(limit - now(), 0ns, longest);
  __kernel_timespec span{.tv_sec = left / 1s, .tv_nsec = (left % 1s).count()};
  io_uring_cqe* first = nullptr;
  const int outcome =
      io_uring_submit_and_wait_timeout(&state_->ring, &first, gathered, &span, nullptr);
  MAINSTAY_CHECK(outcome >= 0 || outcome == -ETIME || outcome == -EINTR || outcome == -EAGAIN ||
                 outcome == -EBUSY);
  for (unsigned handled = 0; handled < completions_per_turn_max; ++handled) {
    if (io_uring_peek_cqe(&state_->ring, &first) != 0) return;
    const std::uint64_t about = io_uring_cqe_get_data64(first);
    const int result = first->res;
    io_uring_cqe_seen(&state_->ring, first);
    if (about == ignored) continue;
    if ((about & watch_mark) != 0) {
      state_->on_ready(about & ~watch_mark);
    } else {
      state_->on_done(about, result);
    }
  }
}

}  // namespace mainstay::mirrord
