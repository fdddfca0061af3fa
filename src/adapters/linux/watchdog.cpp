// The Power port: watchdogs and the last actions.
#include "adapters/linux/watchdog.h"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "adapters/linux/errno_text.h"
#include "posix/fd.h"

namespace mainstay::adapters {
namespace {

// Devices refuse very long countdowns; this one all of them take.
constexpr std::chrono::seconds device_countdown_max{60};

}  // namespace

WatchdogDevice watchdog_device(std::string file) {
  const auto device = std::make_shared<Fd>();
  const auto count_down = [device, file](std::chrono::seconds time) -> Status {
    if (!*device) *device = Fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!*device) return errno_failure(errno, "watchdog " + file);
    int seconds = static_cast<int>(time.count());
    if (ioctl(device->number(), WDIOC_SETTIMEOUT, &seconds) != 0 ||
        ioctl(device->number(), WDIOC_KEEPALIVE, 0) != 0) {
      return errno_failure(errno, "watchdog " + file);
    }
    return {};
  };
  const auto disarm = [device, file]() -> Status {
    if (!*device) return {};
    // Closing alone would mean that we died; the letter says that it is on purpose.
    if (write(device->number(), "V", 1) != 1) return errno_failure(errno, "watchdog " + file);
    device->reset();
    return {};
  };
  return {.count_down = count_down, .disarm = disarm};
}

LinuxPower::LinuxPower(Loop& loop, const Notifier& notifier, PowerSettings settings)
    : loop_(loop), notifier_(notifier), settings_(std::move(settings)) {
  tell_manager();
}

LinuxPower::~LinuxPower() {
  loop_.cancel(overdue_timer_);
  loop_.cancel(alive_timer_);
}

void LinuxPower::arm_watchdog(Instant deadline) {
  deadline_ = deadline;
  paused_ = false;
  loop_.cancel(overdue_timer_);
  if (deadline != never) overdue_timer_ = loop_.call_at(deadline, [this] { overdue(); });
  tell_manager();
  arm_device();
}

// While the deadline is further off than the manager's own patience, it hears of us in between.
void LinuxPower::tell_manager() {
  if (!notifier_.watchdog()) return;
  const Instant now = loop_.now();
  if (now >= deadline_) return;
  const Duration patience = *notifier_.watchdog();
  const bool far = deadline_ == never || deadline_ - now > patience;
  notifier_.alive(far ? patience : deadline_ - now);
  loop_.cancel(alive_timer_);
  if (far) alive_timer_ = loop_.call_at(now + patience / 2, [this] { tell_manager(); });
}

void LinuxPower::arm_device() {
  if (!settings_.device.count_down) return;
  Status done;
  if (deadline_ == never) {
    done = settings_.device.disarm();
  } else {
    const auto left = std::chrono::floor<std::chrono::seconds>(deadline_ - loop_.now());
    done = settings_.device.count_down(
        std::clamp(left, std::chrono::seconds(1), device_countdown_max));
  }
  if (!done) settings_.tell(done.error().message);
}

void LinuxPower::overdue() {
  const Instant now = loop_.now();
  if (!paused_ && now - deadline_ >= paused_after) {
    paused_ = true;
    settings_.tell(
        fmt::format("this process did not run for {} after the watchdog's deadline; it "
                    "has {} to stop what it runs",
                    mainstay::to_text(now - deadline_), mainstay::to_text(paused_patience)));
    overdue_timer_ = loop_.call_at(now + paused_patience, [this] { overdue(); });
    return;
  }
  settings_.tell("the watchdog's deadline passed and nothing armed it anew; resetting this node");
  halt(HaltKind::reset);
}

void LinuxPower::halt(HaltKind kind) {
  if (kind == HaltKind::stop_service) {
    notifier_.stopping();
    return settings_.stop_service();
  }
  if (const auto done = settings_.halts.act(kind); !done) settings_.tell(done.error().message);
}

Task<Status> LinuxPower::fence(NodeName peer, Call) {
  co_return failure(Code::unavailable,
                    fmt::format("node {} cannot be stopped: no forced stop is configured", peer));
}

}  // namespace mainstay::adapters
