// The link: who is there, what its copy is worth, and whether it may follow.
#include <fmt/format.h>

#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

void on_hello(Step& step, const Hello& hello) {
  State& s = step.s;
  if (!s.link_up || s.phase == Phase::opening) return;
  if (hello.mirror != s.settings.mirror || !of_one_size(s, hello)) {
    if (s.echoed != hello.session) step.note("the peer's copy is of another mirror or size");
    s.echoed = hello.session;
    return;
  }
  if (hello.session != s.echoed) {
    s.echoed = hello.session;
    greet(step);
  }
  if (hello.echo != s.session || s.peer) return;
  const bool leads = s.phase == Phase::primary || s.phase == Phase::promoting;
  if (leads && hello.term > s.wanted.term) {
    step_down(step, hello.term, "the peer knows a higher term");
  }
  if (hello.geometry != s.settings.geometry && !sabotaged(Sabotage::smaller_copy_led)) {
    return on_copy_size(step, hello.geometry.sectors);
  }
  s.peer = hello;
  s.peer_session = hello.session;
}

// The histories allow no more than to know of each other.
void refuse_peer(Step& step, Relation relation) {
  State& s = step.s;
  s.standing = Standing::refused;
  const std::string why =
      overruled_by_peer(s) ? "a person has chosen the peer's copy; promote it there"
                           : fmt::format("our copy and the peer's are {}; choose the one to keep",
                                         to_text(relation));
  step.note(why);
  if (s.phase == Phase::promoting) refuse_promotion(step, Code::conflict, why);
}

void lead(Step& step, Joining joining) {
  State& s = step.s;
  s.joining = joining;
  s.standing = Standing::leading;
  s.asked = step.now;
  s.next_check = step.now + s.settings.peer_timeout;
  s.blocks_due.reset();
  s.blocks_seen = 0;
  send(step, Lead{joining, s.wanted.generations});
}

void try_to_lead(Step& step) {
  State& s = step.s;
  const Relation relation = compare(s.wanted.generations, s.peer->generations);
  switch (relation) {
    case Relation::equal:
      if (s.dirty.empty() && s.peer->dirty == 0 && s.peer->state == CopyState::up_to_date) {
        return lead(step, Joining::pair);
      }
      return lead(step, Joining::sync);
    case Relation::ahead:
      return lead(step, Joining::sync);
    case Relation::ahead_by_all:
      for (Region region = 0; region < s.dirty.size(); ++region) set_dirty(s, region);
      return lead(step, Joining::sync);
    case Relation::behind:
    case Relation::diverged:
    case Relation::unrelated:
    case Relation::both_blank:
      if (overrule_peer(step)) return;
      return refuse_peer(step, relation);
  }
}

void follow_seen(Step& step) {
  State& s = step.s;
  if (!s.blocks_due || s.blocks_seen < *s.blocks_due) return;
  if (s.joining == Joining::pair) {
    s.standing = Standing::paired;
  } else {
    s.word = true;
    s.standing = Standing::syncing;
    begin_resync(step);
  }
  step.note(fmt::format("the peer follows: {}, {} regions to send", to_text(s.standing),
                        s.dirty.count()));
}

void on_dirty_block(Step& step, const DirtyBlock& block) {
  State& s = step.s;
  if (s.standing != Standing::leading) return;
  ++s.blocks_seen;
  if (sabotaged(Sabotage::follower_bits_ignored)) return follow_seen(step);
  const std::uint64_t first = block.number * Geometry::bits_of_block;
  Bitmap theirs(s.dirty.size());
  if (first >= theirs.size() || !theirs.merge_block(block.number, block.bits)) {
    return lose_peer(step, "the peer's bitmap is impossible");
  }
  for (Region region = theirs.next(first); region < theirs.size();
       region = theirs.next(region + 1)) {
    set_dirty(s, region);
  }
  follow_seen(step);
}

void on_refuse(Step& step, const Refuse& refuse) {
  State& s = step.s;
  if (refuse.term > s.wanted.term) {
    step_down(step, refuse.term, "the peer knows a higher term");
    return lose_peer(step, "the peer knows a higher term");
  }
  if (s.standing == Standing::leading) refuse_peer(step, Relation::diverged);
}

void on_answer(Step& step, Ticket number, bool ok) {
  const Handle handle = handle_of(number);
  if (kind_of(number) == Kind::request) return on_peer_done(step, handle, ok);
  if (kind_of(number) == Kind::chunk) return on_chunk_written(step, handle, ok);
  if (kind_of(number) == Kind::resync_flush) return on_peer_resync_flushed(step, handle, ok);
}

