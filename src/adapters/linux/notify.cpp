// The service manager's protocol.
#include "adapters/linux/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "adapters/linux/errno_text.h"

namespace mainstay::adapters {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

}  // namespace

Notifier::Environment Notifier::environment() {
  Environment found{.socket = variable("NOTIFY_SOCKET")};
  const auto watchdog_pid = number(variable("WATCHDOG_PID"));
  const auto watchdog_usec = number(variable("WATCHDOG_USEC"));
  if (watchdog_usec && (!watchdog_pid || *watchdog_pid == getpid())) {
    found.watchdog = std::chrono::microseconds(*watchdog_usec);
  }
  return found;
}

Result<Notifier> Notifier::open(const Environment& environment) {
  Notifier notifier;
  const std::string& name = environment.socket;
  if (name.empty()) return notifier;
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (name.size() >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@')) {
    return failure(Code::invalid, fmt::format("NOTIFY_SOCKET='{}' is not a socket's name", name));
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  notifier.socket_ = Fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!notifier.socket_ ||
      connect(notifier.socket_.number(), reinterpret_cast<sockaddr*>(&address), size) != 0) {
    return errno_failure(errno, fmt::format("the service manager's socket {}", name));
  }
  notifier.watchdog_ = environment.watchdog;
  return notifier;
}

void Notifier::stopping_within(Duration patience) const {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(patience);
  send(fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", microseconds.count()));
}

void Notifier::status(std::string_view text) const {
  std::string line = fmt::format("STATUS={}", text);
  std::ranges::replace(line, '\n', ' ');
  send(line);
}

void Notifier::alive(Duration patience) const {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(patience);
  send(fmt::format("WATCHDOG_USEC={}\nWATCHDOG=1", microseconds.count()));
}

void Notifier::send(std::string_view text) const {
  if (!socket_) return;
  // A manager that does not listen loses a line of status, or stops us for silence, as it must.
  static_cast<void>(::send(socket_.number(), text.data(), text.size(), MSG_NOSIGNAL));
}

}  // namespace mainstay::adapters
