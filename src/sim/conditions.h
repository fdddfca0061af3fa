// How the world behaves at this moment: rates, delays and cuts. The environment gives the calm
// values; active faults worsen them (faults.h). The fakes read them at every call and hold none of
// their own.
#pragma once

#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace mainstay::sim {

struct Span {
  Duration low{};
  Duration high{};
  Duration draw(Random& random) const { return random.between(low, high); }
};

// One direction of one path between two machines.
struct LinkConditions {
  bool cut = false;
  Span delay{200us, 600us};
  double loss = 0;
  double duplicate = 0;
};

struct StoreConditions {
  Span delay{300us, 3ms};
  double fail = 0;
  bool unreadable = false;  // what was stored does not check out
};

struct ScriptConditions {
  Span start{5ms, 60ms};  // how long start scripts take
  Span stop{5ms, 40ms};
  double fail = 0;     // a script ends with an error, without effect
  double hang = 0;     // a script never ends by itself
  double lie = 0;      // a start script says it succeeded and has started nothing
  double outlive = 0;  // a program ignores SIGTERM
  double undying = 0;  // a program takes seconds to go even after SIGKILL
  double dies = 0;     // a program ends by itself soon after its start
};

struct MachineConditions {
  bool outside_cut = false;  // whatever is not a node: reachability targets
  bool arbiter_cut = false;
  bool aws_cut = false;
  bool metadata_cut = false;
  bool announced = false;      // its instance's end
  bool other_release = false;  // its daemon speaks another version of the beat
  StoreConditions store;
  ScriptConditions scripts;
};

struct ArbiterConditions {
  bool outage = false;
  bool table_gone = false;  // it answers, but knows nothing
  Span delay{1ms, 8ms};     // each way
  double lose_request = 0;
  double lose_reply = 0;
  double throttled = 0;
  double denied = 0;
  double straggle = 0;  // the request arrives after up to `straggle_max`
  Duration straggle_max = 5s;
};

struct AwsConditions {
  bool outage = false;
  Span delay{10ms, 80ms};  // each way
  double throttled = 0;
  double denied = 0;
  double unavailable = 0;
  double lose_request = 0;
  double lose_reply = 0;
  Duration stale_max{};  // a describe may show the world of up to so long ago
  Span stop_instance{5s, 40s};
};

struct FenceConditions {
  Span duration{500ms, 20s};  // from the request to stopped
  double refused = 0;
  double unavailable = 0;  // it cannot be asked; nothing happens
  double silent = 0;       // it is stopped, and nobody says so
};

struct Conditions {
  std::size_t machine_count = 0;
  std::vector<LinkConditions> links;  // [path][from][to]
  std::vector<MachineConditions> machines;
  ArbiterConditions arbiter;
  AwsConditions aws;
  FenceConditions fence;

  LinkConditions& link(std::size_t path, std::size_t from, std::size_t to) {
    return links[(path * machine_count + from) * machine_count + to];
  }
  std::size_t path_count() const {
    return machine_count == 0 ? 0 : links.size() / (machine_count * machine_count);
  }
};

}  // namespace mainstay::sim
