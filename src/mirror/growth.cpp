// Both copies become larger while they are used: the follower's first, so that it takes whatever is
// written to the new part, then the primary's. Who was away meanwhile does so before it is led.
#include <algorithm>

#include <fmt/format.h>

#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

constexpr std::uint64_t blocks_at_once = 256;

std::uint64_t bytes_of(std::uint64_t sectors) { return sectors * sector_size; }

Geometry with(const State& s, std::uint64_t sectors) {
  Geometry geometry = s.settings.geometry;
  geometry.sectors = sectors;
  return geometry;
}

// Why partitions of this capacity cannot hold so much; empty: they can.
std::string obstacle(const State& s, std::string_view whose, const Capacity& capacity,
                     std::uint64_t sectors) {
  if (capacity.sectors < sectors) {
    return fmt::format("{} data partition has {} bytes, {} are needed; enlarge it", whose,
                       bytes_of(capacity.sectors), bytes_of(sectors));
  }
  const std::uint64_t needed = Layout::size(with(s, sectors));
  if (capacity.partition_bytes < needed) {
    return fmt::format("{} cluster partition has {} bytes, for {} bytes of data {} are needed",
                       whose, capacity.partition_bytes, bytes_of(sectors), needed);
  }
  const Status possible = check(with(s, sectors));
  return possible ? "" : possible.error().message;
}

std::string not_enlarged(const State& s, std::string_view whose, const Capacity& capacity) {
  if (capacity.sectors > s.settings.geometry.sectors) return "";
  return fmt::format("{} data partition has {} bytes, and the mirror has {}; enlarge it first",
                     whose, bytes_of(capacity.sectors), bytes_of(s.settings.geometry.sectors));
}

// Why there is nothing to grow now; empty: there is.
std::string not_now(const State& s) {
  if (s.phase != Phase::primary) {
    return "this copy is not the primary's; resize where the mirror is used";
  }
  if (s.growth) return "it is growing already";
  if (s.verify) return "a verify is under way; resize when it has ended";
  if (s.standing == Standing::syncing || s.standing == Standing::finishing) {
    return "the other copy is being made equal; resize when that has ended";
  }
  if (s.standing != Standing::paired) return "the other copy is not connected and up to date";
  return "";
}

// The decision of an order, when both sides have been measured.
void decide(Step& step) {
  State& s = step.s;
  Growth& growth = *s.growth;
  if (!growth.own || !growth.theirs) return;
  std::string why = not_enlarged(s, "this node's", *growth.own);
  if (why.empty()) why = not_enlarged(s, "the other node's", *growth.theirs);
  const std::uint64_t sectors = std::min(growth.own->sectors, growth.theirs->sectors);
  if (why.empty()) why = obstacle(s, "this node's", *growth.own, sectors);
  if (why.empty()) why = obstacle(s, "the other node's", *growth.theirs, sectors);
  if (!why.empty()) return refuse_resize(step, Code::conflict, std::move(why));
  growth.sectors = sectors;
  growth.deadline = {};
  step.note(fmt::format("by order: it grows from {} to {} bytes",
                        bytes_of(s.settings.geometry.sectors), bytes_of(sectors)));
  step.act(AnswerCluster{*std::exchange(growth.order, std::nullopt), Status{}});
  s.pace.start(step.now);
}

void begin_growth(Step& step, Growth growth) {
  State& s = step.s;
  growth.zeroed = s.settings.geometry.sectors;
  growth.cleared = s.settings.geometry.bitmap_blocks();
  growth.measuring = ++s.tickets;
  s.growth = growth;
  step.act(MeasureDevices{ticket(Kind::growth, growth.measuring)});
}

void give_up(Step& step, std::string why) {
  step.s.growth->given_up = true;
  step.note("it does not grow: " + std::move(why));
}

// One stretch at a time, at the pace of a resync.
void zero_more(Step& step) {
  State& s = step.s;
  Growth& growth = *s.growth;
  if (sabotaged(Sabotage::growth_not_zeroed)) {
    growth.zeroed = growth.sectors;
    return;
  }
  if (!pace_allows(step)) return;
  const std::uint64_t left = growth.sectors - growth.zeroed;
  const auto count =
      static_cast<std::uint32_t>(std::min(left, s.settings.geometry.request_sectors_max()));
  growth.busy = ++s.tickets;
  s.pace.began(step.now, bytes_of(count));
  step.act(WriteData{
      ticket(Kind::growth, growth.busy), Operation::zero, {growth.zeroed, count}, false, 0});
  growth.zeroed += count;
}

