// What every machine of the core is handed in one step: the configuration, the time, and where its
// actions go.
#pragma once

#include <string>

#include "base/random.h"
#include "cluster/action.h"
#include "config/model.h"

namespace mainstay {

struct Step {
  const ClusterConfig& config;
  const NodeName& self;
  Instant now;
  Ticket& last_ticket;
  Random& random;
  Actions& out;
  // What this node is to come to by the will of a configured action; the node's limit on reboots
  // has the last word.
  std::vector<HaltNode> halts = {};

  Ticket new_ticket() { return ++last_ticket; }
  void act(Action action) { out.push_back(std::move(action)); }
  void halt(Halt kind, std::string why) { halts.push_back({kind, std::move(why)}); }
  void note(Severity severity, std::string subject, std::string text) {
    act(Note{severity, std::move(subject), std::move(text)});
  }
};

// How much longer a watcher waits than the watched may go on, so that the worst clocks cannot make
// them overlap: the watcher's may run fast by the bound and the holder's slow by it.
Duration with_drift(Duration duration, double drift_bound);

}  // namespace mainstay
