// Everything a node can want done. The driver performs actions in list order and never waits
// between them. Each carries `why`, one English clause: it is what the log, the event history and
// the transcripts print.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cluster/clearance.h"
#include "cluster/durable.h"
#include "cluster/event.h"

namespace mainstay {

// To every other configured node, on every path. Datagrams; nothing is promised.
struct SendBeat {
  Beat beat;
};

// Make this durable; then say so with StateStored. A later one replaces an earlier one that is not
// written yet, and its StateStored answers for both (numbers rise).
struct StoreState {
  std::uint64_t number = 0;
  Durable durable;
};

// ---- Arbiter. Keys: "node/<name>", "group/<name>".
struct ReadRecord {
  Ticket ticket = 0;
  std::string key;
  Instant deadline;
};
struct SwapRecord {
  Ticket ticket = 0;
  std::string key;
  std::uint64_t expected = 0;
  Bytes value;
  Instant deadline;
};

struct CheckReachability {
  Ticket ticket = 0;
  Instant deadline;
};

struct FencePeer {
  Ticket ticket = 0;
  NodeName peer;
  Instant deadline;
  std::string why;
};
// Would FencePeer be possible? Nothing is stopped.
struct CheckFence {
  Ticket ticket = 0;
  NodeName peer;
  Instant deadline;
};

// ---- Resources.
// Why a resource is started or stopped: for scripts (CLP_EVENT, CLP_FACTOR) and for people.
enum class StartReason : std::uint8_t { start, failover, move, restart };
enum class StopReason : std::uint8_t {
  cleanup,  // at the daemon's start: whatever an earlier run left behind
  group_stop,
  group_move,
  group_failover,  // recovery, or a failed start
  resource_restart,
  node_stop,
  node_must_end,  // without more patience: programs are killed, and all is stopped side by side
  permission_ended,
  both_active,
};

struct ActivateResource {
  Ticket ticket = 0;
  GroupName group;
  ResourceName resource;
  Term term = 0;
  Instant deadline;
  StartReason reason = StartReason::start;
  NodeName previous;  // where the group ran before, if known
};
struct DeactivateResource {
  Ticket ticket = 0;
  GroupName group;
  ResourceName resource;
  Term term = 0;
  Instant deadline;
  StopReason reason = StopReason::group_stop;
};
// The operation's answer is no longer wanted; call it off.
struct CancelOperation {
  Ticket ticket = 0;
};
// Kill everything this group runs here, now, without waiting and whatever else is under way: our
// permission has ended. Orderly deactivation follows.
struct ReleaseGroup {
  GroupName group;
  std::string why;
};

struct RunMonitor {
  Ticket ticket = 0;
  MonitorName monitor;
  Instant deadline;
};

// ---- This node itself.
struct ArmWatchdog {
  Instant until;  // `never`: disarm
};
enum class Halt : std::uint8_t { stop_service, shut_down, reboot, reset };
struct HaltNode {
  Halt kind = Halt::stop_service;
  std::string why;
};

// ---- For people.
enum class Severity : std::uint8_t { information, warning, error };
struct Note {
  Severity severity = Severity::information;
  std::string subject;  // "web", "b", "awsvip1", "path lan"
  std::string text;     // "alive → suspect: nothing heard on 2 of 2 paths for 750 ms"
};
struct RecordActivation {
  Activation activation;
};
struct AnswerOperator {
  Ticket ticket = 0;
  Status outcome;
};

using Action =
    std::variant<SendBeat, StoreState, ReadRecord, SwapRecord, CheckReachability, FencePeer,
                 CheckFence, ActivateResource, DeactivateResource, CancelOperation, ReleaseGroup,
                 RunMonitor, ArmWatchdog, HaltNode, Note, RecordActivation, AnswerOperator>;
using Actions = std::vector<Action>;

std::string_view to_text(StartReason reason);
std::string_view to_text(StopReason reason);
std::string_view to_text(Halt halt);
std::string_view to_text(Severity severity);

}  // namespace mainstay
