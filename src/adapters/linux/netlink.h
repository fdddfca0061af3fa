// The kernel's addresses and links, by rtnetlink. Blocking: called from a Worker, not from the
// loop.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "posix/fd.h"

namespace mainstay::adapters {

struct LinkFacts {
  int index = 0;
  std::string name;
  std::string mac;  // "02:ab:...", lower case; "" if it has none
  bool up = false;
};

struct AddressFacts {
  int index = 0;        // of its link
  std::string address;  // text form
  int prefix = 0;
};

class Netlink {
 public:
  static Result<Netlink> open();

  Result<std::vector<LinkFacts>> links();
  Result<std::vector<AddressFacts>> addresses();
  // As the kernel says it: conflict if it is there already.
  Status add_address(int link, const std::string& address);
  // not_found if it is not there.
  Status remove_address(int link, const std::string& address);

 private:
  Status change_address(int link, const std::string& address, std::uint16_t type,
                        std::uint16_t flags);
  // Sends one request; gives the payloads of all answers, each after its netlink header.
  Result<std::vector<Bytes>> ask(std::uint16_t type, std::uint16_t flags, ByteView body);
  Result<bool> take(ByteView packet, std::vector<Bytes>& answers) const;

  Fd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace mainstay::adapters
