// One step: the event is taken in, and then whatever the state allows is begun.
#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

void on_data_done(Step& step, const DataDone& event) {
  const Handle handle = handle_of(event.ticket);
  switch (kind_of(event.ticket)) {
    case Kind::request:
      return on_local_done(step, handle, event.ok);
    case Kind::chunk:
      return on_chunk_read(step, handle, event.ok);
    case Kind::resync_flush:
      return on_local_resync_flushed(step, handle, event.ok);
    case Kind::force_flush:
      return on_force_flushed(step, handle, event.ok);
    case Kind::growth:
      return on_growth_done(step, handle, event.ok);
    case Kind::taken:
    case Kind::taken_flush:
      return on_taken_done(step, handle, event.ok);
    default:
      return;
  }
}

void take_in(Step& step, const Event& event) {
  if (const auto* done = std::get_if<DataDone>(&event)) return on_data_done(step, *done);
  if (const auto* request = std::get_if<RequestArrived>(&event)) return on_request(step, *request);
  if (const auto* received = std::get_if<Received>(&event)) {
    return on_received(step, received->message);
  }
  if (const auto* written = std::get_if<MetadataWritten>(&event)) {
    return on_metadata_written(step, *written);
  }
  if (const auto* read = std::get_if<MetadataRead>(&event)) return on_opening_read(step, *read);
  if (std::holds_alternative<LinkUp>(event)) return on_link_up(step);
  if (std::holds_alternative<LinkDown>(event)) return on_link_lost(step);
  if (const auto* read = std::get_if<RecordRead>(&event)) return on_record_read(step, *read);
  if (const auto* swap = std::get_if<RecordSwapped>(&event)) return on_record_swapped(step, *swap);
  if (const auto* promote = std::get_if<Promote>(&event)) return on_promote(step, *promote);
  if (const auto* demote = std::get_if<Demote>(&event)) return on_demote(step, *demote);
  if (const auto* force = std::get_if<Force>(&event)) return on_force(step, *force);
  if (const auto* summed = std::get_if<DataSummed>(&event)) return on_summed(step, *summed);
  if (const auto* verify = std::get_if<Verify>(&event)) return on_verify(step, *verify);
  if (const auto* resize = std::get_if<Resize>(&event)) return on_resize(step, *resize);
  if (const auto* measured = std::get_if<DevicesMeasured>(&event)) {
    return on_devices_measured(step, *measured);
  }
  if (const auto* limit = std::get_if<LimitResync>(&event)) {
    step.s.pace.set_limit(limit->bytes_per_second);
  }
}

// In the order in which one enables the next.
void advance(Step& step) {
  std::size_t before = 0;
  do {
    before = step.out.size();
    pump_follower(step);
    pump_role(step);
    pump_force(step);
    pump_link(step);
    pump_record(step);
    pump_requests(step);
    pump_resync(step);
    pump_verify(step);
    pump_growth(step);
    pump_metadata(step);
  } while (step.out.size() != before && step.s.phase != Phase::broken);
}

// Every step asks then whether one more region may begin: what the pace has said is of now.
bool asks_pace(const State& s) {
  const bool sends = s.standing == Standing::syncing && s.resync_pause == Instant{};
  const bool room = std::ranges::any_of(
      s.chunks, [](const Chunk& chunk) { return chunk.stage == Chunk::Stage::idle; });
  return (s.phase == Phase::primary && room && (sends || comparing(s))) || zeroing(s);
}

}  // namespace

std::string_view to_text(Phase phase) {
  switch (phase) {
    case Phase::opening:
      return "opening";
    case Phase::broken:
      return "broken";
    case Phase::secondary:
      return "secondary";
    case Phase::promoting:
      return "promoting";
    case Phase::primary:
      return "primary";
    case Phase::demoting:
      return "demoting";
  }
  return "?";
}

