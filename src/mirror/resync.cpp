// Resync: the primary sends the regions that the peer's copy lacks, a window at a time, while
// writes go on. A bit is cleared when the peer has the region durably.
#include <algorithm>

#include <fmt/format.h>

#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

// A link that breaks costs what was sent since the last flush.
constexpr std::size_t flush_after = 1024;  // regions

bool under_way(const State& s, Region region) {
  for (const Chunk& chunk : s.chunks) {
    if (chunk.stage != Chunk::Stage::idle && chunk.region == region) return true;
  }
  return s.resynced.has(region) || s.flushing.has(region);
}

bool may_be_read(const State& s, Region region) {
  if (under_way(s, region)) return false;
  return sabotaged(Sabotage::resync_overtakes) ||
         !overlaps_running_write(s, s.settings.geometry.range_of(region));
}

// The next region to send, round and round; nothing if every one is under way or being written to.
std::optional<Region> next_region(State& s) {
  Region region = s.dirty.next(s.cursor);
  for (bool wrapped = false;; region = s.dirty.next(region + 1)) {
    if (region >= s.dirty.size() && !wrapped) {
      wrapped = true;
      region = s.dirty.next(0);
    }
    if (region >= s.dirty.size() || (wrapped && region >= s.cursor)) return std::nullopt;
    if (!may_be_read(s, region)) continue;
    s.cursor = region + 1;
    return region;
  }
}

// One that is always being written to, if nothing else is left to do.
std::optional<Region> contended_region(const State& s) {
  for (const Chunk& chunk : s.chunks) {
    if (chunk.stage != Chunk::Stage::idle) return std::nullopt;
  }
  for (Region region = s.dirty.next(0); region < s.dirty.size();
       region = s.dirty.next(region + 1)) {
    if (!under_way(s, region)) return region;
  }
  return std::nullopt;
}

void read_chunk(Step& step, Chunk& chunk) {
  State& s = step.s;
  const Range range = s.settings.geometry.range_of(chunk.region);
  if (chunk.reserved && overlaps_running_write(s, range)) return;
  if (s.settings.resync_by_checksum) return begin_comparing(step, chunk);
  chunk.stage = Chunk::Stage::reading;
  step.act(ReadData{ticket(Kind::chunk, chunk.handle), range, buffer_of(s, chunk)});
}

void read_more(Step& step) {
  State& s = step.s;
  if (step.now < s.resync_pause) return;
  s.resync_pause = {};
  for (Chunk& chunk : s.chunks) {
    if (chunk.stage == Chunk::Stage::waiting && !chunk.compares) read_chunk(step, chunk);
  }
  for (Chunk& chunk : s.chunks) {
    if (chunk.stage != Chunk::Stage::idle) continue;
    if (!pace_allows(step)) return;
    const auto free = next_region(s);
    const auto region = free ? free : contended_region(s);
    if (!region) return;
    chunk = {.stage = Chunk::Stage::waiting,
             .reserved = !free,
             .region = *region,
             .handle = ++s.tickets};
    s.pace.began(step.now, region_bytes(s));
    read_chunk(step, chunk);
  }
}

void flush_some(Step& step) {
  State& s = step.s;
  if (s.resync_flush != 0 || s.resynced.empty()) return;
  const bool due = step.now >= s.resync_flush_since + resync_flush_every ||
                   s.resynced.list().size() >= flush_after;
  // Dirty is what has not been flushed, so these are the last ones.
  const bool last = chunks_idle(s) && s.dirty.count() <= s.resynced.list().size();
  if (!last && !due) return;
  s.flushing.swap(s.resynced);
  s.resync_flush = ++s.tickets;
  s.resync_flush_since = step.now;
  const Ticket its = ticket(Kind::resync_flush, s.resync_flush);
  // Ours as well: what a region is called clean by must not be lost here, either.
  s.resync_flush_local = !sabotaged(Sabotage::resync_source_not_flushed);
  s.resync_flush_peer = !sabotaged(Sabotage::resync_target_not_flushed);
  if (s.resync_flush_local) step.act(FlushData{its});
  if (s.resync_flush_peer) send(step, Flush{its});
}

void settle_flushed(State& s) {
  if (s.resync_flush == 0 || s.resync_flush_local || s.resync_flush_peer) return;
  s.resync_flush = 0;
  for (const Region region : s.flushing.list()) clear_dirty(s, region);
  s.flushing.clear();
}

// From the moment Finish is on its way the peer may call itself up to date, and its generation is
// ours.
void finish(Step& step) {
  State& s = step.s;
  s.wanted.shared = true;
  if (!superblock_settled(s)) return;
  s.word = false;
  s.standing = Standing::finishing;
  s.asked = step.now;
  step.note("resync: everything was sent");
  send(step, Finish{s.wanted.generations.current});
}

}  // namespace

Chunk* find_chunk(State& s, Handle handle) {
  for (Chunk& chunk : s.chunks) {
    if (chunk.stage != Chunk::Stage::idle && chunk.handle == handle) return &chunk;
  }
  return nullptr;
}