void flush(Step& step) {
  State& s = step.s;
  s.growth->flushed = true;
  if (sabotaged(Sabotage::growth_not_flushed)) return;
  s.growth->busy = s.growth->flush = ++s.tickets;
  step.act(FlushData{ticket(Kind::growth, s.growth->flush)});
}

// What lies behind the bitmap on the cluster partition may be anything.
void clear_more(Step& step) {
  State& s = step.s;
  Growth& growth = *s.growth;
  const std::uint64_t left = with(s, growth.sectors).bitmap_blocks() - growth.cleared;
  const std::uint64_t blocks = std::min(left, blocks_at_once);
  growth.busy = ++s.tickets;
  step.act(WriteMetadata{ticket(Kind::growth, growth.busy), Layout::bitmap_block(growth.cleared),
                         Bytes(blocks * block_size, 0)});
  growth.cleared += blocks;
}

// A resync knows what it has read by its region, and the last one may become longer.
bool last_region_rests(const State& s) {
  const Region last = s.settings.geometry.regions() - 1;
  return std::ranges::none_of(s.chunks, [&](const Chunk& chunk) {
    return chunk.stage != Chunk::Stage::idle && chunk.region == last;
  });
}

void take_effect(Step& step) {
  State& s = step.s;
  Geometry& geometry = s.settings.geometry;
  geometry = s.durable.geometry;
  s.log.grow(geometry);
  s.dirty.grow(geometry.regions());
  s.stale.resize(geometry.bitmap_blocks(), false);
  for (RegionList* list : {&s.young, &s.old, &s.resynced, &s.flushing}) {
    list->grow(geometry.regions());
  }
  s.growth.reset();
  step.note(fmt::format("this copy has {} bytes now", bytes_of(geometry.sectors)));
  if (s.following != 0) return send(step, Grown{geometry.sectors});
  // Who waits for us to be of its size, or knows us by the old one, is greeted anew.
  if (!s.peer || s.phase == Phase::secondary) lose_peer(step, "this copy has grown");
}

void store(Step& step) {
  State& s = step.s;
  Growth& growth = *s.growth;
  if (s.wanted.geometry.sectors != growth.sectors) {
    s.wanted.grown_from = s.wanted.geometry.sectors;
    s.wanted.geometry.sectors = growth.sectors;
  }
  if (s.durable.geometry.sectors == growth.sectors && last_region_rests(s)) take_effect(step);
}

void tell_peer(Step& step) {
  State& s = step.s;
  if (s.standing != Standing::paired || s.growth->asked == s.session) return;
  s.growth->asked = s.session;
  send(step, Grow{s.growth->sectors});
}

void pump_order(Step& step) {
  State& s = step.s;
  if (s.standing != Standing::paired) {
    return refuse_resize(step, Code::unavailable, "the other copy was lost; say it again");
  }
  if (step.now < s.growth->deadline) return;
  refuse_resize(step, Code::unavailable, "the other copy does not answer; say it again");
}

}  // namespace

std::uint64_t zeroed_bytes(const State& s) {
  if (!s.growth || s.growth->sectors == 0) return 0;
  return bytes_of(std::min(s.growth->zeroed, s.growth->sectors) - s.settings.geometry.sectors);
}

std::uint64_t growth_bytes(const State& s) {
  if (!s.growth || s.growth->sectors == 0) return 0;
  return bytes_of(s.growth->sectors - s.settings.geometry.sectors);
}

bool of_one_size(const State& s, const Hello& hello) {
  const Geometry& ours = s.settings.geometry;
  if (hello.geometry == ours) return true;
  if (hello.geometry != with(s, hello.geometry.sectors)) return false;
  if (hello.geometry.sectors > ours.sectors) return hello.grown_from == ours.sectors;
  return s.durable.grown_from == hello.geometry.sectors;
}

