// What the cluster wants of this copy: to be the primary's at a term, or not to be.
#include <fmt/format.h>

#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

void establish(Step& step) {
  State& s = step.s;
  s.phase = Phase::primary;
  // What the application finds, and relies upon once it has flushed, may be in caches yet.
  if (!sabotaged(Sabotage::earlier_writes_not_flushed)) ++s.volatile_writes;
  step.note(fmt::format("primary at term {}: {}", s.promotion->term, to_text(s.standing)));
  step.act(AnswerCluster{s.promotion->ticket, Status{}});
  s.promotion.reset();
}

// Nothing is written under a term that our copy does not own to.
void serve(Step& step) {
  State& s = step.s;
  s.wanted.data_term = s.promotion->term;
  if (superblock_settled(s)) establish(step);
}

void pump_promotion(Step& step) {
  State& s = step.s;
  if (step.now >= s.promotion->deadline) s.promotion->deadline = {};
  if (!superblock_settled(s) || s.durable.term != s.promotion->term || !s.taken.empty()) return;
  if (s.standing == Standing::syncing || s.standing == Standing::paired) return serve(step);
  if (s.standing == Standing::leading || step.now < s.promotion->deadline) return;
  const bool ours = record_excludes_peer(s) && s.record->value.term == s.promotion->term;
  if (!ours && s.settings.record) return;
  // What the application reads from now on decides between writes of which nobody knew whether they
  // were there. The peer's copy may have decided otherwise, and must be behind.
  if (s.durable.shared && !sabotaged(Sabotage::promotion_keeps_generation))
    return begin_generation(s);
  serve(step);
}

// Everything that differs is marked in the bitmap, so that the log can be emptied.
bool marked(Step& step) {
  State& s = step.s;
  if (s.bitmap_writing) return false;
  if (s.stale_count > 0) {
    for (std::uint64_t block = 0; block < s.stale.size(); ++block) {
      if (!s.stale[block]) continue;
      write_bitmap_block(step, block);
      return false;
    }
  }
  for (const Zone zone : s.log.idle()) s.log.evict(zone);
  return !s.log.pending() && !s.log_writing;
}

void pump_demotion(Step& step) {
  State& s = step.s;
  State::Demotion& demotion = *s.demotion;
  // What waits for a peer that is gone would wait for ever.
  if (s.any_lost && !may_go_alone(s)) fail_requests(step);
  if (demotion.flush == 0) {
    if (!s.requests.empty()) return;
    if (write_mode(s) == Mode::hold) {
      demotion.flushed = true;
      demotion.flush = 1;
    } else {
      demotion.flush = begin_own_flush(step);
    }
  }
  if (!demotion.flushed || !s.requests.empty()) return;
  lose_peer(step, "this copy is the primary's no more");
  if (!marked(step)) return;
  s.wanted.primary_term = 0;
  if (!superblock_settled(s)) return;
  s.phase = Phase::secondary;
  s.word = false;
  step.note("secondary");
  step.act(AnswerCluster{demotion.ticket, Status{}});
  s.demotion.reset();
}

}  // namespace

void refuse_promotion(Step& step, Code code, std::string why) {
  State& s = step.s;
  step.act(AnswerCluster{s.promotion->ticket, failure(code, std::move(why))});
  s.promotion.reset();
  s.phase = Phase::secondary;
  s.word = false;
  lose_peer(step, "this copy is not the primary's");
  s.standing = Standing::apart;
}

void step_down(Step& step, Term term, std::string_view why) {
  State& s = step.s;
  s.wanted.term = std::max(s.wanted.term, term);
  s.wanted.primary_term = 0;
  if (s.promotion) {
    step.act(AnswerCluster{s.promotion->ticket,
                           failure(Code::conflict, fmt::format("{} ({})", why, term))});
    s.promotion.reset();
  }
  if (s.demotion) {
    step.act(AnswerCluster{s.demotion->ticket, Status{}});
    s.demotion.reset();
  }
  if (s.forcing) refuse_force(step, Code::conflict, fmt::format("{} ({})", why, term));
  fail_requests(step);
  stop_resync(s);
  s.phase = Phase::secondary;
  s.standing = Standing::apart;
  s.word = false;
  step.note(fmt::format("secondary: {} ({})", why, term));
}

void on_promote(Step& step, const Promote& event) {
  State& s = step.s;
  const auto refuse = [&](Code code, std::string why) {
    step.act(AnswerCluster{event.ticket, failure(code, std::move(why))});
  };
  if (s.phase == Phase::opening) return refuse(Code::unavailable, "the mirror is being opened");
  if (s.phase == Phase::primary && s.wanted.term == event.term) {
    return step.act(AnswerCluster{event.ticket, Status{}});
  }
  if (s.phase != Phase::secondary || s.forcing) {
    return refuse(Code::conflict, "another order is under way");
  }
  const bool known = event.term < s.wanted.term ||
                     (event.term == s.wanted.term && s.wanted.primary_term != event.term);
  if (known) {
    return refuse(Code::conflict,
                  fmt::format("term {} is over, term {} is known", event.term, s.wanted.term));
  }
  if (s.wanted.state != CopyState::up_to_date) {
    return refuse(Code::conflict, "this copy is inconsistent: its resync has not ended");
  }
  lose_peer(step, "this copy is to be the primary's");
  s.phase = Phase::promoting;
  s.standing = Standing::apart;
  s.record.reset();
  s.record_busy = 0;
  s.record_retry = {};
  s.wanted.term = event.term;
  s.wanted.primary_term = event.term;
  s.promotion = {event.ticket, event.term, step.now + s.settings.promote_wait};
}

void on_demote(Step& step, const Demote& event) {
  State& s = step.s;
  if (s.phase == Phase::promoting) {
    refuse_promotion(step, Code::cancelled, "the cluster changed its mind");
  }
  if (s.phase != Phase::primary) return step.act(AnswerCluster{event.ticket, Status{}});
  s.phase = Phase::demoting;
  s.demotion = State::Demotion{.ticket = event.ticket};
  for (const Request& request : std::exchange(s.queue, {})) {
    step.act(Acknowledge{request.id, false});
  }
}

void pump_role(Step& step) {
  if (step.s.promotion) pump_promotion(step);
  if (step.s.demotion) pump_demotion(step);
}

}  // namespace mainstay::mirror