std::string_view to_text(Standing standing) {
  switch (standing) {
    case Standing::apart:
      return "apart";
    case Standing::refused:
      return "refused";
    case Standing::leading:
      return "leading";
    case Standing::syncing:
      return "syncing";
    case Standing::finishing:
      return "finishing";
    case Standing::paired:
      return "paired";
  }
  return "?";
}

std::string_view to_text(Chunk::Stage stage) {
  switch (stage) {
    case Chunk::Stage::idle:
      return "idle";
    case Chunk::Stage::waiting:
      return "waiting";
    case Chunk::Stage::reading:
      return "reading";
    case Chunk::Stage::sent:
      return "sent";
    case Chunk::Stage::comparing:
      return "comparing";
    case Chunk::Stage::summing:
      return "summing";
  }
  return "?";
}

void fail_stop(Step& step, std::string why) {
  State& s = step.s;
  fail_requests(step);
  if (s.promotion) refuse_promotion(step, Code::unavailable, why);
  if (s.demotion) {
    step.act(AnswerCluster{s.demotion->ticket, failure(Code::unavailable, why)});
    s.demotion.reset();
  }
  if (s.forcing) refuse_force(step, Code::unavailable, why);
  if (s.growth && s.growth->order) refuse_resize(step, Code::unavailable, why);
  s.growth.reset();
  if (s.link_up) step.act(DropLink{why});
  s.taken.for_each([&](Handle, const Taken& taken) {
    if (taken.operation == Operation::write) step.act(ReleaseBuffer{taken.buffer});
  });
  on_link_lost(step);
  s.verify.reset();
  s.phase = Phase::broken;
  s.trouble = std::move(why);
  step.note(s.trouble);
}

void step(State& state, const Event& event, Instant now, Actions& out) {
  if (state.phase == Phase::broken) {
    if (const auto* request = std::get_if<RequestArrived>(&event)) {
      out.push_back(Acknowledge{request->id, false});
    } else if (const auto* promote = std::get_if<Promote>(&event)) {
      out.push_back(AnswerCluster{promote->ticket, failure(Code::unavailable, state.trouble)});
    } else if (const auto* demote = std::get_if<Demote>(&event)) {
      out.push_back(AnswerCluster{demote->ticket, Status{}});
    } else if (const auto* force = std::get_if<Force>(&event)) {
      out.push_back(AnswerCluster{force->ticket, failure(Code::unavailable, state.trouble)});
    } else if (const auto* verify = std::get_if<Verify>(&event)) {
      out.push_back(AnswerCluster{verify->ticket, failure(Code::unavailable, state.trouble)});
    } else if (const auto* resize = std::get_if<Resize>(&event)) {
      out.push_back(AnswerCluster{resize->ticket, failure(Code::unavailable, state.trouble)});
    }
    return;
  }
  Step one{state, now, out};
  take_in(one, event);
  if (state.phase == Phase::broken || state.phase == Phase::opening) return;
  advance(one);
  const bool grows = state.growth && state.growth->busy != 0;
  if (chunks_idle(state) && state.resync_flush == 0 && !grows) state.pace.fell_quiet(now);
}

Instant next_deadline(const State& state) {
  if (state.phase == Phase::broken || state.phase == Phase::opening) return never;
  Instant next = state.next_check;
  const auto consider = [&](Instant when) {
    if (when > Instant{}) next = std::min(next, when);
  };
  if (state.promotion) consider(state.promotion->deadline);
  if (state.forcing) consider(state.forcing->deadline);
  if (state.growth) consider(state.growth->deadline);
  if (state.record_busy == 0) consider(state.record_retry);
  consider(state.resync_pause);
  if (asks_pace(state)) consider(state.pace.look_again());
  if (!state.resynced.empty() && state.resync_flush == 0) {
    consider(state.resync_flush_since + resync_flush_every);
  }
  return next;
}

bool in_step(const State& s) {
  return s.phase == Phase::primary && s.standing == Standing::paired && s.requests.empty();
}

}  // namespace mainstay::mirror
