// The service manager's protocol (sd_notify): datagrams of "NAME=value" lines to a Unix socket.
//
// Without a service manager everything here does nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "posix/fd.h"

namespace mainstay::adapters {

class Notifier {
 public:
  // What the service manager put into the environment of this process.
  struct Environment {
    std::string socket;                // NOTIFY_SOCKET; "@..." is an abstract name
    std::optional<Duration> watchdog;  // WATCHDOG_USEC, if it is meant for this process
  };
  static Environment environment();

  // invalid: the socket's name is none.
  static Result<Notifier> open(const Environment& environment);

  bool managed() const { return static_cast<bool>(socket_); }
  // In which time the manager wants to hear of us; nothing if it does not.
  std::optional<Duration> watchdog() const { return watchdog_; }

  void ready() const { send("READY=1"); }
  void stopping() const { send("STOPPING=1"); }
  // We end, and that may take so long, whatever the unit's own time limit says.
  void stopping_within(Duration patience) const;
  // One line for `systemctl status`.
  void status(std::string_view text) const;
  // We are well; if nothing more is heard for `patience`, we are to be killed.
  void alive(Duration patience) const;

 private:
  void send(std::string_view text) const;

  Fd socket_;
  std::optional<Duration> watchdog_;
};

}  // namespace mainstay::adapters