BufferId buffer_of(const State& s, const Chunk& chunk) {
  return static_cast<BufferId>(&chunk - s.chunks.data()) + 1;
}

bool chunks_idle(const State& s) {
  for (const Chunk& chunk : s.chunks) {
    if (chunk.stage != Chunk::Stage::idle) return false;
  }
  return true;
}

std::uint64_t region_bytes(const State& s) {
  return std::uint64_t{s.settings.geometry.region_sectors} * sector_size;
}

bool pace_allows(Step& step) {
  State& s = step.s;
  auto under_way = std::ranges::count_if(
      s.chunks, [](const Chunk& chunk) { return chunk.stage != Chunk::Stage::idle; });
  if (s.growth && s.growth->busy != 0) ++under_way;
  return s.pace.may_begin(step.now, static_cast<std::size_t>(under_way));
}

void begin_resync(Step& step) {
  State& s = step.s;
  s.cursor = 0;
  s.pace.start(step.now);
  s.resync_flush_since = step.now;
  s.resync_pause = {};
}

void stop_resync(State& s) {
  stop_comparing(s);
  for (Chunk& chunk : s.chunks) {
    if (chunk.stage == Chunk::Stage::reading) chunk.cancelled = true;
    const bool no_reading =
        chunk.stage == Chunk::Stage::sent || chunk.stage == Chunk::Stage::waiting;
    if (no_reading) chunk.stage = Chunk::Stage::idle;
  }
  s.resynced.clear();
  s.flushing.clear();
  s.resync_flush = 0;
  s.resync_flush_local = s.resync_flush_peer = false;
  s.resync_pause = {};
}

bool resync_holds(State& s, const Range& range) {
  if (sabotaged(Sabotage::resync_overtakes)) return false;
  bool held = false;
  for (Chunk& chunk : s.chunks) {
    if (chunk.stage == Chunk::Stage::idle) continue;
    if (!overlap(s.settings.geometry.range_of(chunk.region), range)) continue;
    if (chunk.stage == Chunk::Stage::sent || chunk.reserved) {
      held = true;
    } else {
      chunk.cancelled = true;
    }
  }
  return held;
}

void on_chunk_read(Step& step, Handle handle, bool ok) {
  State& s = step.s;
  Chunk* chunk = find_chunk(s, handle);
  if (chunk == nullptr || chunk->stage != Chunk::Stage::reading) return;
  chunk->stage = Chunk::Stage::idle;
  if (s.standing != Standing::syncing && !repairing(s)) return;
  if (chunk->cancelled) {
    *chunk = {.stage = Chunk::Stage::waiting,
              .reserved = true,
              .region = chunk->region,
              .handle = ++s.tickets};
    return;
  }
  if (!ok) {
    step.note(fmt::format("resync: region {} cannot be read", chunk->region));
    s.resync_pause = step.now + s.settings.record_retry;
    return;
  }
  send_chunk(step, *chunk);
}

void send_chunk(Step& step, Chunk& chunk) {
  State& s = step.s;
  chunk.stage = Chunk::Stage::sent;
  chunk.since = step.now;
  send(step, Write{ticket(Kind::chunk, chunk.handle), Operation::write,
                   s.settings.geometry.range_of(chunk.region), false, buffer_of(s, chunk)});
}

void on_chunk_written(Step& step, Handle handle, bool ok) {
  State& s = step.s;
  Chunk* chunk = find_chunk(s, handle);
  if (chunk == nullptr || chunk->stage != Chunk::Stage::sent) return;
  if (!ok) return lose_peer(step, "the peer's disk failed");
  chunk->stage = Chunk::Stage::idle;
  s.resynced.add(chunk->region);
}

void on_local_resync_flushed(Step& step, Handle handle, bool ok) {
  State& s = step.s;
  if (!ok) return fail_stop(step, "data partition: a flush failed; replace the disk");
  if (handle != s.resync_flush) return;
  s.resync_flush_local = false;
  settle_flushed(s);
}

void on_peer_resync_flushed(Step& step, Handle handle, bool ok) {
  State& s = step.s;
  if (handle != s.resync_flush || handle == 0) return;
  if (!ok) return lose_peer(step, "the peer's disk failed");
  s.resync_flush_peer = false;
  settle_flushed(s);
}

void on_finished(Step& step) {
  State& s = step.s;
  if (s.standing != Standing::finishing) return;
  settle(s.wanted.generations);
  s.standing = Standing::paired;
  step.note("the peer's copy is up to date");
}

void pump_resync(Step& step) {
  State& s = step.s;
  const bool syncs = s.standing == Standing::syncing;
  if (s.phase != Phase::primary || (!syncs && !repairing(s))) return;
  read_more(step);
  flush_some(step);
  if (!syncs) return;
  const bool done = s.dirty.empty() && chunks_idle(s) && s.resync_flush == 0 && s.resynced.empty();
  if (done || sabotaged(Sabotage::finish_early)) finish(step);
}

}  // namespace mainstay::mirror
