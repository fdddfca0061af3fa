// The event loop, on epoll, timerfd, eventfd and signalfd.
#include "adapters/linux/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "posix/fd.h"

namespace mainstay::adapters {
namespace {

// One turn handles at most this many descriptors, then timers and posts have their turn.
constexpr int events_per_turn_max = 64;

timespec to_timespec(Instant instant) {
  const auto since = instant.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  return {.tv_sec = seconds.count(), .tv_nsec = (since - seconds).count()};
}

Instant boot_time() {
  timespec time{};
  MAINSTAY_CHECK(clock_gettime(CLOCK_BOOTTIME, &time) == 0);
  return Instant(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
}

// Only the first entry into an empty box rings the bell, so a busy loop pays no system call.
class SharedMailbox : public Mailbox {
 public:
  SharedMailbox() : bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { MAINSTAY_CHECK(bell_); }

  void post(std::move_only_function<void()> action) override {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    MAINSTAY_CHECK(actions_.size() < posts_max);
    actions_.push_back(std::move(action));
    if (actions_.size() == 1) eventfd_write(bell_.number(), 1);
  }
  std::deque<std::move_only_function<void()>> take() {
    const std::scoped_lock lock(mutex_);
    if (!actions_.empty()) {
      eventfd_t ignored = 0;
      eventfd_read(bell_.number(), &ignored);
    }
    return std::exchange(actions_, {});
  }
  void close() {
    std::deque<std::move_only_function<void()>> dropped;
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    dropped = std::exchange(actions_, {});
  }
  int bell() const { return bell_.number(); }

 private:
  std::mutex mutex_;
  std::deque<std::move_only_function<void()>> actions_;
  bool closed_ = false;
  Fd bell_;
};

struct Watch {
  std::uint32_t generation = 0;
  Readiness interest;
  std::function<void(Readiness)> callback;
};

}  // namespace

struct Loop::State {
  Fd epoll{epoll_create1(EPOLL_CLOEXEC)};
  Fd alarm{timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)};
  std::shared_ptr<SharedMailbox> mailbox = std::make_shared<SharedMailbox>();
  bool stopped = false;

  std::map<std::pair<Instant, TimerId>, std::function<void()>> timers;
  std::map<TimerId, Instant> timer_instants;
  TimerId last_timer = 0;
  Instant alarm_at = never;

  // Shared, because a callback may forget itself while it runs.
  std::map<int, std::shared_ptr<Watch>> watches;
  std::uint32_t last_generation = 0;

  Fd signals;
  sigset_t signal_set{};
  std::map<int, std::function<void()>> signal_actions;

  void add_internal(int fd);
  void control(int fd, const Watch& watch, bool known);
  void run_posted();
  void run_timers();
  void set_alarm(Instant limit);
  void turn(Instant limit);
  void dispatch(const epoll_event& event);
  void read_signals();
};

void Loop::State::add_internal(int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = static_cast<std::uint32_t>(fd)}};
  MAINSTAY_CHECK(epoll_ctl(epoll.number(), EPOLL_CTL_ADD, fd, &event) == 0);
}

void Loop::State::control(int fd, const Watch& watch, bool known) {
  epoll_event event{};
  if (watch.interest.readable) event.events |= EPOLLIN;
  if (watch.interest.writable) event.events |= EPOLLOUT;
  event.data.u64 =
      (static_cast<std::uint64_t>(watch.generation) << 32) | static_cast<std::uint32_t>(fd);
  if (known && epoll_ctl(epoll.number(), EPOLL_CTL_MOD, fd, &event) == 0) return;
  MAINSTAY_CHECK(epoll_ctl(epoll.number(), EPOLL_CTL_ADD, fd, &event) == 0);
}

void Loop::State::run_posted() {
  auto actions = mailbox->take();
  for (auto& action : actions) action();
}

void Loop::State::run_timers() {
  // The clock is read once: a timer set for "now" by a timer waits for the next turn.
  const Instant now = boot_time();
  while (!timers.empty() && timers.begin()->first.first <= now) {
    auto node = timers.extract(timers.begin());
    timer_instants.erase(node.key().second);
    node.mapped()();
  }
}

