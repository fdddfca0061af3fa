// Writing to the cluster partition: one superblock, one transaction of the log and one block of the
// bitmap at a time.
#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

void write_superblock(Step& step) {
  State& s = step.s;
  s.writing = s.wanted;
  s.writing->counter = s.durable.counter + 1;
  step.act(WriteMetadata{ticket(Kind::superblock, ++s.tickets),
                         Layout::superblock(s.writing->counter), encode(*s.writing)});
}

void write_log(Step& step) {
  State& s = step.s;
  const std::uint64_t number = sabotaged(Sabotage::log_wraps_early) ? 0 : s.log.next_number();
  s.log_writing = true;
  step.act(WriteMetadata{ticket(Kind::log, ++s.tickets), Layout::log_block(number),
                         s.log.begin_transaction()});
}

// In the background, so that the next start finds few regions to send.
bool bitmap_may_rest(const State& s) {
  const bool following = s.following != 0 && !s.wish && s.durable.state == CopyState::up_to_date;
  return !(s.standing == Standing::paired || following);
}

std::uint64_t bitmap_block_of(const State& s, Zone zone) {
  return zone * std::uint64_t{s.settings.geometry.zone_regions} / Geometry::bits_of_block;
}

bool durably_marked(const State& s, Zone zone) {
  const std::uint64_t block = bitmap_block_of(s, zone);
  return !s.stale[block] && s.bitmap_writing != block;
}

template <class F>
bool any_region(const State& s, Zone zone, F what) {
  const Geometry& geometry = s.settings.geometry;
  const Region first = static_cast<Region>(zone) * geometry.zone_regions;
  const Region end = std::min(first + geometry.zone_regions, geometry.regions());
  for (Region region = first; region < end; ++region) {
    if (what(region)) return true;
  }
  return false;
}

bool unsettled(const State& s, Zone zone) {
  return any_region(s, zone,
                    [&](Region region) { return s.young.has(region) || s.old.has(region); });
}

bool dirty(const State& s, Zone zone) {
  return any_region(s, zone, [&](Region region) { return s.dirty.test(region); });
}

bool evictable(const State& s, Zone zone) {
  if (sabotaged(Sabotage::log_evicts_early)) return true;
  if (unsettled(s, zone)) return false;
  return sabotaged(Sabotage::bitmap_not_written) || !dirty(s, zone) || durably_marked(s, zone);
}

bool flushes_by_itself(const State& s) {
  bool found = false;
  s.requests.for_each([&](Handle, const Request& request) {
    found |= request.operation == Operation::flush && request.id == 0;
  });
  return found;
}

}  // namespace

void set_dirty(State& s, Region region) {
  if (!s.dirty.set(region)) return;
  const std::uint64_t block = region / Geometry::bits_of_block;
  if (!s.stale[block]) ++s.stale_count;
  s.stale[block] = true;
}

void clear_dirty(State& s, Region region) {
  if (!s.dirty.clear(region)) return;
  const std::uint64_t block = region / Geometry::bits_of_block;
  if (!s.stale[block]) ++s.stale_count;
  s.stale[block] = true;
}

void write_bitmap_block(Step& step, std::uint64_t block) {
  State& s = step.s;
  if (s.bitmap_writing) return;
  if (s.stale[block]) --s.stale_count;
  s.stale[block] = false;
  s.bitmap_writing = block;
  step.act(WriteMetadata{ticket(Kind::bitmap, block), Layout::bitmap_block(block),
                         s.dirty.block(block)});
}

void make_room(Step& step, const Range& range) {
  State& s = step.s;
  const Geometry& geometry = s.settings.geometry;
  const Zone first = geometry.zone_of(geometry.first_region(range));
  const Zone last = geometry.zone_of(geometry.end_region(range) - 1);
  const std::size_t wanted = std::max<std::size_t>(geometry.log_slots / 4, 1);
  std::size_t evicted = 0;
  std::optional<Zone> oldest;
  for (const Zone zone : s.log.idle()) {
    if (evicted == wanted) break;
    if (zone >= first && zone <= last) continue;
    if (evictable(s, zone)) {
      s.log.evict(zone);
      ++evicted;
    } else if (!oldest) {
      oldest = zone;
    }
  }
  if (evicted > 0 || !oldest) return;
  if (!unsettled(s, *oldest)) return write_bitmap_block(step, bitmap_block_of(s, *oldest));
  if (s.settling == 0 && write_mode(s) == Mode::both && !flushes_by_itself(s))
    begin_own_flush(step);
}

void pump_metadata(Step& step) {
  State& s = step.s;
  if (!s.writing && s.wanted != s.durable) write_superblock(step);
  if (!s.log_writing && s.log.pending()) write_log(step);
  if (s.stale_count == 0 || s.bitmap_writing || bitmap_may_rest(s)) return;
  const auto first = std::ranges::find(s.stale, true);
  write_bitmap_block(step, static_cast<std::uint64_t>(first - s.stale.begin()));
}

void on_metadata_written(Step& step, const MetadataWritten& event) {
  State& s = step.s;
  if (!event.ok) {
    return fail_stop(step, "cluster partition: a write failed; replace the disk");
  }
  switch (kind_of(event.ticket)) {
    case Kind::superblock:
      MAINSTAY_CHECK(s.writing.has_value());
      s.durable = *s.writing;
      s.writing.reset();
      s.wanted.counter = s.durable.counter;
      return;
    case Kind::log:
      s.log_writing = false;
      return s.log.transaction_done();
    case Kind::bitmap:
      s.bitmap_writing.reset();
      return;
    case Kind::growth:
      return on_growth_cleared(step, handle_of(event.ticket));
    default:
      return;
  }
}

}  // namespace mainstay::mirror
