// The primary's requests: a write goes to both copies and is acknowledged when both have it, or
// when it is known outside this node that only ours counts.
#include <fmt/format.h>

#include "base/check.h"
#include "mirror/parts.h"

namespace mainstay::mirror {
namespace {

constexpr std::size_t looked_ahead_max = 64;

template <class F>
void each_zone(const State& s, const Range& range, F what) {
  const Geometry& geometry = s.settings.geometry;
  const Zone last = geometry.zone_of(geometry.end_region(range) - 1);
  for (Zone zone = geometry.zone_of(geometry.first_region(range)); zone <= last; ++zone) what(zone);
}

template <class F>
void each_region(const State& s, const Range& range, F what) {
  const Geometry& geometry = s.settings.geometry;
  const Region end = geometry.end_region(range);
  for (Region region = geometry.first_region(range); region < end; ++region) what(region);
}

bool writes(const Request& request) {
  return request.operation == Operation::write || request.operation == Operation::zero;
}

// Has a slot in the log, or takes a free one. False: there is none.
bool admit(State& s, const Range& range) {
  bool admitted = true;
  each_zone(s, range, [&](Zone zone) {
    if (s.log.has(zone)) return;
    if (s.log.full()) {
      admitted = false;
    } else {
      s.log.admit(zone);
    }
  });
  return admitted;
}

bool covered(const State& s, const Range& range) {
  bool all = true;
  each_zone(s, range, [&](Zone zone) { all &= s.log.covers(zone); });
  return all || sabotaged(Sabotage::log_not_awaited);
}

void answer(Step& step, Request& request, bool ok) {
  if (!request.answered && request.id != 0) step.act(Acknowledge{request.id, ok});
  request.answered = true;
}

// What this request's end means to the flushes that follow.
void note_durability(State& s, const Request& request) {
  if (request.operation == Operation::flush) {
    const bool later = sabotaged(Sabotage::flush_covers_later_writes);
    const std::uint64_t covered = later ? s.volatile_writes : request.covers;
    s.flushed_writes = std::max(s.flushed_writes, covered);
  } else if (writes(request) && !request.durable) {
    if (!sabotaged(Sabotage::volatile_write_forgotten)) ++s.volatile_writes;
  }
}

void finish(Step& step, Handle handle, Request& request) {
  State& s = step.s;
  note_durability(s, request);
  if (writes(request)) {
    each_zone(s, request.range, [&](Zone zone) { s.log.end_write(zone); });
    s.pace.write_ended(request.arrived, step.now);
  }
  if (s.settling == handle) {
    s.old.clear();
    s.settling = 0;
  }
  if (s.demotion && s.demotion->flush == handle) s.demotion->flushed = true;
  answer(step, request, true);
  s.requests.remove(handle);
}

void finish_if_done(Step& step, Handle handle) {
  State& s = step.s;
  Request* request = s.requests.find(handle);
  if (request == nullptr || request->local_pending) return;
  if (!request->answered) {
    if (request->peer_pending && !sabotaged(Sabotage::ack_before_peer)) return;
    if (request->lost && !may_go_alone(s) && !sabotaged(Sabotage::lonely_ack_before_record)) {
      return;
    }
  }
  finish(step, handle, *request);
}

Request running(const Request& from, Mode mode, Instant now) {
  Request request = from;
  request.local_pending = true;
  request.peer_pending = mode == Mode::both;
  request.since = now;
  return request;
}

// Writes that are still on their way are not settled by a flush that begins now.
void set_unsettled_apart(State& s) {
  s.old.swap(s.young);
  if (sabotaged(Sabotage::flush_settles_all)) return;
  s.requests.for_each([&](Handle, const Request& request) {
    if (writes(request)) each_region(s, request.range, [&](Region region) { s.young.add(region); });
  });
}

// What was written before the flush began is settled when it ends.
void begin_settling(State& s, Handle flush) {
  if (s.settling != 0) return;
  s.settling = flush;
  set_unsettled_apart(s);
}

// Every write that was answered is durable, on both copies if both have it.
bool nothing_to_flush(const State& s) { return s.volatile_writes == s.flushed_writes; }

void answer_needless_flush(Step& step, const Request& flush, Mode mode) {
  State& s = step.s;
  if (mode == Mode::both && s.settling == 0) {
    set_unsettled_apart(s);
    s.old.clear();
  }
  step.act(Acknowledge{flush.id, true});
}

Handle start_flush(Step& step, const Request& from, Mode mode) {
  State& s = step.s;
  const Handle handle = s.requests.add(running(from, mode, step.now));
  s.requests.find(handle)->covers = s.volatile_writes;
  if (mode == Mode::both) begin_settling(s, handle);
  step.act(FlushData{ticket(Kind::request, handle)});
  if (mode == Mode::alone) return handle;
  if (sabotaged(Sabotage::flush_not_forwarded)) {
    s.requests.find(handle)->peer_pending = false;
  } else {
    send(step, Flush{ticket(Kind::request, handle)});
  }
  return handle;
}

void start_write(Step& step, const Request& from, Mode mode) {
  State& s = step.s;
  each_zone(s, from.range, [&](Zone zone) {
    if (!s.log.has(zone)) s.log.admit(zone);
    s.log.begin_write(zone);
  });
  each_region(s, from.range, [&](Region region) {
    if (mode == Mode::both) {
      s.young.add(region);
    } else if (!sabotaged(Sabotage::lonely_write_not_marked)) {
      set_dirty(s, region);
    }
  });
  const Handle handle = s.requests.add(running(from, mode, step.now));
  const Ticket its = ticket(Kind::request, handle);
  step.act(WriteData{its, from.operation, from.range, from.durable, from.buffer});
  if (mode == Mode::alone) return;
  if (from.operation == Operation::zero && sabotaged(Sabotage::zero_not_forwarded)) {
    s.requests.find(handle)->peer_pending = false;
  } else {
    send(step, Write{its, from.operation, from.range, from.durable, from.buffer});
  }
}

bool start(Step& step, const Request& request) {
  State& s = step.s;
  const Mode mode = write_mode(s);
  if (mode == Mode::hold) return false;
  if (request.operation == Operation::flush) {
    if (nothing_to_flush(s)) {
      answer_needless_flush(step, request, mode);
    } else {
      start_flush(step, request, mode);
    }
    return true;
  }
  if (!sabotaged(Sabotage::overlaps_race) && overlaps_running_write(s, request.range)) return false;
  if (resync_holds(s, request.range)) return false;
  if (!covered(s, request.range)) return false;
  start_write(step, request, mode);
  return true;
}

// Whether it is a write that is likely to be: then it is made durable at once.
bool flushed_alone(State& s, const RequestArrived& event) {
  if (event.operation == Operation::flush) s.foresight.on_flush();
  const bool may_be = event.operation == Operation::write && !event.durable;
  return may_be && s.foresight.on_write();
}

void admit_ahead(Step& step) {
  State& s = step.s;
  std::size_t looked = 0;
  for (const Request& request : s.queue) {
    if (++looked > looked_ahead_max) return;
    if (!writes(request) || admit(s, request.range)) continue;
    // Room is made for the first one; who comes behind it may take what is left.
    if (looked == 1) {
      make_room(step, request.range);
      admit(s, request.range);
    }
    return;
  }
}

}  // namespace

bool outside_known(const State& s) {
  return s.word || record_excludes_peer(s) || !s.settings.record;
}

bool may_go_alone(const State& s) {
  if (s.standing == Standing::finishing || s.standing == Standing::paired) return false;
  if (s.standing == Standing::leading && s.joining == Joining::pair) return false;
  const bool ours_alone = !s.durable.shared && !s.wanted.shared;
  return outside_known(s) && (ours_alone || sabotaged(Sabotage::generation_not_changed));
}

Mode write_mode(const State& s) {
  switch (s.standing) {
    case Standing::syncing:
    case Standing::finishing:
    case Standing::paired:
      return Mode::both;
    case Standing::apart:
    case Standing::refused:
    case Standing::leading:
      break;
  }
  const bool hurried =
      sabotaged(Sabotage::lonely_ack_before_record) && s.standing == Standing::apart;
  return may_go_alone(s) || hurried ? Mode::alone : Mode::hold;
}

bool wants_alone(const State& s) {
  if (s.phase != Phase::primary || may_go_alone(s)) return false;
  if (s.standing != Standing::apart && s.standing != Standing::refused) return false;
  return s.any_lost || !s.queue.empty();
}

void on_request(Step& step, const RequestArrived& event) {
  State& s = step.s;
  const bool flush = event.operation == Operation::flush;
  const Geometry& geometry = s.settings.geometry;
  const bool fits =
      flush || (geometry.holds(event.range) && event.range.count <= geometry.request_sectors_max());
  if (s.phase != Phase::primary || !fits) {
    return step.act(Acknowledge{event.id, false});
  }
  const Request request{.id = event.id,
                        .operation = event.operation,
                        .range = event.range,
                        .durable = event.durable || flushed_alone(s, event),
                        .buffer = event.buffer,
                        .arrived = step.now};
  if (event.operation != Operation::read) return s.queue.push_back(request);
  const Handle handle = s.requests.add(running(request, Mode::alone, step.now));
  step.act(ReadData{ticket(Kind::request, handle), event.range, event.buffer});
}

void pump_requests(Step& step) {
  State& s = step.s;
  if (s.any_lost && may_go_alone(s)) {
    s.any_lost = false;
    s.requests.for_each([&](Handle handle, Request&) { finish_if_done(step, handle); });
    s.requests.for_each([&](Handle, const Request& request) { s.any_lost |= request.lost; });
  }
  if (s.queue.empty()) return;
  if (write_mode(s) != Mode::hold) admit_ahead(step);
  while (!s.queue.empty() && start(step, s.queue.front())) s.queue.pop_front();
}

void on_local_done(Step& step, Handle handle, bool ok) {
  State& s = step.s;
  Request* request = s.requests.find(handle);
  if (request == nullptr) return;
  request->local_pending = false;
  if (ok) return finish_if_done(step, handle);
  if (request->operation == Operation::read) {
    answer(step, *request, false);
    return s.requests.remove(handle);
  }
  fail_stop(step, "data partition: a write failed; replace the disk");
}

void on_peer_done(Step& step, Handle handle, bool ok) {
  Request* request = step.s.requests.find(handle);
  if (request == nullptr || !request->peer_pending) return;
  if (!ok) return lose_peer(step, "the peer's disk failed");
  request->peer_pending = false;
  finish_if_done(step, handle);
}

Handle begin_own_flush(Step& step) {
  const Request flush{.operation = Operation::flush};
  return start_flush(step, flush, write_mode(step.s));
}

void forget_peer(State& s) {
  for (RegionList* list : {&s.young, &s.old}) {
    if (!sabotaged(Sabotage::unsettled_forgotten)) {
      for (const Region region : list->list()) set_dirty(s, region);
    }
    list->clear();
  }
  s.settling = 0;
  s.requests.for_each([&](Handle, Request& request) {
    if (!request.peer_pending) return;
    request.peer_pending = false;
    request.lost = true;
    s.any_lost = true;
  });
}

void fail_requests(Step& step) {
  State& s = step.s;
  forget_peer(s);
  s.any_lost = false;
  for (Request& request : s.queue) answer(step, request, false);
  s.queue.clear();
  s.requests.for_each([&](Handle handle, Request& request) {
    answer(step, request, false);
    if (!request.local_pending) finish(step, handle, request);
  });
}

bool overlaps_running_write(const State& s, const Range& range) {
  bool found = false;
  s.requests.for_each([&](Handle, const Request& request) {
    found |= writes(request) && overlap(request.range, range);
  });
  return found;
}

bool writes_run(const State& s) {
  bool found = false;
  s.requests.for_each(
      [&](Handle, const Request& request) { found |= writes(request) && request.local_pending; });
  return found;
}

}  // namespace mainstay::mirror