void Loop::State::set_alarm(Instant limit) {
  const Instant wanted = timers.empty() ? limit : std::min(limit, timers.begin()->first.first);
  if (wanted == alarm_at) return;
  alarm_at = wanted;
  itimerspec spec{};
  // Zero would disarm it, so an instant of the past becomes the first nanosecond.
  if (wanted != never) spec.it_value = to_timespec(std::max(wanted, Instant(Duration(1))));
  MAINSTAY_CHECK(timerfd_settime(alarm.number(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
}

void Loop::State::dispatch(const epoll_event& event) {
  const int fd = static_cast<int>(event.data.u64 & 0xffffffffU);
  if (fd == mailbox->bell()) return;
  if (fd == alarm.number()) {
    std::uint64_t expirations = 0;
    if (read(fd, &expirations, sizeof expirations) > 0) alarm_at = never;
    return;
  }
  if (fd == signals.number()) return read_signals();
  const auto found = watches.find(fd);
  // An earlier callback of this turn may have forgotten it, and the number may be in use again.
  if (found == watches.end() || found->second->generation != event.data.u64 >> 32) return;
  const auto watch = found->second;
  const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
  watch->callback({.readable = broken || (event.events & EPOLLIN) != 0,
                   .writable = broken || (event.events & EPOLLOUT) != 0});
}

void Loop::State::read_signals() {
  signalfd_siginfo info{};
  while (read(signals.number(), &info, sizeof info) == sizeof info) {
    const auto found = signal_actions.find(static_cast<int>(info.ssi_signo));
    if (found != signal_actions.end()) found->second();
  }
}

void Loop::State::turn(Instant limit) {
  set_alarm(limit);
  std::array<epoll_event, events_per_turn_max> events{};
  const int count = epoll_wait(epoll.number(), events.data(), events_per_turn_max, -1);
  MAINSTAY_CHECK(count >= 0 || errno == EINTR);
  run_timers();
  for (int i = 0; i < count; ++i) dispatch(events[static_cast<std::size_t>(i)]);
  run_posted();
}

Loop::Loop() : state_(std::make_unique<State>()) {
  MAINSTAY_CHECK(state_->epoll && state_->alarm);
  sigemptyset(&state_->signal_set);
  state_->add_internal(state_->mailbox->bell());
  state_->add_internal(state_->alarm.number());
}

Loop::~Loop() { state_->mailbox->close(); }

Instant Loop::now() const { return boot_time(); }

void Loop::post(std::move_only_function<void()> action) {
  state_->mailbox->post(std::move(action));
}

std::shared_ptr<Mailbox> Loop::mailbox() const { return state_->mailbox; }

TimerId Loop::call_at(Instant when, std::function<void()> action) {
  const TimerId id = ++state_->last_timer;
  state_->timers.emplace(std::pair(when, id), std::move(action));
  state_->timer_instants.emplace(id, when);
  return id;
}

void Loop::cancel(TimerId timer) {
  const auto found = state_->timer_instants.find(timer);
  if (found == state_->timer_instants.end()) return;
  state_->timers.erase({found->second, timer});
  state_->timer_instants.erase(found);
}

void Loop::watch(int fd, Readiness interest, std::function<void(Readiness)> callback) {
  MAINSTAY_CHECK(fd >= 0);
  auto& slot = state_->watches[fd];
  const bool known = slot != nullptr;
  slot = std::make_shared<Watch>(++state_->last_generation, interest, std::move(callback));
  state_->control(fd, *slot, known);
}

void Loop::forget(int fd) {
  if (state_->watches.erase(fd) == 0) return;
  // It fails only if the descriptor is closed already, which takes it out of the epoll set.
  static_cast<void>(epoll_ctl(state_->epoll.number(), EPOLL_CTL_DEL, fd, nullptr));
}

void Loop::on_signal(int signal, std::function<void()> action) {
  sigaddset(&state_->signal_set, signal);
  MAINSTAY_CHECK(pthread_sigmask(SIG_BLOCK, &state_->signal_set, nullptr) == 0);
  const bool known = static_cast<bool>(state_->signals);
  const int fd =
      signalfd(state_->signals.number(), &state_->signal_set, SFD_CLOEXEC | SFD_NONBLOCK);
  MAINSTAY_CHECK(fd >= 0);
  state_->signal_actions[signal] = std::move(action);
  if (known) return;
  state_->signals = Fd(fd);
  state_->add_internal(fd);
}

void Loop::run() {
  while (!std::exchange(state_->stopped, false)) state_->turn(never);
}

void Loop::stop() { state_->stopped = true; }

bool Loop::run_until(const std::function<bool()>& condition, Instant deadline) {
  while (!condition()) {
    if (now() >= deadline) return false;
    state_->turn(deadline);
  }
  return true;
}

}  // namespace mainstay::adapters
