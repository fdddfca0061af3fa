// Our own session at the arbiter: taken, renewed, lost.
//
// It is counted from the moment a renewal was SENT: the lease began no earlier than our question,
// and whoever watches it counts from its own answers. So each side errs towards safety, and no two
// clocks are compared.
#pragma once

#include <functional>
#include <optional>

#include "cluster/arbitration/session_record.h"
#include "cluster/step.h"

namespace mainstay::arbitration {

struct Session {
  std::uint64_t version = 0;
  bool version_known = false;
  bool held = false;
  bool fenced_out = false;  // another node revoked it; no new one until everything here has stopped
  Instant counted_from;     // when the last accepted renewal was sent
  Duration lease{};         // as written by it
  Ticket reading = 0;
  Ticket swapping = 0;
  Instant swap_asked;
  Bytes swap_value;  // kept after a lost reply, to recognise our own writing
  Duration swap_lease{};
  Instant next_at;
  friend bool operator==(const Session&, const Session&) = default;
};

struct SessionNeeds {
  bool alone = false;                    // nobody is there to take over: write the longer lease
  bool idle = false;                     // nothing runs here, so a revoked session may be replaced
  bool closing = false;                  // we stop: write `closed` instead of renewing
  const std::function<Beat()>& compose;  // what we would say now
};

// True if the event was an answer to the session's own question.
bool on_answer(Session& session, const Event& event, Step& step);
void renew(Session& session, const SessionNeeds& needs, Step& step);
Instant next_deadline(const Session& session);

}  // namespace mainstay::arbitration
