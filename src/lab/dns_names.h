// Names and records of the DNS, as Route 53 writes them: "www.example.com." with a TTL and values
// as texts. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mainstay::lab {

// All records of one name and type.
struct RecordSet {
  std::string name;  // in lower case, with the dot at its end
  std::string type;  // "A"
  std::uint32_t ttl = 0;
  std::vector<std::string> values;
  friend bool operator==(const RecordSet&, const RecordSet&) = default;
};

inline constexpr std::size_t name_size_max = 255;
inline constexpr std::size_t label_size_max = 63;

// In lower case and with the dot at its end; an error if it is no name.
Result<std::string> parse_dns_name(std::string_view text);
// Is the name the zone's own, or below it?
bool name_in_zone(std::string_view name, std::string_view zone);
// "www.example.com." -> "com.example.www.": the order in which Route 53 lists names.
std::string reversed_labels(std::string_view name);
// Code::invalid says what is wrong with the value of a record of this type; types the lab does not
// know are wrong, too.
Status check_record_value(std::string_view type, std::string_view value);

}  // namespace mainstay::lab
