// IP addresses as text and as the kernel wants them.
#include "adapters/linux/address.h"

#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

namespace mainstay::adapters {

Result<SocketAddress> parse_address(const std::string& text, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  // With AI_NUMERICHOST nothing is asked of any name server.
  if (text.empty() ||
      getaddrinfo(text.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return failure(Code::invalid, fmt::format("'{}' is not an IP address", text));
  }
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

std::string to_text(const SocketAddress& address) {
  std::array<char, NI_MAXHOST> text{};
  if (getnameinfo(address.data(), address.size, text.data(), text.size(), nullptr, 0,
                  NI_NUMERICHOST) != 0) {
    return "?";
  }
  return text.data();
}

}  // namespace mainstay::adapters
