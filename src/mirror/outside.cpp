// What is known outside this node: the arbiter's record of the copies that are up to date.
#include <fmt/format.h>

#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

enum class Goal : std::uint8_t { none, take_over, alone, both, force };

bool promotes_alone(const Step& step) {
  const State& s = step.s;
  if (s.phase != Phase::promoting || !superblock_settled(s) || !s.taken.empty()) return false;
  if (s.durable.term != s.promotion->term || step.now < s.promotion->deadline) return false;
  return s.standing == Standing::apart || s.standing == Standing::refused;
}

bool taken_over(const State& s) {
  return record_excludes_peer(s) && s.record->value.term == s.promotion->term;
}

Goal goal(const Step& step) {
  const State& s = step.s;
  if (!s.settings.record) return Goal::none;
  if (s.forcing) return s.forcing->recorded ? Goal::none : Goal::force;
  if (promotes_alone(step)) return taken_over(s) ? Goal::none : Goal::take_over;
  if (s.phase != Phase::primary) return Goal::none;
  if (wants_alone(s)) return outside_known(s) ? Goal::none : Goal::alone;
  // Should we fall now, our copy is the only one of use, and the record must say so.
  const bool lacks_us = !s.record || !s.record->value.has(s.settings.self);
  if (s.standing == Standing::syncing && lacks_us) return Goal::alone;
  if (s.standing != Standing::paired) return Goal::none;
  const bool known = s.record && s.record->ours && s.record->value.has(0) && s.record->value.has(1);
  return known ? Goal::none : Goal::both;
}

void swap(Step& step, UpToDate meant) {
  State& s = step.s;
  meant.choices = std::max(meant.choices, s.record->value.choices);
  s.record_busy = ++s.tickets;
  s.record_meant = meant;
  const std::uint64_t expected = s.record->version;
  // Until the answer is there nobody knows what it says.
  s.record.reset();
  step.act(SwapRecord{ticket(Kind::record, s.record_busy), expected, encode(meant)});
}

void take_over(Step& step) {
  State& s = step.s;
  if (s.record->version == 0) {
    return refuse_promotion(step, Code::conflict,
                            "the arbiter has no record of which copy is up to date; choose one");
  }
  if (!s.record->value.has(s.settings.self) && !sabotaged(Sabotage::record_not_asked)) {
    return refuse_promotion(
        step, Code::conflict,
        "the peer's copy is newer than ours, says the arbiter; promote it there");
  }
  swap(step, only(s.settings.self, s.promotion->term));
}

void on_known(Step& step) {
  State& s = step.s;
  const UpToDate& known = s.record->value;
  const Goal wanted = goal(step);
  const Term term = s.phase == Phase::promoting ? s.promotion->term : s.wanted.term;
  if (wanted == Goal::none) return;
  if (wanted == Goal::force) {
    if (const auto meant = force_on_record(step, known, s.record->version)) swap(step, *meant);
    return;
  }
  if (known.term > term && !sabotaged(Sabotage::record_term_ignored)) {
    return step_down(step, known.term, "the arbiter knows a higher term");
  }
  if (wanted == Goal::take_over) return take_over(step);
  swap(step, wanted == Goal::both ? both(term) : only(s.settings.self, term));
}

}  // namespace

bool record_excludes_peer(const State& s) {
  const bool sure = s.record && (s.record->ours || sabotaged(Sabotage::record_only_read));
  return sure && s.record->value.has(s.settings.self) &&
         !s.record->value.has(other(s.settings.self));
}

void begin_generation(State& s) {
  if (!s.wanted.shared) return;
  begin(s.wanted.generations, s.random.next() | 1);
  s.wanted.shared = false;
}

void on_record_read(Step& step, const RecordRead& event) {
  State& s = step.s;
  if (handle_of(event.ticket) != s.record_busy) return;
  s.record_busy = 0;
  s.record_retry = step.now + s.settings.record_retry;
  if (!event.ok) {
    if (s.forcing) refuse_force(step, Code::unavailable, "the arbiter cannot be read; try again");
    return;
  }
  UpToDate known;
  if (event.version != 0) {
    const auto decoded = decode_up_to_date(event.value);
    if (!decoded) return step.note(decoded.error().message);
    known = *decoded;
  }
  s.record = State::Known{event.version, known};
  s.record_retry = {};
}

void on_record_swapped(Step& step, const RecordSwapped& event) {
  State& s = step.s;
  if (handle_of(event.ticket) != s.record_busy) return;
  s.record_busy = 0;
  const bool believed = event.outcome == Swap::unknown && sabotaged(Sabotage::unknown_swap_is_done);
  if (event.outcome == Swap::done || believed) {
    s.record = State::Known{event.version, s.record_meant, true};
    if (s.forcing) s.forcing->recorded = true;
  } else if (event.outcome == Swap::unknown) {
    s.record_retry = step.now + s.settings.record_retry;
  }
}

void pump_record(Step& step) {
  State& s = step.s;
  // While the peer is being made equal, too, what was under way when it was lost is ours alone.
  const bool owed = s.any_lost && s.standing == Standing::syncing;
  if ((wants_alone(s) || owed) && outside_known(s)) begin_generation(s);
  if (s.record_busy != 0 || step.now < s.record_retry) return;
  s.record_retry = {};
  if (goal(step) == Goal::none) return;
  if (s.record) return on_known(step);
  s.record_busy = ++s.tickets;
  step.act(ReadRecord{ticket(Kind::record, s.record_busy)});
}

}  // namespace mainstay::mirror