void on_body(Step& step, const Message& message) {
  State& s = step.s;
  const auto& body = message.body;
  if (const auto* write = std::get_if<Write>(&body)) return on_write(step, message, *write);
  if (const auto* flush = std::get_if<Flush>(&body)) return on_flush(step, message, *flush);
  if (const auto* asked = std::get_if<Lead>(&body)) return on_lead(step, message.term, *asked);
  if (const auto* finish = std::get_if<Finish>(&body)) return on_finish(step, message, *finish);
  if (const auto* check = std::get_if<Check>(&body)) return on_check(step, message, *check);
  if (std::holds_alternative<Measure>(body)) return on_measure(step, message);
  if (const auto* grow = std::get_if<Grow>(&body)) return on_grow(step, message, *grow);
  if (const auto* measured = std::get_if<Measured>(&body)) return on_measured(step, *measured);
  if (const auto* grown = std::get_if<Grown>(&body)) {
    return on_copy_size(step, grown->sectors);
  }
  if (const auto* refuse = std::get_if<Refuse>(&body)) return on_refuse(step, *refuse);
  // What is left are answers to us as the primary of this term.
  if (message.term != s.wanted.term) return;
  if (const auto* written = std::get_if<Written>(&body)) {
    return on_answer(step, written->number, written->ok);
  }
  if (const auto* flushed = std::get_if<Flushed>(&body)) {
    return on_answer(step, flushed->number, flushed->ok);
  }
  if (const auto* block = std::get_if<DirtyBlock>(&body)) return on_dirty_block(step, *block);
  if (const auto* checked = std::get_if<Checked>(&body)) return on_checked(step, *checked);
  if (std::holds_alternative<Finished>(body)) return on_finished(step);
  if (const auto* follow = std::get_if<Follow>(&body)) {
    if (s.standing != Standing::leading) return;
    s.blocks_due = follow->blocks;
    follow_seen(step);
  }
}

// How long the peer has owed the oldest answer.
Instant oldest_debt(const State& s) {
  Instant oldest = never;
  if (s.standing == Standing::leading || s.standing == Standing::finishing) oldest = s.asked;
  if (s.resync_flush_peer) oldest = std::min(oldest, s.resync_flush_since);
  s.requests.for_each([&](Handle, const Request& request) {
    if (request.peer_pending) oldest = std::min(oldest, request.since);
  });
  for (const Chunk& chunk : s.chunks) {
    const bool compared = chunk.stage == Chunk::Stage::comparing && !chunk.theirs.known;
    if (compared || chunk.stage == Chunk::Stage::sent) oldest = std::min(oldest, chunk.since);
  }
  return oldest;
}

}  // namespace

void greet(Step& step) {
  State& s = step.s;
  if (s.phase == Phase::opening || s.phase == Phase::broken) return;
  const Hello hello{.session = s.session,
                    .echo = s.echoed,
                    .mirror = s.settings.mirror,
                    .geometry = s.settings.geometry,
                    .generations = s.wanted.generations,
                    .state = s.wanted.state,
                    .term = s.wanted.term,
                    .dirty = s.dirty.count(),
                    .data_term = s.wanted.data_term,
                    .choice = s.wanted.choice,
                    .given_up = s.wanted.given_up,
                    .grown_from = s.durable.grown_from};
  step.act(SendMessage{Message{0, s.wanted.term, hello}});
}

void send(Step& step, decltype(Message::body) body) {
  step.act(SendMessage{Message{step.s.peer_session, step.s.wanted.term, std::move(body)}});
}

void on_link_up(Step& step) {
  State& s = step.s;
  if (s.link_up) on_link_lost(step);
  s.link_up = true;
  s.session = s.random.next() | 1;
  greet(step);
}

void on_link_lost(Step& step) {
  State& s = step.s;
  s.link_up = false;
  s.session = s.peer_session = s.echoed = 0;
  s.peer.reset();
  s.wish.reset();
  s.following = 0;
  stop_resync(s);
  forget_peer(s);
  if (s.standing != Standing::apart && s.phase == Phase::primary) step.note("the peer is lost");
  s.standing = Standing::apart;
}

void lose_peer(Step& step, std::string why) {
  if (!step.s.link_up) return;
  step.act(DropLink{std::move(why)});
  on_link_lost(step);
}

void on_received(Step& step, const Message& message) {
  State& s = step.s;
  if (const auto* hello = std::get_if<Hello>(&message.body)) return on_hello(step, *hello);
  const bool of_this_session = s.peer && message.session == s.session;
  if (of_this_session || (s.peer && sabotaged(Sabotage::session_not_checked))) {
    return on_body(step, message);
  }
  if (const auto* write = std::get_if<Write>(&message.body)) {
    if (write->operation == Operation::write) step.act(ReleaseBuffer{write->buffer});
  }
}

void pump_link(Step& step) {
  State& s = step.s;
  if (s.phase != Phase::primary && s.phase != Phase::promoting) return;
  const bool ready = s.phase == Phase::primary || s.durable.term == s.promotion->term;
  if (s.standing == Standing::apart && s.peer && ready && s.record_busy == 0 &&
      superblock_settled(s) && s.taken.empty()) {
    try_to_lead(step);
  }
  if (step.now < s.next_check) return;
  s.next_check = never;
  if (s.standing == Standing::apart || s.standing == Standing::refused) return;
  const Instant oldest = oldest_debt(s);
  if (oldest != never && step.now - oldest >= s.settings.peer_timeout) {
    return lose_peer(step, "the peer has not answered in time");
  }
  s.next_check = step.now + s.settings.peer_timeout / 4;
}

}  // namespace mainstay::mirror
