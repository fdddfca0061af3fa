// A person's choice between two copies. It does not wait for the other one: what that has of the
// terms that are known now is given up, whenever it comes back.
#include <fmt/format.h>

#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

// Why this copy cannot be chosen now; empty: it can.
std::string obstacle(const State& s) {
  if (s.phase == Phase::opening) return "the mirror is being opened; try again";
  if (s.phase == Phase::promoting || s.phase == Phase::demoting || s.forcing) {
    return "another order is under way";
  }
  if (s.wanted.generations.current == 0) {
    return "this copy was never built: it has nothing that could count";
  }
  if (s.following != 0 || s.wish) {
    return fmt::format(
        "the other copy is the primary's at term {}, and this one follows it; stop "
        "the group there first",
        s.wanted.term);
  }
  const bool refused = s.standing == Standing::apart || s.standing == Standing::refused;
  if (s.phase == Phase::primary && !refused) {
    return "the other copy follows this one: there is nothing to choose";
  }
  return "";
}

Term known_term(const State& s) { return std::max(s.wanted.term, s.peer ? s.peer->term : 0); }

std::string higher_term(Term term) {
  return fmt::format(
      "term {} is known, which is higher than the one that the order names: look at "
      "the mirror's status again",
      term);
}

void declare(State& s) {
  s.forcing->declared = true;
  s.wanted.state = CopyState::up_to_date;
  s.wanted.choice = s.forcing->choice;
  s.wanted.given_up = s.forcing->given_up;
  if (sabotaged(Sabotage::forced_generation_kept)) return;
  // A primary of before that comes back shall not take this copy for one that is merely behind.
  s.wanted.shared = true;
  begin_generation(s);
}

void conclude(Step& step) {
  State& s = step.s;
  const State::Forcing forcing = *std::exchange(s.forcing, std::nullopt);
  step.note(
      fmt::format("by order: this copy counts, and what the other one has of terms up to {} "
                  "is given up",
                  forcing.given_up));
  step.act(AnswerCluster{forcing.ticket, Status{}});
  if (s.phase == Phase::primary) {
    s.standing = Standing::apart;
  } else {
    lose_peer(step, "this copy is another one now");
  }
}

}  // namespace

void refuse_force(Step& step, Code code, std::string why) {
  step.act(AnswerCluster{step.s.forcing->ticket, failure(code, std::move(why))});
  step.s.forcing.reset();
}

void on_force(Step& step, const Force& event) {
  State& s = step.s;
  const auto refuse = [&](std::string why) {
    step.act(AnswerCluster{event.ticket, failure(Code::conflict, std::move(why))});
  };
  if (std::string why = obstacle(s); !why.empty()) return refuse(std::move(why));
  const Term known = known_term(s);
  if (event.term != 0 && known > event.term) return refuse(higher_term(known));
  s.forcing = State::Forcing{.ticket = event.ticket,
                             .term_max = event.term,
                             .given_up = known,
                             .choice = std::max(s.wanted.choice, s.peer ? s.peer->choice : 0) + 1,
                             .deadline = step.now + s.settings.force_wait};
  if (s.phase == Phase::primary) {
    s.forcing->recorded = s.forcing->flushed = true;
    return;
  }
  lose_peer(step, "this copy is to be the one that counts");
  s.record.reset();
  s.record_busy = 0;
  s.record_retry = {};
}

std::optional<UpToDate> force_on_record(Step& step, const UpToDate& known, std::uint64_t version) {
  State& s = step.s;
  State::Forcing& forcing = *s.forcing;
  if (forcing.term_max != 0 && known.term > forcing.term_max) {
    refuse_force(step, Code::conflict, higher_term(known.term));
    return std::nullopt;
  }
  // It may have been ours that was never answered; but somebody else may have taken over.
  if (forcing.found && known != *forcing.found && known != forcing.meant) {
    refuse_force(step, Code::conflict,
                 fmt::format("the arbiter's record has changed meanwhile (term {}): look at the "
                             "mirror's status again",
                             known.term));
    return std::nullopt;
  }
  if (forcing.found) return forcing.meant;
  forcing.found = known;
  forcing.given_up = std::max(forcing.given_up, known.term);
  forcing.choice = std::max(forcing.choice, known.choices + 1);
  forcing.meant = only(s.settings.self, version == 0 ? s.wanted.term : known.term);
  forcing.meant.choices = forcing.choice;
  return forcing.meant;
}

void on_force_flushed(Step& step, Handle handle, bool ok) {
  if (!ok) return fail_stop(step, "data partition: a flush failed; replace the disk");
  State& s = step.s;
  if (s.forcing && s.forcing->flush == handle) s.forcing->flushed = true;
}

void pump_force(Step& step) {
  State& s = step.s;
  if (!s.forcing) return;
  if (!s.settings.record) s.forcing->recorded = true;
  if (!s.forcing->recorded) {
    if (step.now < s.forcing->deadline) return;
    return refuse_force(step, Code::unavailable,
                        "the arbiter does not answer, and its record may or may not name this copy "
                        "alone; say it again");
  }
  s.forcing->deadline = {};
  if (!superblock_settled(s) || !s.taken.empty()) return;
  if (s.phase == Phase::secondary && s.forcing->flush == 0) {
    if (writes_run(s)) return;
    s.forcing->flush = ++s.tickets;
    if (sabotaged(Sabotage::forced_not_flushed)) s.forcing->flushed = true;
    step.act(FlushData{ticket(Kind::force_flush, s.forcing->flush)});
  }
  if (!s.forcing->flushed) return;
  if (s.forcing->declared) return conclude(step);
  declare(s);
}

bool overrules_peer(const State& s) {
  if (!s.peer || s.durable.choice <= s.peer->choice) return false;
  if (s.durable.given_up < s.peer->data_term) return false;
  const Relation relation = compare(s.wanted.generations, s.peer->generations);
  return relation == Relation::behind || relation == Relation::diverged ||
         relation == Relation::unrelated;
}

bool overruled_by_peer(const State& s) {
  if (!s.peer || s.peer->choice <= s.wanted.choice) return false;
  if (s.peer->given_up < s.wanted.data_term) return false;
  const Relation relation = compare(s.wanted.generations, s.peer->generations);
  return relation == Relation::diverged || relation == Relation::unrelated;
}

bool overrule_peer(Step& step) {
  State& s = step.s;
  if (!overrules_peer(s)) return false;
  overrule(s.wanted.generations, s.peer->generations, s.random.next() | 1);
  s.wanted.shared = false;
  step.note("a person has chosen this copy: the other one is to be made equal to it");
  return true;
}

}  // namespace mainstay::mirror
