// Verify: the primary has both copies summed up region by region while writes go on, and compares.
// What a write has overtaken counts for nothing and is read again; then writes wait for it.
#include <fmt/format.h>

#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

// More of them are in the status as a number only.
constexpr std::uint64_t told_max = 16;

void tell(Step& step, std::uint64_t count, const std::string& text) {
  if (count <= told_max) step.note(text);
}

void judge(Step& step, const Chunk& chunk) {
  State& s = step.s;
  Verification& verify = *s.verify;
  const bool readable = chunk.own.ok && chunk.theirs.ok;
  const bool differs = readable && chunk.own.sum != chunk.theirs.sum;
  ++verify.compared;
  verify.latest = {
      .region = chunk.region, .readable = readable, .differs = differs, .since = chunk.since};
  if (!readable) {
    tell(step, ++verify.unreadable,
         fmt::format("verify: region {} cannot be read {}", chunk.region,
                     chunk.own.ok ? "by the peer" : "here"));
  }
  if (differs) {
    tell(step, ++verify.differing, fmt::format("verify: region {} differs", chunk.region));
  }
  const bool curable = chunk.own.ok && (differs || !chunk.theirs.ok);
  if (verify.repairs && curable && !sabotaged(Sabotage::repair_not_sent)) {
    set_dirty(s, chunk.region);
  }
}

// For now; where a verify is under way it will come to it again.
void put_back(State& s, Chunk& chunk) {
  chunk.stage = Chunk::Stage::idle;
  if (s.verify && chunk.compares) s.verify->again.push_back(chunk.region);
}

// For a resync: what is equal already need not be sent.
void send_if_different(Step& step, Chunk& chunk) {
  State& s = step.s;
  if (!chunk.own.ok) {
    chunk.stage = Chunk::Stage::idle;
    step.note(fmt::format("resync: region {} cannot be read", chunk.region));
    s.resync_pause = step.now + s.settings.record_retry;
  } else if (chunk.theirs.ok && chunk.own.sum == chunk.theirs.sum) {
    chunk.stage = Chunk::Stage::idle;
    s.resynced.add(chunk.region);
  } else {
    send_chunk(step, chunk);
  }
}

void settle(Step& step, Chunk& chunk) {
  State& s = step.s;
  // Its buffer is not ours before our own reading has ended.
  if (!chunk.own.known) return;
  const bool wanted =
      chunk.compares ? comparing(s) : s.standing == Standing::syncing || repairing(s);
  if (!wanted) {
    put_back(s, chunk);
  } else if (!chunk.theirs.known) {
    return;
  } else if (chunk.cancelled && !sabotaged(Sabotage::verify_overtaken)) {
    chunk = {.stage = Chunk::Stage::waiting,
             .compares = chunk.compares,
             .reserved = true,
             .region = chunk.region,
             .handle = ++s.tickets};
  } else if (!chunk.compares) {
    send_if_different(step, chunk);
  } else {
    chunk.stage = Chunk::Stage::idle;
    judge(step, chunk);
  }
}

std::optional<Region> next_region(const State& s, Verification& verify) {
  if (!verify.again.empty()) {
    const Region region = verify.again.back();
    verify.again.pop_back();
    return region;
  }
  const Region end = s.settings.geometry.regions() - (sabotaged(Sabotage::verify_skips) ? 1 : 0);
  if (verify.next >= end) return std::nullopt;
  return verify.next++;
}

void compare_more(Step& step) {
  State& s = step.s;
  for (Chunk& chunk : s.chunks) {
    if (chunk.stage == Chunk::Stage::idle) {
      if (!pace_allows(step)) continue;
      const auto region = next_region(s, *s.verify);
      if (!region) continue;
      s.pace.began(step.now, region_bytes(s));
      // Where writes are under way they may be so for ever: who comes later waits.
      const bool contended = overlaps_running_write(s, s.settings.geometry.range_of(*region));
      chunk = {.stage = Chunk::Stage::waiting,
               .compares = true,
               .reserved = contended,
               .region = *region,
               .handle = ++s.tickets};
    }
    if (chunk.stage == Chunk::Stage::waiting && chunk.compares) begin_comparing(step, chunk);
  }
}

bool over(const State& s) {
  const Region last = s.settings.geometry.regions() - (sabotaged(Sabotage::verify_skips) ? 1 : 0);
  return s.verify->next >= last && s.verify->again.empty() && chunks_idle(s) && s.dirty.empty() &&
         s.resync_flush == 0;
}

void answer_check(Step& step, Chunk& chunk, const DataSummed& event) {
  State& s = step.s;
  chunk.stage = Chunk::Stage::idle;
  if (s.peer && chunk.session == s.session && s.following != 0) {
    send(step, Checked{chunk.number, event.ok, event.sum});
  }
}

}  // namespace

