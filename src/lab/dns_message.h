// Messages of the DNS (RFC 1035) in bytes: a question in, an answer out. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/dns_names.h"

namespace mainstay::lab {

enum class DnsCode : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  no_such_name = 3,
  not_implemented = 4,
  refused = 5,
};

struct DnsQuestion {
  std::string name;  // in lower case, with the dot at its end
  std::string type;  // "A"; "TYPE65" for one the lab knows no name of
  friend auto operator<=>(const DnsQuestion&, const DnsQuestion&) = default;
};

struct DnsQuery {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  std::uint16_t size_max = 512;  // of an answer over UDP, as the asker says
  bool extended = false;         // the asker speaks EDNS
  DnsQuestion question = {};
  std::string question_bytes = {};  // to be repeated in the answer
};

struct DnsAnswer {
  DnsCode code = DnsCode::no_error;
  bool authoritative = false;
  bool recursion_available = false;
  std::vector<RecordSet> answers = {};
  std::vector<RecordSet> authority = {};
  friend bool operator==(const DnsAnswer&, const DnsAnswer&) = default;
};

// Code::invalid: no answer is owed. Anything but one question of class IN is an error.
Result<DnsQuery> parse_dns_query(std::string_view bytes);
// Truncated, and marked so, if it would be longer than `size_max`.
std::string print_dns_answer(const DnsQuery& query, const DnsAnswer& answer, std::size_t size_max);

inline constexpr std::size_t dns_size_max = 65'535;
inline constexpr std::size_t dns_udp_size = 1'232;  // what the servers themselves take over UDP

}  // namespace mainstay::lab
