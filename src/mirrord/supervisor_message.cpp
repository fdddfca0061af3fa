#include "mirrord/supervisor_message.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "adapters/linux/errno_text.h"
#include "base/bytes.h"
#include "base/check.h"

namespace mainstay::mirrord {
namespace {

constexpr std::uint8_t kinds = 10;
constexpr std::uint8_t codes = static_cast<std::uint8_t>(Code::cancelled) + 1;
constexpr std::uint8_t no_error = 0xff;

struct FileRoom {
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * supervisor_files_max)> bytes{};
};

Bytes encode(const SupervisorMessage& message) {
  ByteWriter writer;
  writer.u8(static_cast<std::uint8_t>(message.kind));
  writer.u64(message.number);
  writer.u64(message.restarts);
  writer.u8(message.error ? static_cast<std::uint8_t>(*message.error) : no_error);
  writer.text(message.text.substr(0, supervisor_text_max));
  return writer.take();
}

std::optional<SupervisorMessage> decode(ByteView bytes) {
  ByteReader reader(bytes);
  SupervisorMessage message;
  message.kind = reader.enumerator<SupervisorMessage::Kind>(kinds);
  message.number = reader.u64();
  message.restarts = reader.u64();
  const std::uint8_t error = reader.u8();
  if (error != no_error && error < codes) message.error = static_cast<Code>(error);
  message.text = reader.text(supervisor_text_max);
  if (!reader.finished()) return std::nullopt;
  return message;
}

std::vector<Fd> files_of(msghdr& header) {
  std::vector<Fd> files;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int file = -1;
      std::memcpy(&file, CMSG_DATA(part) + i * sizeof(int), sizeof file);
      files.emplace_back(file);
    }
  }
  return files;
}

}  // namespace

Status send_message(int socket, const SupervisorMessage& message) {
  Bytes bytes = encode(message);
  iovec content{.iov_base = bytes.data(), .iov_len = bytes.size()};
  FileRoom room;
  msghdr header{.msg_iov = &content, .msg_iovlen = 1};
  MAINSTAY_CHECK(message.files.size() <= supervisor_files_max);
  if (!message.files.empty()) {
    header.msg_control = room.bytes.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * message.files.size());
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * message.files.size());
    for (std::size_t i = 0; i < message.files.size(); ++i) {
      const int file = message.files[i].number();
      std::memcpy(CMSG_DATA(part) + i * sizeof(int), &file, sizeof file);
    }
  }
  while (sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return adapters::errno_failure(errno, "between supervisor and engine");
  }
  return {};
}

Result<std::optional<SupervisorMessage>> receive_message(int socket) {
  std::array<std::uint8_t, supervisor_text_max + 64> bytes{};
  iovec content{.iov_base = bytes.data(), .iov_len = bytes.size()};
  FileRoom room;
  msghdr header{.msg_iov = &content,
                .msg_iovlen = 1,
                .msg_control = room.bytes.data(),
                .msg_controllen = room.bytes.size()};
  const ssize_t size = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  if (size <= 0) return failure(Code::unavailable, "supervisor and engine: the other one is gone");
  auto files = files_of(header);
  auto message = decode(ByteView(bytes).first(static_cast<std::size_t>(size)));
  if (!message) return failure(Code::corrupt, "supervisor and engine: they differ in version");
  message->files = std::move(files);
  return message;
}

}  // namespace mainstay::mirrord
