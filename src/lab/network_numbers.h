// Numbers and names of the router's tables, ports and interfaces.
#pragma once

#include <fmt/format.h>

#include "lab/netlink.h"

namespace mainstay::lab {

inline constexpr std::uint32_t table_of_vpc =
    100;  // every private address of the VPC: the "local" route
inline constexpr std::uint32_t table_first = 1000;  // the VPC's route tables
inline constexpr std::uint32_t main_table = 254;
inline constexpr std::uint32_t last_resort = 1U << 20U;  // the metric of "nothing else matches"

inline int router_index(int number) { return 100 + number; }
inline std::string router_name(int number) { return fmt::format("r{}", number); }

inline Mac lab_mac(std::uint8_t kind, int number) {
  return {0x02, 0x4d, 0x53, kind, 0, static_cast<std::uint8_t>(number)};
}

}  // namespace mainstay::lab
