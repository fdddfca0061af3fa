// How strong the promise "a group never runs on two nodes" is, from the configuration alone: for
// each group and each kind of fault, the weakest evidence that a failover could use, and what
// follows. `mainstay check` prints it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"

namespace mainstay {

enum class Fault {
  node_fails,          // crash, power, kernel: it is gone
  interconnect_fails,  // the nodes do not hear each other, everything else works
  node_cut_off,        // one node reaches nothing at all, but runs on
  node_freezes,        // it stands still for longer than the others' patience, then goes on
};

// In the order of how bad they are.
enum class Outcome {
  one_owner,   // the group runs on one node
  no_owner,    // it runs nowhere until a person, or the fault's end, helps
  overlap,     // on two nodes for a moment, until the one that wakes has looked at its clock
  two_owners,  // on two nodes for as long as the fault lasts
};

struct SafetyFinding {
  GroupName group;
  Fault fault = Fault::node_fails;
  Outcome outcome = Outcome::one_owner;
  std::string evidence;  // "lease", "fenced", "minority", "presumed" or "none"
  std::string sentence;
  std::string cure;  // the cheapest; "" if there is nothing to cure
  friend bool operator==(const SafetyFinding&, const SafetyFinding&) = default;
};

// One finding for each fault and group, groups in the order of the document.
std::vector<SafetyFinding> assess_safety(const ClusterConfig& config);
// The worst finding of each group, as sentences.
std::vector<std::string> safety_sentences(const ClusterConfig& config);

std::string_view to_text(Fault fault);
std::string_view to_text(Outcome outcome);

}  // namespace mainstay
