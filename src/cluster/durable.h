// The few facts of a node that must survive a crash. What is promised is stored before it is
// spoken.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "cluster/message.h"
#include "config/model.h"

namespace mainstay {

struct Durable {
  Incarnation incarnation = 0;  // of the present run
  bool resigned = false;  // this node stopped cleanly, and somebody may not know that it is back
  std::map<GroupName, Promise> promises;  // own claims included
  std::map<GroupName, Intent> intents;
  std::map<NodeName, Incarnation> resignations;  // peers that stopped cleanly, and in which run

  // The run that stored this has not ended in order. Stays so over the clean stop of an isolated
  // node: it was not let in yet.
  bool open = false;
  // Our runs that found the one before them unfinished. Their numbers follow the time of day.
  std::set<Incarnation> losses;
  std::uint64_t recoveries = 0;            // how often an operator has called this node back
  int reboots = 0;                         // by our own doing, in a row
  std::optional<ShutdownConfig> shutdown;  // by order for this node; else the configuration's
  // Groups that stopped with this node and start again with it, and by which intent of ours.
  std::map<GroupName, std::uint64_t> parked;

  friend bool operator==(const Durable&, const Durable&) = default;
};

Bytes encode(const Durable& durable);
Result<Durable> decode_durable(ByteView bytes);

}  // namespace mainstay
