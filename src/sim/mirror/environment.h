// What a seed draws: the mirror's measures, how fast everything is, and every accident with its
// place in time.
#pragma once

#include <string_view>
#include <vector>

#include "base/random.h"
#include "mirror/volume.h"

namespace mainstay::mirror_sim {

struct Span {
  Duration low{};
  Duration high{};
  Duration draw(Random& random) const { return random.between(low, high); }
};

enum class FaultKind : std::uint8_t {
  engine_killed,  // the process; the machine and its disks' caches stay
  power_lost,     // of one machine
  all_power_lost,
  frozen,  // nothing runs; what is sent to it waits
  link_cut,
  arbiter_down,
  arbiter_flaky,  // loses requests and answers, and writes too late
  disk_stalls,
  disk_fails,     // some of the writes, reads and flushes
  moved,          // the cluster wants the other node
  isolated,       // the cluster believes that the primary's node is dead, and is wrong
  disk_replaced,  // of the node that is not the primary's
  forced,         // a person chooses a copy, while nobody is served
  disk_rots,      // some sectors say something else from now on
  verified,       // somebody has both copies compared, and what differs repaired, or not
  enlarged,       // the partitions, one after the other
  resized,        // somebody has both copies use all of it
};
inline constexpr std::size_t fault_kinds = 17;
std::string_view to_text(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::engine_killed;
  Duration begin{};
  Duration length{};
  mirror::Copy copy = 0;
};

struct Environment {
  mirror::Geometry geometry;
  bool built = true;  // the copies are equal at first; else the second one is blank
  std::uint32_t resync_window = 4;
  std::uint64_t resync_limit = 0;
  bool resync_by_checksum = false;
  Duration peer_timeout = 5s;
  Duration promote_wait = 500ms;
  Span disk, metadata, network, arbiter;
  bool several_connections = false;  // messages overtake one another
  double straggles = 0;              // messages that outlive their link
  Duration think{};                  // of the application, between two requests
  std::size_t depth = 4;             // requests of the application at one time
  double flushes = 0, durable = 0, zeroes = 0, reads = 0;
  std::uint64_t sectors_max = 0;  // what partitions are enlarged to at most
  Duration faults_for = 20s;
  std::vector<Fault> faults;
};

// Of the faults that are wanted there are many.
Environment draw_environment(Random& random, const std::vector<FaultKind>& wanted = {});

}  // namespace mainstay::mirror_sim
