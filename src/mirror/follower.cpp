// The other side of a primary: takes what it sends, under one term at a time.
#include <fmt/format.h>

#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

bool acceptable(const State& s, const Lead& lead) {
  if (sabotaged(Sabotage::old_term_accepted)) return true;
  const Relation relation = compare(s.wanted.generations, lead.generations);
  if (lead.joining == Joining::pair) {
    return relation == Relation::equal && s.wanted.state == CopyState::up_to_date;
  }
  return relation == Relation::behind || relation == Relation::equal;
}

// Nothing of an earlier session or term may reach the device after we have promised.
bool drained(const State& s) {
  return (s.taken.empty() || sabotaged(Sabotage::old_writes_not_drained)) && !writes_run(s);
}

void send_dirty_blocks(Step& step) {
  State& s = step.s;
  std::uint64_t blocks = 0;
  for (std::uint64_t bit = s.dirty.next(0); bit < s.dirty.size();) {
    const std::uint64_t block = bit / Geometry::bits_of_block;
    send(step, DirtyBlock{block, s.dirty.block(block)});
    ++blocks;
    bit = s.dirty.next((block + 1) * Geometry::bits_of_block);
  }
  send(step, Follow{blocks});
}

// The primary has sent everything that was in these, and it is durable.
void forget_differences(State& s) {
  while (!s.dirty.empty()) clear_dirty(s, s.dirty.next(0));
  for (const Zone zone : s.log.idle()) s.log.evict(zone);
}

}  // namespace

bool follows(const State& s, const Message& message) {
  return s.following != 0 && message.term == s.following && (!s.wish || s.wish->finish);
}

void on_lead(Step& step, Term term, const Lead& lead) {
  State& s = step.s;
  const bool leads =
      s.phase == Phase::primary || s.phase == Phase::promoting || s.phase == Phase::demoting;
  const bool too_low = term < s.wanted.term || (term == s.wanted.term && leads);
  if (too_low && !sabotaged(Sabotage::old_term_accepted)) {
    return send(step, Refuse{s.wanted.term});
  }
  if (leads) step_down(step, term, "the peer leads with a higher term");
  if (s.forcing || !acceptable(s, lead)) return send(step, Refuse{0});
  if (lead.joining == Joining::pair && !s.dirty.empty()) {
    return lose_peer(step, "this copy has changed since it greeted");
  }
  s.wanted.term = std::max(s.wanted.term, term);
  if (lead.joining == Joining::pair) s.wanted.data_term = s.wanted.term;
  if (lead.joining == Joining::sync && !sabotaged(Sabotage::target_stays_up_to_date)) {
    s.wanted.state = CopyState::inconsistent;
  }
  s.following = 0;
  s.wish = State::Wish{.term = term, .joining = lead.joining};
}

void on_write(Step& step, const Message& message, const Write& write) {
  State& s = step.s;
  if (!follows(s, message) || !s.settings.geometry.holds(write.range)) {
    if (write.operation == Operation::write) step.act(ReleaseBuffer{write.buffer});
    if (message.term < s.wanted.term) send(step, Refuse{s.wanted.term});
    return;
  }
  const Handle handle =
      s.taken.add({message.session, write.number, write.operation, write.range, write.buffer});
  step.act(WriteData{ticket(Kind::taken, handle), write.operation, write.range, write.durable,
                     write.buffer});
  if (sabotaged(Sabotage::peer_answers_early)) send(step, Written{write.number, true});
}

void on_flush(Step& step, const Message& message, const Flush& flush) {
  State& s = step.s;
  if (!follows(s, message)) return;
  const Handle handle = s.taken.add({message.session, flush.number, Operation::flush, {}, 0});
  step.act(FlushData{ticket(Kind::taken_flush, handle)});
}

void on_finish(Step& step, const Message& message, const Finish& finish) {
  State& s = step.s;
  if (!follows(s, message)) return;
  s.wanted.state = CopyState::up_to_date;
  s.wanted.shared = true;
  s.wanted.data_term = message.term;
  adopt(s.wanted.generations, finish.current);
  s.wish = State::Wish{.term = message.term, .finish = true};
}

void on_taken_done(Step& step, Handle handle, bool ok) {
  State& s = step.s;
  const Taken* found = s.taken.find(handle);
  if (found == nullptr) return;
  const Taken taken = *found;
  s.taken.remove(handle);
  if (taken.operation == Operation::write) step.act(ReleaseBuffer{taken.buffer});
  if (!s.peer || taken.session != s.session) return;
  if (taken.operation == Operation::flush) return send(step, Flushed{taken.number, ok});
  send(step, Written{taken.number, ok});
}

void pump_follower(Step& step) {
  State& s = step.s;
  pump_checks(step);
  if (!s.wish || !superblock_settled(s) || !s.peer) return;
  if (s.wish->finish) {
    forget_differences(s);
    s.wish.reset();
    step.note("this copy is up to date");
    return send(step, Finished{});
  }
  if (!drained(s)) return;
  s.following = s.wish->term;
  s.wish.reset();
  send_dirty_blocks(step);
}

}  // namespace mainstay::mirror
