// Which node should run which group: a pure function of what the coordinator sees. Same inputs,
// same answer.
#pragma once

#include <map>
#include <vector>

#include "cluster/message.h"
#include "config/model.h"

namespace mainstay::placement {

struct Candidate {
  bool usable = false;       // a member with our configuration that takes groups
  bool quarantined = false;  // lost too often of late: takes what nobody else can
  bool drained = false;      // about to go: likewise, and hands over what it has
  std::map<GroupName, GroupReport> reports;
};

struct View {
  std::map<NodeName, Candidate> present;  // whom we hear, ourselves included
  std::map<GroupName, Intent> intents;
  // The last owner of a group is silent and was running it: for groups whose failover is manual.
  std::map<GroupName, bool> owner_lost;
};

// The node that runs the group, starts it or is about to; empty if none.
NodeName owner(const View& view, const GroupName& group);
bool fit(const View& view, const NodeName& node, const GroupName& group);
// Empty name: nobody.
NodeName decide(const View& view, const GroupConfig& group);
std::map<GroupName, NodeName> decide(const View& view, const ClusterConfig& config);

}  // namespace mainstay::placement
