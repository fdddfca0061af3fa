#include "adapters/http/poll_loop.h"

#include <poll.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace mainstay {
namespace {

// poll() rounds down to milliseconds; waking too early would spin.
int poll_timeout(Duration left) {
  if (left <= Duration::zero()) return 0;
  return static_cast<int>(
      std::chrono::ceil<std::chrono::milliseconds>(std::min(left, Duration(1h))).count());
}

}  // namespace

Instant PollLoop::now() const {
  timespec time{};
  MAINSTAY_CHECK(clock_gettime(CLOCK_BOOTTIME, &time) == 0);
  return Instant(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

WallTime PollLoop::wall() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

TimerId PollLoop::call_at(Instant when, std::function<void()> action) {
  const TimerId id = ++last_id_;
  timers_.emplace(std::pair(when, id), std::move(action));
  due_.emplace(id, when);
  return id;
}

void PollLoop::cancel(TimerId timer) {
  const auto found = due_.find(timer);
  if (found == due_.end()) return;
  timers_.erase({found->second, timer});
  due_.erase(found);
}

void PollLoop::watch(int descriptor, Readiness interest, std::function<void(Readiness)> on_ready) {
  watches_[descriptor] = Watch{++last_id_, interest, std::move(on_ready)};
}

void PollLoop::forget(int descriptor) { watches_.erase(descriptor); }

void PollLoop::run_until(const std::function<bool()>& done) {
  while (!done()) run_once(never);
}

void PollLoop::run_once(Instant until) {
  if (!timers_.empty()) until = std::min(until, timers_.begin()->first.first);
  wait_for_descriptors(until);
  run_due_timers();
}

// Only timers that were due at the beginning: one that arms itself anew for "now" must not keep the
// descriptors waiting.
void PollLoop::run_due_timers() {
  const Instant time = now();
  const TimerId newest = last_id_;
  for (auto next = timers_.begin(); next != timers_.end() && next->first.first <= time;) {
    if (next->first.second > newest) {
      ++next;
      continue;
    }
    auto action = std::move(next->second);
    due_.erase(next->first.second);
    timers_.erase(next);
    action();
    next = timers_.begin();
  }
}

void PollLoop::wait_for_descriptors(Instant until) {
  std::vector<pollfd> polled;
  std::vector<std::uint64_t> ids;
  for (const auto& [descriptor, watch] : watches_) {
    const int events =
        (watch.interest.readable ? POLLIN : 0) | (watch.interest.writable ? POLLOUT : 0);
    polled.push_back({descriptor, static_cast<short>(events), 0});
    ids.push_back(watch.id);
  }
  const int timeout = until == never ? poll_timeout(1h) : poll_timeout(until - now());
  if (poll(polled.data(), polled.size(), timeout) <= 0) return;
  for (std::size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    const auto found = watches_.find(polled[i].fd);
    // An earlier callback of this round may have forgotten or replaced it.
    if (found == watches_.end() || found->second.id != ids[i]) continue;
    const auto on_ready = found->second.on_ready;
    on_ready({.readable = (polled[i].revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL)) != 0,
              .writable = (polled[i].revents & (POLLOUT | POLLERR)) != 0});
  }
}

}  // namespace mainstay