void begin_comparing(Step& step, Chunk& chunk) {
  State& s = step.s;
  const Range range = s.settings.geometry.range_of(chunk.region);
  if (overlaps_running_write(s, range) && !sabotaged(Sabotage::verify_reads_too_early)) return;
  chunk.stage = Chunk::Stage::comparing;
  chunk.since = step.now;
  const Ticket its = ticket(Kind::chunk, chunk.handle);
  step.act(SumData{its, range, buffer_of(s, chunk)});
  send(step, Check{its, range});
}

bool comparing(const State& s) {
  return s.verify && s.phase == Phase::primary && s.standing == Standing::paired;
}

bool repairing(const State& s) { return comparing(s) && s.verify->repairs; }

void on_verify(Step& step, const Verify& event) {
  State& s = step.s;
  const auto refuse = [&](std::string_view why) {
    step.act(AnswerCluster{event.ticket, failure(Code::conflict, std::string(why))});
  };
  if (s.phase != Phase::primary) {
    return refuse("this copy is not the primary's; verify where the mirror is used");
  }
  if (s.standing != Standing::paired) {
    return refuse("the other copy is not up to date: there is nothing to compare with");
  }
  if (s.verify) return refuse("a verify is under way");
  s.verify = Verification{.repairs = event.repairs, .began = step.now};
  s.verified.reset();
  s.pace.start(step.now);
  step.act(AnswerCluster{event.ticket, Status{}});
}

void on_check(Step& step, const Message& message, const Check& check) {
  State& s = step.s;
  if (!follows(s, message) || !s.settings.geometry.holds(check.range)) return;
  if (s.checks.size() >= s.chunks.size()) return lose_peer(step, "the peer asks for too many sums");
  s.checks.push_back(check);
}

void stop_comparing(State& s) {
  s.checks.clear();
  for (Chunk& chunk : s.chunks) {
    const bool reads = chunk.stage == Chunk::Stage::comparing && !chunk.own.known;
    // The peer will not answer any more.
    if (reads) chunk.cancelled = chunk.theirs.known = true;
    const bool waits = chunk.stage == Chunk::Stage::comparing ||
                       (chunk.stage == Chunk::Stage::waiting && chunk.compares);
    if (waits && !reads) put_back(s, chunk);
  }
}

void pump_checks(Step& step) {
  State& s = step.s;
  for (Chunk& chunk : s.chunks) {
    if (s.checks.empty()) return;
    if (chunk.stage != Chunk::Stage::idle) continue;
    const Check check = s.checks.front();
    s.checks.pop_front();
    chunk = {.stage = Chunk::Stage::summing,
             .region = s.settings.geometry.region_of(check.range.first),
             .handle = ++s.tickets,
             .number = check.number,
             .session = s.session};
    step.act(SumData{ticket(Kind::chunk, chunk.handle), check.range, buffer_of(s, chunk)});
  }
}

void on_summed(Step& step, const DataSummed& event) {
  Chunk* chunk = find_chunk(step.s, handle_of(event.ticket));
  if (chunk == nullptr) return;
  if (chunk->stage == Chunk::Stage::summing) return answer_check(step, *chunk, event);
  if (chunk->stage != Chunk::Stage::comparing) return;
  chunk->own = {true, event.ok, event.sum};
  settle(step, *chunk);
}

void on_checked(Step& step, const Checked& checked) {
  if (kind_of(checked.number) != Kind::chunk) return;
  Chunk* chunk = find_chunk(step.s, handle_of(checked.number));
  if (chunk == nullptr || chunk->stage != Chunk::Stage::comparing) return;
  chunk->theirs = {true, checked.ok, checked.sum};
  settle(step, *chunk);
}

void pump_verify(Step& step) {
  State& s = step.s;
  if (!s.verify) return;
  if (s.phase != Phase::primary) {
    step.note(fmt::format("verify: it ended early, after {} of {} regions", s.verify->compared,
                          s.settings.geometry.regions()));
    for (Chunk& chunk : s.chunks) chunk.compares = false;
    return s.verify.reset();
  }
  // Without the peer it waits, and goes on where it was.
  if (!comparing(s)) return;
  compare_more(step);
  if (!over(s)) return;
  step.note(fmt::format("verify: {} of {} regions differ, {} cannot be read{}", s.verify->differing,
                        s.verify->compared, s.verify->unreadable,
                        s.verify->repairs ? "; what could be repaired is" : ""));
  s.verified = std::exchange(s.verify, std::nullopt);
}

}  // namespace mainstay::mirror
