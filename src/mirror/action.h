// Everything a mirror's core can want done, in the order in which it is to be begun; nothing is
// waited for in between.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "mirror/event.h"

namespace mainstay::mirror {

// ---- The data device. A write that is `durable` is answered when it would survive a power cut; a
// flush, when every write that was answered before would.
struct ReadData {
  Ticket ticket = 0;
  Range range;
  BufferId buffer = 0;
};
// The same, and its checksum is told.
struct SumData {
  Ticket ticket = 0;
  Range range;
  BufferId buffer = 0;
};
struct WriteData {
  Ticket ticket = 0;
  Operation operation = Operation::write;
  Range range;
  bool durable = false;
  BufferId buffer = 0;
};
struct FlushData {
  Ticket ticket = 0;
};

// ---- The cluster partition. Every write is durable when it is answered.
struct ReadMetadata {
  Ticket ticket = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};
struct WriteMetadata {
  Ticket ticket = 0;
  std::uint64_t offset = 0;
  Bytes bytes;
};

// How large the two partitions are now.
struct MeasureDevices {
  Ticket ticket = 0;
};

// ---- The peer.
struct SendMessage {
  Message message;
};
struct DropLink {
  std::string why;
};
// A received write's payload is no longer needed.
struct ReleaseBuffer {
  BufferId buffer = 0;
};

// ---- The arbiter's record. An answer comes, if only that there is none.
struct ReadRecord {
  Ticket ticket = 0;
};
struct SwapRecord {
  Ticket ticket = 0;
  std::uint64_t expected = 0;
  Bytes value;
};

// ---- Answers. After Acknowledge the core needs the request's buffer no more.
struct Acknowledge {
  RequestId request = 0;
  bool ok = false;
};
struct AnswerCluster {
  Ticket ticket = 0;
  Status outcome;
};

// ---- For people.
struct Note {
  std::string text;
};

using Action = std::variant<ReadData, SumData, WriteData, FlushData, ReadMetadata, WriteMetadata,
                            MeasureDevices, SendMessage, DropLink, ReleaseBuffer, ReadRecord,
                            SwapRecord, Acknowledge, AnswerCluster, Note>;
using Actions = std::vector<Action>;

}  // namespace mainstay::mirror
