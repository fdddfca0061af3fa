// The few facts of a node that must survive a crash. What is promised is stored before it is
// spoken.
#pragma once

#include <map>
#include <set>

#include "cluster/message.h"

namespace mainstay {

struct Durable {
  Incarnation incarnation = 0;  // of the present run
  bool resigned = false;  // this node stopped cleanly, and somebody may not know that it is back
  std::map<GroupName, Promise> promises;  // own claims included
  std::map<GroupName, Intent> intents;
  std::map<NodeName, Incarnation> resignations;  // peers that stopped cleanly, and in which run

  friend bool operator==(const Durable&, const Durable&) = default;
};

Bytes encode(const Durable& durable);
Result<Durable> decode_durable(ByteView bytes);

}  // namespace mainstay
