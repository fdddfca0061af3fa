// sendmsg and recvmsg with SCM_RIGHTS.
#include "lab/unix_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mainstay::lab {
namespace {

// The path of a socket is limited to 107 bytes; through the directory's descriptor it is always
// short.
struct Place {
  Fd directory;
  sockaddr_un address{};
};

Result<Place> place_of(const std::string& directory, const std::string& name) {
  Place place;
  place.directory = Fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place.directory) return system_failure("open " + directory);
  place.address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", place.directory.number(), name);
  if (path.size() >= sizeof(place.address.sun_path)) {
    return failure(Code::invalid, "the name of the socket is too long: " + name);
  }
  std::memcpy(place.address.sun_path, path.c_str(), path.size() + 1);
  return place;
}

}  // namespace

Result<Fd> listen_at(const std::string& directory, const std::string& name) {
  auto place = place_of(directory, name);
  if (!place) return std::unexpected(place.error());
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  ::unlink((directory + "/" + name).c_str());
  if (!socket ||
      ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&place->address),
             sizeof(place->address)) != 0 ||
      ::listen(socket.number(), 128) != 0) {
    return system_failure(fmt::format("listen at {}/{}", directory, name));
  }
  return socket;
}

Result<Fd> connect_to(const std::string& directory, const std::string& name) {
  auto place = place_of(directory, name);
  if (!place) return std::unexpected(place.error());
  Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.number(), reinterpret_cast<const sockaddr*>(&place->address),
                           sizeof(place->address)) != 0) {
    return system_failure(fmt::format("connect to {}/{}", directory, name));
  }
  return socket;
}

Status send_message(const Fd& socket, std::string_view bytes, const std::vector<int>& descriptors) {
  if (bytes.size() > message_max || descriptors.size() > descriptors_max) {
    return failure(Code::invalid, "the message is too large for the lab's socket");
  }
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> extra{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = extra.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(head), descriptors.data(), descriptors.size() * sizeof(int));
  }
  if (::sendmsg(socket.number(), &message, MSG_NOSIGNAL) < 0)
    return system_failure("send a message");
  return {};
}

Result<SocketMessage> receive_message(const Fd& socket, Duration patience) {
  pollfd watched{socket.number(), POLLIN, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
  const int ready = ::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(ms, 1 << 30)));
  if (ready < 0) return system_failure("wait for a message");
  if (ready == 0) return failure(Code::timed_out, "no message came in time");
  SocketMessage got;
  got.bytes.resize(message_max);
  iovec part{got.bytes.data(), got.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> extra{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = extra.data();
  message.msg_controllen = extra.size();
  const ssize_t size = ::recvmsg(socket.number(), &message, MSG_CMSG_CLOEXEC);
  if (size < 0 && errno != ECONNRESET) return system_failure("receive a message");
  got.bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
       head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
      got.descriptors.emplace_back(number);
    }
  }
  return got;
}

}  // namespace mainstay::lab
