// A law that a run must keep, watched from outside. One law per file; a checker is a value whose
// function members are called as things happen. It changes nothing.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/action.h"
#include "cluster/event.h"
#include "sim/environment.h"
#include "sim/truth.h"

namespace mainstay::sim {

struct Violation {
  std::string_view law;
  WorldTime at;
  std::string text;
};

// Two machines ran one group on weak evidence: counted and told, but it is what was configured.
struct DoubleRun {
  std::size_t group = 0;
  WorldTime from;
  WorldTime until;
  std::string text;
};

// Everything a checker may look at, and where it reports.
struct Scene {
  World& world;
  const Environment& environment;
  Truth& truth;
  bool healed = false;  // the faults are over; liveness is demanded
  std::vector<Violation> violations;
  std::vector<DoubleRun> double_runs;

  const ClusterConfig& config() const { return *environment.config; }
  void violate(std::string_view law, std::string text) {
    violations.push_back({law, world.now(), std::move(text)});
  }
};

struct Checker {
  std::string_view law;
  std::function<void(Scene&, std::size_t machine, const Event&, Instant)> on_event;
  std::function<void(Scene&, std::size_t machine, const Action&, Instant)> on_action;
  std::function<void(Scene&, const Sighting&)> on_sighting;
  std::function<void(Scene&, const ArbiterWrite&)> on_write;
  // At the end of each moment in which it changed who runs what.
  std::function<void(Scene&)> on_runners_changed;
  // At the end of each moment.
  std::function<void(Scene&)> at_rest;
  std::function<void(Scene&)> at_heal;
  std::function<void(Scene&)> at_end;
};

// ---- The laws.
Checker single_owner();
Checker terms_grow();
Checker permission();
Checker address_follows_owner();
Checker monitors_are_pure();
Checker everything_ends();
Checker order_respected();
Checker no_flapping();
Checker alerts_are_true();
Checker fences_by_right();
Checker latest_copy();

// Those that say something about this environment.
std::vector<Checker> checkers_for(const Environment& environment);

// everything_served is asked rather than told: the first group that is not served although it
// should be, and why; nothing if all are.
std::optional<std::string> unserved(const Scene& scene, const std::vector<bool>& wanted);

}  // namespace mainstay::sim