void on_copy_size(Step& step, std::uint64_t sectors) {
  State& s = step.s;
  if (sectors <= s.settings.geometry.sectors) {
    if (s.growth && s.growth->asked == s.session && !s.growth->peer_ready && s.peer) {
      give_up(step, "the other node's partitions are too small");
    }
    return;
  }
  if (!s.growth) return begin_growth(step, {.sectors = sectors, .peer_ready = true});
  Growth& growth = *s.growth;
  if (growth.order || growth.given_up) return;
  growth.peer_ready = true;
  if (growth.sectors == sectors) return;
  growth.sectors = sectors;
  growth.flushed = false;
  if (!growth.own) return;
  const std::string why = obstacle(s, "this node's", *growth.own, sectors);
  if (!why.empty()) give_up(step, why);
}

void on_resize(Step& step, const Resize& event) {
  State& s = step.s;
  if (std::string why = not_now(s); !why.empty()) {
    return step.act(AnswerCluster{event.ticket, failure(Code::conflict, std::move(why))});
  }
  begin_growth(step, {.order = event.ticket, .deadline = step.now + s.settings.peer_timeout});
  send(step, Measure{});
}

void refuse_resize(Step& step, Code code, std::string why) {
  step.act(AnswerCluster{*step.s.growth->order, failure(code, std::move(why))});
  step.s.growth.reset();
}

void on_devices_measured(Step& step, const DevicesMeasured& event) {
  State& s = step.s;
  if (kind_of(event.ticket) == Kind::measure) {
    if (s.following != 0) send(step, Measured{event.capacity});
    return;
  }
  if (!s.growth || s.growth->measuring != handle_of(event.ticket)) return;
  s.growth->own = event.capacity;
  if (s.growth->order) return decide(step);
  const std::string why = obstacle(s, "this node's", event.capacity, s.growth->sectors);
  if (why.empty()) return s.pace.start(step.now);
  give_up(step, why);
  if (s.following != 0) send(step, Grown{s.settings.geometry.sectors});
}

void on_measure(Step& step, const Message& message) {
  if (!follows(step.s, message)) return;
  step.act(MeasureDevices{ticket(Kind::measure, ++step.s.tickets)});
}

void on_measured(Step& step, const Measured& measured) {
  State& s = step.s;
  if (!s.growth || !s.growth->order) return;
  s.growth->theirs = measured.capacity;
  decide(step);
}

void on_grow(Step& step, const Message& message, const Grow& grow) {
  State& s = step.s;
  if (!follows(s, message)) return;
  const std::uint64_t ours = s.settings.geometry.sectors;
  if (grow.sectors <= ours) return send(step, Grown{ours});
  // Of one that is under way already the primary hears when it has ended.
  if (!s.growth) begin_growth(step, {.sectors = grow.sectors, .peer_ready = true});
}

void on_growth_done(Step& step, Handle handle, bool ok) {
  State& s = step.s;
  if (!s.growth || s.growth->busy != handle) return;
  s.growth->busy = 0;
  if (ok) return;
  if (s.growth->flush == handle) {
    return fail_stop(step, "data partition: a flush failed; replace the disk");
  }
  give_up(step, "the new part of the data partition cannot be written to");
  if (s.following != 0) send(step, Grown{s.settings.geometry.sectors});
}

void on_growth_cleared(Step& step, Handle handle) {
  State& s = step.s;
  if (s.growth && s.growth->busy == handle) s.growth->busy = 0;
}

bool zeroing(const State& s) {
  return s.growth && s.growth->own && s.growth->busy == 0 && !s.growth->order &&
         s.growth->zeroed < s.growth->sectors;
}

void pump_growth(Step& step) {
  State& s = step.s;
  if (!s.growth) return;
  Growth& growth = *s.growth;
  if (growth.order) return pump_order(step);
  if (!growth.peer_ready && s.phase != Phase::primary && !growth.given_up) {
    give_up(step, "this copy is the primary's no more; say it again where it is used");
  }
  if (!growth.peer_ready && !growth.given_up) tell_peer(step);
  if (growth.busy != 0 || (!growth.own && !growth.given_up)) return;
  if (growth.given_up) return s.growth.reset();
  if (growth.zeroed < growth.sectors) zero_more(step);
  if (growth.busy != 0 || growth.zeroed < growth.sectors) return;
  if (!growth.flushed) flush(step);
  if (growth.busy != 0) return;
  if (growth.cleared < with(s, growth.sectors).bitmap_blocks()) return clear_more(step);
  if (growth.peer_ready || sabotaged(Sabotage::growth_before_peer)) store(step);
}

}  // namespace mainstay::mirror
