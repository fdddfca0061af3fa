// DNS messages (RFC 1035): one question about one name, and what a server answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "ports/resolver.h"

namespace mainstay::adapters {

enum class DnsType : std::uint16_t { a = 1, ns = 2, aaaa = 28 };
DnsType type_of(IpFamily family);

struct DnsQuestion {
  std::uint16_t number = 0;  // random, so that an answer to something else is not taken for ours
  std::string name;
  DnsType type = DnsType::a;
};

// invalid: no DNS name.
Result<Bytes> encode(const DnsQuestion& question);

// Whether the datagram is an answer to this question at all.
bool answers(ByteView message, const DnsQuestion& question);
// It was cut off to fit into a datagram: to be asked again by TCP.
bool is_truncated(ByteView message);
// The addresses, through any aliases; of type NS the servers' names, in lower case. not_found:
// there is no such name, or it has none of the type. unavailable: the server refuses or failed.
// corrupt: it makes no sense. Fuzzed.
Result<std::vector<std::string>> decode(ByteView message, const DnsQuestion& question);

}  // namespace mainstay::adapters
