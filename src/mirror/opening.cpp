// Reading what the cluster partition says, and formatting what it is to say at first.
#include <fmt/format.h>

#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

constexpr std::uint64_t first_place = 0;
constexpr std::uint64_t second_place = 1;
constexpr std::uint64_t log_place = 2;
constexpr std::uint64_t bitmap_place = 3;
constexpr std::uint64_t blocks_at_once = 256;

void ask(State& s, Actions& out, std::uint64_t place, std::uint64_t offset, std::uint64_t size) {
  out.push_back(ReadMetadata{ticket(Kind::opening, place), offset, size});
  ++s.opening.pending;
}

Status take_bitmap(State& s) {
  std::uint64_t block = 0;
  for (const Bytes& part : s.opening.bitmap) {
    ByteView rest = part;
    for (; rest.size() >= block_size; rest = rest.subspan(block_size), ++block) {
      if (!s.dirty.merge_block(block, rest.first(block_size))) {
        return failure(Code::corrupt,
                       "cluster partition: the bitmap is impossible; build this copy anew");
      }
    }
  }
  return {};
}

Status take_all(State& s) {
  auto chosen = choose(s.opening.first, s.opening.second, s.settings.mirror);
  if (!chosen) return std::unexpected(chosen.error());
  if (!*chosen) {
    return failure(Code::not_found, "cluster partition: it is empty; build this copy first");
  }
  if ((*chosen)->geometry != s.settings.geometry) {
    return failure(Code::conflict,
                   fmt::format("cluster partition: it is for {} sectors, the device has {}; resize "
                               "the mirror or choose the device it was made for",
                               (*chosen)->geometry.sectors, s.settings.geometry.sectors));
  }
  s.durable = **chosen;
  s.wanted = s.durable;
  s.log.load(s.opening.log);
  return take_bitmap(s);
}

// Whatever was being written to when the last run ended may differ from the peer's.
void suspect_the_log(State& s) {
  const Geometry& geometry = s.settings.geometry;
  for (const Zone zone : s.log.zones()) {
    const Region first = static_cast<Region>(zone) * geometry.zone_regions;
    const Region end = std::min(first + geometry.zone_regions, geometry.regions());
    for (Region region = first; region < end; ++region) set_dirty(s, region);
  }
}

Superblock format(const Settings& settings) {
  Superblock superblock;
  superblock.counter = 1;
  superblock.mirror = settings.mirror;
  superblock.geometry = settings.geometry;
  return superblock;
}

}  // namespace

Superblock format_source(const Settings& settings, Generation generation) {
  Superblock superblock = format(settings);
  superblock.state = CopyState::up_to_date;
  superblock.generations.current = generation;
  return superblock;
}

Superblock format_target(const Settings& settings) { return format(settings); }

State begin(const Settings& settings, Actions& out) {
  State s;
  s.settings = settings;
  s.random = Random(settings.seed);
  const Geometry& geometry = settings.geometry;
  s.log = ActivityLog(geometry);
  s.dirty = Bitmap(geometry.regions());
  s.stale.assign(geometry.bitmap_blocks(), false);
  for (RegionList* list : {&s.young, &s.old, &s.resynced, &s.flushing}) {
    *list = RegionList(geometry.regions());
  }
  s.chunks.resize(settings.resync_window);
  s.pace = Pace(settings.resync_window, settings.resync_limit);
  s.next_check = never;
  ask(s, out, first_place, Layout::superblock(0), block_size);
  ask(s, out, second_place, Layout::superblock(1), block_size);
  ask(s, out, log_place, Layout::log, std::uint64_t{log_blocks} * block_size);
  for (std::uint64_t block = 0; block < geometry.bitmap_blocks(); block += blocks_at_once) {
    const std::uint64_t blocks = std::min(blocks_at_once, geometry.bitmap_blocks() - block);
    ask(s, out, bitmap_place + s.opening.bitmap.size(), Layout::bitmap_block(block),
        blocks * block_size);
    s.opening.bitmap.emplace_back();
  }
  return s;
}

void on_opening_read(Step& step, const MetadataRead& event) {
  State& s = step.s;
  if (s.phase != Phase::opening || kind_of(event.ticket) != Kind::opening) return;
  if (!event.ok) {
    return fail_stop(step, "cluster partition: it cannot be read; replace the disk");
  }
  const std::uint64_t place = handle_of(event.ticket);
  if (place == first_place) s.opening.first = event.bytes;
  if (place == second_place) s.opening.second = event.bytes;
  if (place == log_place) s.opening.log = event.bytes;
  if (place >= bitmap_place) s.opening.bitmap[place - bitmap_place] = event.bytes;
  if (--s.opening.pending > 0) return;
  const Status taken = take_all(s);
  s.opening = {};
  if (!taken) return fail_stop(step, taken.error().message);
  if (!sabotaged(Sabotage::log_not_replayed)) suspect_the_log(s);
  s.phase = Phase::secondary;
  step.note(fmt::format("opened: {}, term {}, {} regions differ", to_text(s.durable.state),
                        s.durable.term, s.dirty.count()));
  if (s.link_up) greet(step);
}

}  // namespace mainstay::mirror
