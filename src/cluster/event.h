// Everything that can happen to a node. Each action that asks for an answer carries a ticket and
// gets exactly one event with it; a late one (its ticket is no longer wanted) is ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/health.h"
#include "base/result.h"
#include "cluster/message.h"
#include "config/model.h"

namespace mainstay {

using Ticket = std::uint64_t;

struct Tick {};

struct BeatHeard {
  NodeName from;
  std::uint8_t path = 0;
  Beat beat;
};

// A node that we share the key with speaks, but not our language: it lives, and that is all we
// know.
struct BeatUnreadable {
  NodeName from;
};

// The document of StoreState with this number is durable (or never will be: the disk said no).
struct StateStored {
  std::uint64_t number = 0;
  Status outcome;
};

// Answers of the arbiter. `asked` is when the driver sent the question.
struct RecordRead {
  Ticket ticket = 0;
  Instant asked;
  std::uint64_t version = 0;
  Bytes value;
  Status outcome;
};
struct RecordSwapped {
  Ticket ticket = 0;
  Instant asked;
  std::uint64_t version = 0;  // the new one, if the swap took place
  Status outcome;             // conflict: somebody else changed it
};

struct PeerFenced {
  Ticket ticket = 0;
  Status outcome;  // ok: it is stopped for certain
};

// Whether a forced stop would be possible.
struct FenceChecked {
  Ticket ticket = 0;
  Status outcome;
};

enum class Reachability : std::uint8_t { reachable, unreachable, unknown };

// What one of the configured checks says.
struct ReachabilityOf {
  std::string name;
  Reachability verdict = Reachability::unknown;
  std::string why;  // "" if it is reachable
};
struct ReachabilityJudged {
  Ticket ticket = 0;
  Instant asked;
  Reachability verdict = Reachability::unknown;  // of all together
  std::string why;
  std::vector<ReachabilityOf> single;
};

struct ResourceSettled {
  Ticket ticket = 0;
  Status outcome;
};

struct MonitorJudged {
  // 0: it came by itself (a resident program ended); it needs no repetition to count.
  Ticket ticket = 0;
  MonitorName monitor;
  Verdict verdict = Verdict::unknown;
  int number = 0;  // of the guide's chapter 8
  std::string why;
};

// What a group's data here is worth, whenever that has changed.
struct CopyJudged {
  GroupName group;
  std::string behind;  // why it is not known to be the latest; "": it may be
};

// ---- What a person asks for. The answer is AnswerOperator with the same ticket.
struct StartGroup {
  GroupName group;
  NodeName on;  // empty: the best one
};
struct StopGroup {
  GroupName group;
};
struct MoveGroup {
  GroupName group;
  NodeName to;  // empty: the next one of its policy
};
struct RestartGroup {
  GroupName group;
};
struct StopNode {};
// The operating system or a signal ends this daemon: by the shutdown policy. A second one hurries.
struct EndNode {};
// Lets an isolated node in, and ends its quarantine.
struct RecoverNode {};
// For this node, over restarts; nothing: as configured.
struct SetShutdownPolicy {
  std::optional<ShutdownConfig> policy;
};
struct CancelStartWait {};  // guide: cancel of the server sync wait
// A person states that `node` is not running anything: evidence for this once.
struct DeclareStopped {
  NodeName node;
  std::string who;
  std::string reason;
};
using Command = std::variant<StartGroup, StopGroup, MoveGroup, RestartGroup, StopNode, EndNode,
                             RecoverNode, SetShutdownPolicy, CancelStartWait, DeclareStopped>;

struct OperatorAsked {
  Ticket ticket = 0;
  Command command;
};

using Event = std::variant<Tick, BeatHeard, StateStored, RecordRead, RecordSwapped, PeerFenced,
                           FenceChecked, ReachabilityJudged, ResourceSettled, MonitorJudged,
                           CopyJudged, OperatorAsked, BeatUnreadable>;

}  // namespace mainstay
