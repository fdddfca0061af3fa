// The Power port: watchdogs and the last actions.
//
// Three watchdogs stand behind arm_watchdog(), each for a deeper kind of death. A timer of the loop
// resets the node if the core lets a deadline pass. The service manager kills the daemon if the
// loop is stuck. The kernel's device, where one is configured, resets the machine if the daemon is
// gone or the machine starves; it counts whole seconds, and less than one is not to be had of it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/linux/halt.h"
#include "adapters/linux/loop.h"
#include "adapters/linux/notify.h"
#include "ports/power.h"

namespace mainstay::adapters {

// A whole machine that was paused wakes with its deadline long gone. The loop's timer then gives
// the core a moment to kill what runs, which is quicker than a reset, and resets if that was not
// done.
inline constexpr Duration paused_after = 50ms;
inline constexpr Duration paused_patience = 100ms;

// A watchdog device, as the kernel offers it or as a test feigns it.
struct WatchdogDevice {
  // Starts, or starts anew, the countdown.
  std::function<Status(std::chrono::seconds)> count_down;
  std::function<Status()> disarm;
};
// Opens it at the first countdown; opening starts one.
WatchdogDevice watchdog_device(std::string file);

struct PowerSettings {
  HaltActions halts;
  std::function<void()> stop_service;     // ends the daemon in order
  WatchdogDevice device;                  // empty functions: there is none
  std::function<void(std::string)> tell;  // for the log: what did not work
};

class LinuxPower : public Power {
 public:
  // `notifier` outlives it.
  LinuxPower(Loop& loop, const Notifier& notifier, PowerSettings settings);
  ~LinuxPower() override;

  void arm_watchdog(Instant deadline) override;
  void halt(HaltKind kind) override;
  Task<Status> fence(NodeName peer, Call call) override;

 private:
  void tell_manager();
  void arm_device();
  void overdue();

  Loop& loop_;
  const Notifier& notifier_;
  PowerSettings settings_;
  Instant deadline_ = never;
  bool paused_ = false;  // and the deadline that passed meanwhile has not been moved since
  TimerId overdue_timer_ = 0;
  TimerId alive_timer_ = 0;
};

}  // namespace mainstay::adapters
