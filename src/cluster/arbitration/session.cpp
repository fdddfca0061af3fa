#include "cluster/arbitration/session.h"

#include <algorithm>

#include "base/sabotage.h"

namespace mainstay::arbitration {
namespace {

// Whoever reads a renewal counts by the lease in it, whether its answer reaches us or not: a
// shorter one binds us from the question on.
void obey_shorter(Session& session, Duration lease, Instant now) {
  const Instant until = std::min(session.counted_from + session.lease, now + lease);
  session.lease = until - session.counted_from;
}

void accept(Session& session, Step& step) {
  if (!session.held) {
    step.note(Severity::information, step.self.value, "holds its session at the arbiter");
  }
  session.held = true;
  session.counted_from = sabotaged(Sabotage::lease_from_answer) ? step.now : session.swap_asked;
  session.lease = session.swap_lease;
  session.next_at = session.swap_asked + step.config.timing.lease / 4;
  session.swap_value.clear();
}

void lose(Session& session, const NodeName& by, Step& step) {
  if (session.held) {
    step.note(Severity::error, step.self.value,
              fmt::format("was fenced out: {} revoked its session at the arbiter", by));
    session.fenced_out = true;
  }
  session.held = false;
}

void on_read(Session& session, const RecordRead& read, Step& step) {
  session.reading = 0;
  if (!read.outcome) {
    session.next_at = step.now + step.config.timing.lease / 8;
    return;
  }
  const auto record = decode_session(read.value);
  if (!record) {
    step.note(Severity::error, step.self.value,
              "its record at the arbiter: " + record.error().message);
  } else if (!session.swap_value.empty() && read.value == session.swap_value) {
    accept(session, step);  // The reply was lost, the renewal was not.
  } else if (session.held && record->standing == SessionStanding::revoked) {
    lose(session, record->revoked_by, step);
  }
  session.version = read.version;
  session.version_known = true;
  session.next_at = std::min(session.next_at, step.now);
}

void on_swapped(Session& session, const RecordSwapped& swapped, Step& step) {
  session.swapping = 0;
  if (swapped.outcome) {
    session.version = swapped.version;
    accept(session, step);
    return;
  }
  // A conflict means that somebody else wrote; everything else that we may have: either way, look.
  session.version_known = false;
  session.next_at = swapped.outcome.error().code == Code::conflict
                        ? step.now
                        : step.now + step.config.timing.lease / 16;
}

}  // namespace

bool on_answer(Session& session, const Event& event, Step& step) {
  if (const auto* read = std::get_if<RecordRead>(&event)) {
    if (read->ticket == 0 || read->ticket != session.reading) return false;
    on_read(session, *read, step);
    return true;
  }
  if (const auto* swapped = std::get_if<RecordSwapped>(&event)) {
    if (swapped->ticket == 0 || swapped->ticket != session.swapping) return false;
    on_swapped(session, *swapped, step);
    return true;
  }
  return false;
}

void renew(Session& session, const SessionNeeds& needs, Step& step) {
  const Timing& timing = step.config.timing;
  if (session.reading != 0 || session.swapping != 0 || step.now < session.next_at) return;
  const std::string key = "node/" + step.self.value;
  if (!session.version_known) {
    session.reading = step.new_ticket();
    step.act(ReadRecord{session.reading, key, step.now + timing.lease / 2});
    return;
  }
  if (session.fenced_out) {
    if (!needs.idle) {  // What runs here runs without a session; it is being stopped.
      session.next_at = step.now + timing.lease / 16;
      return;
    }
    session.fenced_out = false;
  }
  const Beat beat = needs.compose();
  const SessionRecord record{
      .standing = needs.closing ? SessionStanding::closed : SessionStanding::active,
      .incarnation = beat.incarnation,
      .lease = needs.alone ? timing.lease_alone : timing.lease,
      .revoked_by = {},
      .beat = encode(beat),
  };
  if (record.lease < session.lease) obey_shorter(session, record.lease, step.now);
  session.swap_asked = step.now;
  session.swap_lease = record.lease;
  session.swap_value = encode(record);
  session.swapping = step.new_ticket();
  step.act(SwapRecord{session.swapping, key, session.version, session.swap_value,
                      step.now + timing.lease / 2});
}

Instant next_deadline(const Session& session) {
  return session.reading != 0 || session.swapping != 0 ? never : session.next_at;
}

}  // namespace mainstay::arbitration
