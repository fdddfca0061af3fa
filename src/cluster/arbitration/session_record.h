// What stands at the arbiter under "node/<name>" and "group/<name>".
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "cluster/message.h"

namespace mainstay::arbitration {

enum class SessionStanding : std::uint8_t {
  none,     // no record
  active,   // the node renews it and may run groups until its lease ends
  closed,   // the node stopped cleanly
  revoked,  // another node ended it, after it had stood still for its lease time
};

struct SessionRecord {
  SessionStanding standing = SessionStanding::none;
  Incarnation incarnation = 0;
  Duration lease{};
  NodeName revoked_by;
  // What the node last said, so that the arbiter is also a slow path between nodes that do not hear
  // each other. Its number makes each renewal's bytes unlike every other's: by them a lost reply is
  // recognised.
  Bytes beat;
  friend bool operator==(const SessionRecord&, const SessionRecord&) = default;
};

Bytes encode(const SessionRecord& record);
// An empty value is a record that does not exist.
Result<SessionRecord> decode_session(ByteView bytes);

struct OwnerRecord {
  NodeName owner;
  Term term = 0;
  friend bool operator==(const OwnerRecord&, const OwnerRecord&) = default;
};

Bytes encode(const OwnerRecord& record);
Result<OwnerRecord> decode_owner(ByteView bytes);

}  // namespace mainstay::arbitration
