// Deliberate bugs of the mirror's core, for its simulator's test build only; see base/sabotage.h
// for how that works.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace mainstay::mirror {

enum class Sabotage : std::uint8_t {
  log_not_awaited,   // a write begins before its zone is in the activity log
  log_wraps_early,   // the activity log overwrites the only transaction there is
  log_evicts_early,  // a zone leaves the log before its writes are settled
  ack_before_peer,   // a write is acknowledged when our own copy has it
};

inline constexpr std::array<std::pair<Sabotage, std::string_view>, 4> sabotage_names = {{
    {Sabotage::log_not_awaited, "log_not_awaited"},
    {Sabotage::log_wraps_early, "log_wraps_early"},
    {Sabotage::log_evicts_early, "log_evicts_early"},
    {Sabotage::ack_before_peer, "ack_before_peer"},
}};

#ifdef MAINSTAY_SABOTAGE

// Set before a run, by the simulator only.
inline std::optional<Sabotage>& active_sabotage() {
  static std::optional<Sabotage> active;
  return active;
}
inline bool sabotaged(Sabotage bug) { return active_sabotage() == bug; }

#else

constexpr bool sabotaged(Sabotage) { return false; }

#endif

}  // namespace mainstay::mirror
