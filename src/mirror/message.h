// What two engines say to each other about one mirror.
//
// Every message but Hello names the session, which is the receiver's number for it, and the term of
// the primary that leads. Within a session messages may overtake one another: there may be several
// connections. Nothing here relies on their order.
#pragma once

#include <variant>

#include "mirror/request.h"
#include "mirror/superblock.h"

namespace mainstay::mirror {

using Session = std::uint64_t;

// Said when a link comes up, and again with the other's number as soon as that is known. A Hello
// counts when it echoes our own number: then it is of this session.
struct Hello {
  Session session = 0;  // the sender's number
  Session echo = 0;     // ours, as far as the sender knows
  MirrorId mirror{};
  Geometry geometry;
  Generations generations;
  CopyState state = CopyState::inconsistent;
  Term term = 0;
  std::uint64_t dirty = 0;  // regions that the sender calls dirty
  Term data_term = 0;       // see Superblock
  std::uint64_t choice = 0;
  Term given_up = 0;
  std::uint64_t grown_from = 0;
};

enum class Joining : std::uint8_t {
  pair,  // the copies are equal
  sync,  // the follower's copy is to be made equal; until then it is of no use alone
};
// "I am the primary of this term; follow me."
struct Lead {
  Joining joining = Joining::pair;
  Generations generations;
};
// The follower's own dirty bits, before its Follow.
struct DirtyBlock {
  std::uint64_t number = 0;
  Bytes bits;
};
// "I do, and this is durable: I take no lower term any more, and after Joining::sync I am
// inconsistent." `blocks`: how many DirtyBlocks there were.
struct Follow {
  std::uint64_t blocks = 0;
};
// "I know a higher term" or "our histories do not allow it".
struct Refuse {
  Term term = 0;
};
// Payload travels beside it; `buffer` is where the side that handles this message has it.
struct Write {
  Handle number = 0;
  Operation operation = Operation::write;
  Range range;
  bool durable = false;
  BufferId buffer = 0;
};
struct Written {
  Handle number = 0;
  bool ok = false;
};
// Covers every write that was answered before this was sent.
struct Flush {
  Handle number = 0;
};
struct Flushed {
  Handle number = 0;
  bool ok = false;
};
// "What is the checksum of yours?" of a range to which nothing is on its way.
struct Check {
  Handle number = 0;
  Range range;
};
struct Checked {
  Handle number = 0;
  bool ok = false;
  Checksum sum{};
};
// "You have everything, durably: call yourself up to date."
struct Finish {
  Generation current = 0;
};
struct Finished {};
// "How much could your partitions hold?"
struct Measure {};
struct Measured {
  Capacity capacity;
};
// "Make your copy that large."
struct Grow {
  std::uint64_t sectors = 0;
};
// "My copy is that large, durably": if it is less than what was asked for, it will not be.
struct Grown {
  std::uint64_t sectors = 0;
};

struct Message {
  Session session = 0;
  Term term = 0;
  std::variant<Hello, Lead, DirtyBlock, Follow, Refuse, Write, Written, Flush, Flushed, Finish,
               Finished, Check, Checked, Measure, Measured, Grow, Grown>
      body;
};

}  // namespace mainstay::mirror
