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
  log_not_awaited,             // a write begins before its zone is in the activity log
  log_wraps_early,             // the activity log overwrites the only transaction there is
  log_evicts_early,            // a zone leaves the log before its writes are settled
  log_not_replayed,            // after a crash the activity log is not looked at
  bitmap_not_written,          // a zone leaves the log before its dirty bits are on disk
  ack_before_peer,             // a write is acknowledged when our own copy has it
  peer_answers_early,          // the follower answers before its disk has
  flush_not_forwarded,         // a flush reaches our own disk only
  flush_settles_all,           // a flush settles writes that are still on their way
  volatile_write_forgotten,    // a flush finds nothing to do although a write is in caches only
  flush_covers_later_writes,   // ... for one was answered after the flush before it had begun
  earlier_writes_not_flushed,  // ... for it was an earlier run's
  zero_not_forwarded,          // a trim reaches our own disk only
  overlaps_race,               // two writes to one place are under way at once
  unsettled_forgotten,         // what the peer has not flushed is not marked when it is lost
  lonely_write_not_marked,     // what only one copy holds is not marked
  lonely_ack_before_record,    // ... and is acknowledged before anybody else knows
  generation_not_changed,      // ... or under the generation that the peer has, too
  promotion_keeps_generation,  // a copy that is promoted alone does not begin a new generation
  record_not_asked,            // a copy is promoted whatever the arbiter's record says
  record_term_ignored,         // a primary of an old term writes the record
  unknown_swap_is_done,        // a swap of the record without an answer counts as done
  record_only_read,            // what the record was read to say is relied upon, unwritten
  old_term_accepted,           // a follower lets any primary of an old term lead it
  old_writes_not_drained,      // a follower promises while writes of before are on their way
  session_not_checked,         // messages of an earlier session count
  target_stays_up_to_date,     // a copy that is being resynced may be promoted
  follower_bits_ignored,       // what the follower calls dirty is not sent
  resync_overtakes,            // a resync and a write of one region pass each other
  resync_target_not_flushed,   // a region is clean before the peer has it durably
  resync_source_not_flushed,   // ... or before we have
  finish_early,                // a resync ends when it has begun
  forced_generation_kept,      // a copy that a person has chosen does not begin a new generation
  forced_not_flushed,          // ... or is chosen before it has flushed what it holds
  verify_reads_too_early,      // a verify compares a region that is just being written to
  verify_overtaken,            // ... or that was written to meanwhile
  verify_skips,                // ... and leaves out the last one
  repair_not_sent,             // ... and does not send what differs
  growth_not_zeroed,           // a copy grows without making its new part zero
  growth_not_flushed,          // ... or says so before that is durable
  growth_before_peer,          // ... or is used before the other one has grown
  smaller_copy_led,            // a copy that has not grown yet is led by one that has
};

inline constexpr std::array<std::pair<Sabotage, std::string_view>, 42> sabotage_names = {{
    {Sabotage::log_not_awaited, "log_not_awaited"},
    {Sabotage::log_wraps_early, "log_wraps_early"},
    {Sabotage::log_evicts_early, "log_evicts_early"},
    {Sabotage::log_not_replayed, "log_not_replayed"},
    {Sabotage::bitmap_not_written, "bitmap_not_written"},
    {Sabotage::ack_before_peer, "ack_before_peer"},
    {Sabotage::peer_answers_early, "peer_answers_early"},
    {Sabotage::flush_not_forwarded, "flush_not_forwarded"},
    {Sabotage::flush_settles_all, "flush_settles_all"},
    {Sabotage::volatile_write_forgotten, "volatile_write_forgotten"},
    {Sabotage::flush_covers_later_writes, "flush_covers_later_writes"},
    {Sabotage::earlier_writes_not_flushed, "earlier_writes_not_flushed"},
    {Sabotage::zero_not_forwarded, "zero_not_forwarded"},
    {Sabotage::overlaps_race, "overlaps_race"},
    {Sabotage::unsettled_forgotten, "unsettled_forgotten"},
    {Sabotage::lonely_write_not_marked, "lonely_write_not_marked"},
    {Sabotage::lonely_ack_before_record, "lonely_ack_before_record"},
    {Sabotage::generation_not_changed, "generation_not_changed"},
    {Sabotage::promotion_keeps_generation, "promotion_keeps_generation"},
    {Sabotage::record_not_asked, "record_not_asked"},
    {Sabotage::record_term_ignored, "record_term_ignored"},
    {Sabotage::unknown_swap_is_done, "unknown_swap_is_done"},
    {Sabotage::record_only_read, "record_only_read"},
    {Sabotage::old_term_accepted, "old_term_accepted"},
    {Sabotage::old_writes_not_drained, "old_writes_not_drained"},
    {Sabotage::session_not_checked, "session_not_checked"},
    {Sabotage::target_stays_up_to_date, "target_stays_up_to_date"},
    {Sabotage::follower_bits_ignored, "follower_bits_ignored"},
    {Sabotage::resync_overtakes, "resync_overtakes"},
    {Sabotage::resync_target_not_flushed, "resync_target_not_flushed"},
    {Sabotage::resync_source_not_flushed, "resync_source_not_flushed"},
    {Sabotage::finish_early, "finish_early"},
    {Sabotage::forced_generation_kept, "forced_generation_kept"},
    {Sabotage::forced_not_flushed, "forced_not_flushed"},
    {Sabotage::verify_reads_too_early, "verify_reads_too_early"},
    {Sabotage::verify_overtaken, "verify_overtaken"},
    {Sabotage::verify_skips, "verify_skips"},
    {Sabotage::repair_not_sent, "repair_not_sent"},
    {Sabotage::growth_not_zeroed, "growth_not_zeroed"},
    {Sabotage::growth_not_flushed, "growth_not_flushed"},
    {Sabotage::growth_before_peer, "growth_before_peer"},
    {Sabotage::smaller_copy_led, "smaller_copy_led"},
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
