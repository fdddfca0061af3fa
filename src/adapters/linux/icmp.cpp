// One ICMP echo request and its answer.
#include "adapters/linux/icmp.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <cerrno>

#include "adapters/linux/errno_text.h"
#include "adapters/linux/seal.h"

namespace mainstay::adapters {
namespace {

constexpr std::size_t icmp_header_size = 8;

// The internet checksum, of an even number of bytes.
std::uint16_t checksum(ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum & 0xffff);
}

}  // namespace

Result<std::unique_ptr<EchoRequest>> EchoRequest::send(Loop& loop, const SocketAddress& target,
                                                       std::function<void(Duration)> answered) {
  std::unique_ptr<EchoRequest> echo(new EchoRequest(loop));
  if (auto opened = echo->open_socket(target.family()); !opened) {
    return std::unexpected(opened.error());
  }
  echo->answered_ = std::move(answered);
  if (auto sent = echo->send_request(target); !sent) return std::unexpected(sent.error());
  loop.watch(echo->socket_.number(), {.readable = true},
             [self = echo.get()](Readiness) { self->receive(); });
  return echo;
}

EchoRequest::~EchoRequest() {
  if (socket_) loop_.forget(socket_.number());
}

Status EchoRequest::open_socket(int family) {
  is_v4_ = family == AF_INET;
  const int protocol = is_v4_ ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  constexpr int flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  socket_ = Fd(socket(family, SOCK_DGRAM | flags, protocol));
  if (socket_) return {};
  raw_ = true;
  socket_ = Fd(socket(family, SOCK_RAW | flags, protocol));
  if (socket_) return {};
  return failure(Code::denied,
                 fmt::format("an ICMP socket: {}; give mainstayd CAP_NET_RAW, or its group a place "
                             "in net.ipv4.ping_group_range",
                             errno_text(errno)));
}

Status EchoRequest::send_request(const SocketAddress& target) {
  sodium_ready();
  random_bytes(cookie_);
  Bytes packet(icmp_header_size + cookie_.size());
  packet[0] =
      is_v4_ ? static_cast<std::uint8_t>(ICMP_ECHO) : static_cast<std::uint8_t>(ICMP6_ECHO_REQUEST);
  // Identifier and sequence: a ping socket sets its own identifier.
  std::copy_n(cookie_.begin(), 4, packet.begin() + 4);
  std::ranges::copy(cookie_, packet.begin() + icmp_header_size);
  const std::uint16_t sum = checksum(packet);
  // For IPv6 the kernel computes it, addresses included.
  if (is_v4_) {
    packet[2] = static_cast<std::uint8_t>(sum >> 8);
    packet[3] = static_cast<std::uint8_t>(sum & 0xff);
  }
  sent_at_ = loop_.now();
  if (sendto(socket_.number(), packet.data(), packet.size(), MSG_NOSIGNAL, target.data(),
             target.size) < 0) {
    return errno_failure(errno, "an echo request");
  }
  return {};
}

void EchoRequest::receive() {
  std::array<std::uint8_t, 2048> buffer{};
  for (;;) {
    const ssize_t size = recv(socket_.number(), buffer.data(), buffer.size(), 0);
    if (size < 0) return;
    if (!is_answer(ByteView(buffer).first(static_cast<std::size_t>(size)))) continue;
    const auto answered = std::exchange(answered_, nullptr);
    const Duration time = loop_.now() - sent_at_;
    loop_.forget(socket_.number());
    if (answered) answered(time);  // It may end this object.
    return;
  }
}

bool EchoRequest::is_answer(ByteView packet) const {
  if (raw_ && is_v4_) {
    // A raw IPv4 socket shows the IP header, too.
    const std::size_t header = packet.empty() ? 0 : 4U * (packet[0] & 0x0fU);
    if (header < 20 || packet.size() < header) return false;
    packet = packet.subspan(header);
  }
  const auto type = is_v4_ ? static_cast<std::uint8_t>(ICMP_ECHOREPLY)
                           : static_cast<std::uint8_t>(ICMP6_ECHO_REPLY);
  return packet.size() == icmp_header_size + cookie_.size() && packet[0] == type &&
         std::ranges::equal(packet.subspan(icmp_header_size), cookie_);
}

}  // namespace mainstay::adapters
