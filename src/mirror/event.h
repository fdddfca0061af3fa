// Everything that can happen to a mirror's core.
#pragma once

#include <string>
#include <variant>

#include "base/bytes.h"
#include "mirror/message.h"

namespace mainstay::mirror {

// Time has passed: next_deadline() has come.
struct Tick {};

// ---- The front end. No request is longer than Geometry::request_sectors_max(). Of one request at
// a time the id may be used again once it is acknowledged.
struct RequestArrived {
  RequestId id = 0;
  Operation operation = Operation::read;
  Range range;           // not for a flush
  bool durable = false;  // a write that is to survive a power cut when it is acknowledged
  BufferId buffer = 0;   // for read and write
};

// ---- Devices. Each action with a ticket is answered once.
struct DataDone {
  Ticket ticket = 0;
  bool ok = false;
};
struct DataSummed {
  Ticket ticket = 0;
  bool ok = false;
  Checksum sum{};
};
struct MetadataRead {
  Ticket ticket = 0;
  bool ok = false;
  Bytes bytes;
};
struct MetadataWritten {
  Ticket ticket = 0;
  bool ok = false;
};

// ---- The peer. A link is up or down as a whole, however many connections it has, and may be up
// without having been said to be down. Messages of an earlier link may straggle in: their session
// gives them away.
struct LinkUp {};
struct LinkDown {};
struct Received {
  Message message;
};

// ---- The arbiter's record. Version 0: there is none.
struct RecordRead {
  Ticket ticket = 0;
  bool ok = false;
  std::uint64_t version = 0;
  Bytes value;
};
enum class Swap : std::uint8_t { done, lost, unknown };
struct RecordSwapped {
  Ticket ticket = 0;
  Swap outcome = Swap::unknown;
  std::uint64_t version = 0;  // the new one, if done
};

// ---- The cluster.
// A term is given to one node once; again to the same one if its engine was restarted.
struct Promote {
  Ticket ticket = 0;  // the asker's
  Term term = 0;
};
// Requests under way are finished, new ones refused.
struct Demote {
  Ticket ticket = 0;
};
// A person's word: this copy counts, whatever the other one has. Not for one that nobody ever
// built, nor while the other copy leads; whoever gives it sees to it that the other one is nobody's
// primary. Answered as the cluster's orders are.
struct Force {
  Ticket ticket = 0;
  Term term = 0;  // the highest that the person knows of; 0: whatever turns out to be known
};
// Compare both copies while they are used. Answered when it has begun; State::verify says how far
// it is.
struct Verify {
  Ticket ticket = 0;
  bool repairs = false;  // send what differs
};

// How fast a resync, or a verify, may be.
struct LimitResync {
  std::uint64_t bytes_per_second = 0;  // 0: as fast as it goes
};

// All of partitions that have grown is to be used, on both nodes. Answered when it has begun;
// State::growth says how far it is.
struct Resize {
  Ticket ticket = 0;
};
// The answer to MeasureDevices.
struct DevicesMeasured {
  Ticket ticket = 0;
  Capacity capacity;
};

using Event = std::variant<Tick, RequestArrived, DataDone, MetadataRead, MetadataWritten, LinkUp,
                           LinkDown, Received, RecordRead, RecordSwapped, Promote, Demote, Force,
                           DataSummed, Verify, LimitResync, Resize, DevicesMeasured>;

}  // namespace mainstay::mirror
