#include "adapters/mirror/line_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "adapters/linux/errno_text.h"
#include "adapters/mirror/protocol.h"

namespace mainstay::adapters {

Result<std::unique_ptr<LineSocket>> LineSocket::connect(Loop& loop, const std::string& path,
                                                        Handler handler) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return failure(Code::invalid, fmt::format("{}: the path of a socket is too long", path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_failure(errno, path);
  if (::connect(fd.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const bool denied = errno == EACCES || errno == EPERM;
    return failure(denied ? Code::denied : Code::unavailable,
                   fmt::format("{}: {}", path, errno_text(errno)));
  }
  return std::make_unique<LineSocket>(loop, std::move(fd), std::move(handler));
}

LineSocket::LineSocket(Loop& loop, Fd fd, Handler handler)
    : loop_(loop), fd_(std::move(fd)), handler_(std::move(handler)) {
  watch();
}

LineSocket::~LineSocket() {
  *alive_ = false;
  if (fd_) loop_.forget(fd_.number());
}

void LineSocket::watch() {
  loop_.watch(fd_.number(), {.readable = true, .writable = !unsent_.empty()},
              [this](Readiness ready) { on_ready(ready); });
}

void LineSocket::send(std::string_view line) {
  if (!fd_ || unsent_.size() + line.size() > unsent_max) return;
  unsent_.append(line).push_back('\n');
  flush();
}

void LineSocket::flush() {
  while (!unsent_.empty()) {
    const ssize_t sent = ::send(fd_.number(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0) break;  // Not now, or never more: reading tells which.
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
  watch();
}

void LineSocket::on_ready(Readiness ready) {
  const auto alive = alive_;
  if (ready.readable) read();
  if (*alive && fd_ && ready.writable) flush();
}

void LineSocket::read() {
  std::array<char, 16384> block;
  const ssize_t got = ::recv(fd_.number(), block.data(), block.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return end(got == 0 ? "the connection was closed" : errno_text(errno));
  received_.append(block.data(), static_cast<std::size_t>(got));
  const auto alive = alive_;
  while (true) {
    const auto newline = received_.find('\n');
    if (newline == received_.npos) break;
    const std::string line = received_.substr(0, newline);
    received_.erase(0, newline + 1);
    handler_.on_line(line);
    if (!*alive || !fd_) return;
  }
  if (received_.size() > mirror_line_max) end("a line is too long");
}

void LineSocket::end(const std::string& why) {
  loop_.forget(fd_.number());
  fd_.reset();
  const auto tell = handler_.on_end;
  if (tell) tell(why);
}

}  // namespace mainstay::adapters
