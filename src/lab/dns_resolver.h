// What DNS servers know: zones, looked up as a name server does, and a resolver that remembers
// answers for their TTL. Pure; the clock is an argument.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lab/dns_message.h"

namespace mainstay::lab {

struct DnsZone {
  std::string name;
  const std::vector<RecordSet>* records = nullptr;
};

// From the zone that lies closest around the name; follows aliases (CNAME) from zone to zone.
// Code refused: none of the zones is about that name.
DnsAnswer look_up_in_zones(const std::vector<DnsZone>& zones, const DnsQuestion& question);

inline constexpr std::size_t dns_cache_max = 10'000;
inline constexpr std::uint32_t absence_ttl_max =
    5;  // so long it is remembered that there is nothing
inline constexpr int aliases_max = 8;

// Answers as resolvers do: from memory with what is left of the TTL, otherwise by asking.
class DnsResolver {
 public:
  using Ask = std::function<DnsAnswer(const DnsQuestion&)>;
  DnsAnswer answer(const DnsQuestion& question, std::int64_t now_ms, const Ask& ask);
  void forget() { cache_.clear(); }

 private:
  struct Remembered {
    DnsAnswer answer;
    std::int64_t since_ms = 0;
    std::int64_t until_ms = 0;
  };
  std::map<DnsQuestion, Remembered> cache_;
};

}  // namespace mainstay::lab
