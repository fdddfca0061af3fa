// IP addresses as text and as the kernel wants them.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace mainstay::adapters {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// IPv4 or IPv6 in text form; a link-local IPv6 address may name its interface ("fe80::1%eth0").
Result<SocketAddress> parse_address(const std::string& text, std::uint16_t port);

// "10.0.1.7" or "fd00::7".
std::string to_text(const SocketAddress& address);

}  // namespace mainstay::adapters
