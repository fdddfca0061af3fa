// DNS messages (RFC 1035): one question about one name's addresses, and what a server answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "ports/resolver.h"

namespace mainstay::adapters {

struct DnsQuestion {
  std::uint16_t number = 0;  // random, so that an answer to something else is not taken for ours
  std::string name;
  IpFamily family = IpFamily::v4;
};

// invalid: no DNS name.
Result<Bytes> encode(const DnsQuestion& question);

// Whether the datagram is an answer to this question at all.
bool answers(ByteView message, const DnsQuestion& question);
// It was cut off to fit into a datagram: to be asked again by TCP.
bool is_truncated(ByteView message);
// The addresses, through any aliases. not_found: there is no such name, or it has none of the
// family. unavailable: the server refuses or failed. corrupt: it makes no sense. Fuzzed.
Result<std::vector<IpAddress>> decode(ByteView message, const DnsQuestion& question);

}  // namespace mainstay::adapters
