// Deliberate bugs for the simulator's test build: each proves that the campaign would notice it.
//
// In production the question "is this bug switched on?" is the constant false, and the compiler
// removes what depends on it. Only a build with -DMAINSTAY_SABOTAGE asks a switch, and that build
// links nothing but simulator tests. Libraries of the two kinds are never linked together.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace mainstay {

enum class Sabotage : std::uint8_t {
  stillness_cut_short,     // a session is revoked after half of its lease
  lease_from_answer,       // permission is counted from the arbiter's answer, not from our question
  unknown_is_fenced,       // a forced stop without an answer counts as done
  unknown_is_stopped,      // a silent peer counts as one that reported its groups stopped
  promise_not_stored,      // a promise is spoken before it is durable
  promise_forgotten,       // a report of `stopped` clears a peer without its promise
  minority_goes_on,        // a node without a majority does not stop itself
  majority_of_heard,       // the majority is counted among those heard, not those configured
  watchdog_not_armed,      // nothing resets a node whose daemon is stuck
  permission_not_watched,  // nothing stops the groups when the permission ends
  stop_in_start_order,     // dependencies are stopped before what depends on them
  start_without_order,     // resources start before what they depend on
  unknown_is_unhealthy,    // a monitor without an answer counts as a bad one
  clearances_unrecorded,   // an activation is recorded without its evidence
  accepted_is_stopped,     // an instance that was told to stop counts as stopped
  term_repeats,            // an activation keeps the term of the one before
  no_drift_margin,         // no watcher waits longer because its clock may be fast
  absence_is_an_end,       // a session that is missing at the arbiter counts as ended
  revoked_by_anybody,      // a session counts as revoked although the swap was lost
  clearance_outlives_return,  // a peer stays cleared although it was heard again
  pause_not_counted,          // a pause does not shorten what is left of the permission
  fence_without_right,        // a peer is stopped by force before its session was revoked
  stale_describe_trusted,     // a route that was read as ours is left alone
  refused_copy_used,          // a copy that may not be promoted is used all the same
};

inline constexpr std::array<std::pair<Sabotage, std::string_view>, 24> sabotage_names = {{
    {Sabotage::stillness_cut_short, "stillness_cut_short"},
    {Sabotage::lease_from_answer, "lease_from_answer"},
    {Sabotage::unknown_is_fenced, "unknown_is_fenced"},
    {Sabotage::unknown_is_stopped, "unknown_is_stopped"},
    {Sabotage::promise_not_stored, "promise_not_stored"},
    {Sabotage::promise_forgotten, "promise_forgotten"},
    {Sabotage::minority_goes_on, "minority_goes_on"},
    {Sabotage::majority_of_heard, "majority_of_heard"},
    {Sabotage::watchdog_not_armed, "watchdog_not_armed"},
    {Sabotage::permission_not_watched, "permission_not_watched"},
    {Sabotage::stop_in_start_order, "stop_in_start_order"},
    {Sabotage::start_without_order, "start_without_order"},
    {Sabotage::unknown_is_unhealthy, "unknown_is_unhealthy"},
    {Sabotage::clearances_unrecorded, "clearances_unrecorded"},
    {Sabotage::accepted_is_stopped, "accepted_is_stopped"},
    {Sabotage::term_repeats, "term_repeats"},
    {Sabotage::no_drift_margin, "no_drift_margin"},
    {Sabotage::absence_is_an_end, "absence_is_an_end"},
    {Sabotage::revoked_by_anybody, "revoked_by_anybody"},
    {Sabotage::clearance_outlives_return, "clearance_outlives_return"},
    {Sabotage::pause_not_counted, "pause_not_counted"},
    {Sabotage::fence_without_right, "fence_without_right"},
    {Sabotage::stale_describe_trusted, "stale_describe_trusted"},
    {Sabotage::refused_copy_used, "refused_copy_used"},
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

}  // namespace mainstay
