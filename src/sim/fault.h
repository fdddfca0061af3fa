// What goes wrong, one entry per accident: a list drawn from the seed, so that a failing run can be
// made smaller by leaving entries out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "config/model.h"
#include "sim/conditions.h"
#include "sim/environment.h"

namespace mainstay::sim {

enum class FaultKind : std::uint8_t {
  // ---- Machines and daemons.
  node_killed,     // power off; on again at the end
  node_frozen,     // paused by the hypervisor; thawed at the end
  daemon_stalled,  // starved; its programs run on
  daemon_killed,   // started again at the end
  // ---- The network. Without `other`: towards everybody.
  node_isolated,     // hears and reaches nothing at all
  interconnect_cut,  // all paths between nodes; everything outside stays reachable
  path_cut,          // one path, between everybody
  one_way_cut,       // from `node` to `other`, on all paths
  pair_cut,          // between two nodes, on all paths
  network_lossy,     // everywhere, by `rate`
  network_slow,      // everywhere, up to `size`
  // ---- Outside.
  arbiter_down,
  arbiter_cut,    // from one node
  arbiter_slow,   // each way up to `size`
  arbiter_lossy,  // requests and replies by `rate`; some straggle
  aws_down,
  aws_cut,    // from one node
  aws_flaky,  // throttles, loses replies, describes the past
  fence_flaky,
  outside_silent,  // reachability targets answer nobody
  route_changed,   // a hand from outside points a route elsewhere
  // ---- Inside one machine.
  store_slow,
  store_fails,
  scripts_bad,       // fail, hang and lie by `rate`
  programs_undying,  // ignore SIGTERM, take their time with SIGKILL
  program_killed,    // a program of a group ends by itself
  // ---- People.
  order_stop_group,  // started again at the end
  order_move_group,
  order_restart_group,
  order_stop_node,   // started again at the end
  system_shut_down,  // from outside the cluster, in order; on again at the end
  // ---- Further ones. New kinds go to the end: what a seed drew of the others stays as it was.
  arbiter_refuses,   // throttles and denies, by `rate`
  arbiter_wiped,     // its table is deleted, with all records; a new, empty one at the end
  metadata_down,     // of one node's instance
  store_unreadable,  // the daemon dies and finds its state damaged, until the end
  config_differs,    // the daemon is started again with another document, until the end
  aws_old,           // describes the past, as far back as it lasts
  node_migrated,     // moved to another host: paused for `size`, hears nothing until the end
  end_announced,     // of one node's instance; called off at the end
  release_differs,   // the daemon starts again in a release whose beats others cannot read, nor it
                     // theirs
};
inline constexpr std::size_t fault_kind_count = 40;
std::string_view to_text(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::node_killed;
  Duration begin{};
  Duration length{};
  std::size_t node = 0;
  std::size_t other = 0;
  std::size_t path = 0;
  std::size_t group = 0;
  double rate = 0;
  Duration size{};
};

// "node a is killed", for transcripts.
std::string describe(const Fault& fault, const ClusterConfig& config);

// Which kinds befall this world and how often, and each accident's place in time.
std::vector<Fault> draw_faults(Random& random, const Environment& environment, Duration span);

// Worsens the conditions for as long as the fault lasts. Kinds that are events rather than
// conditions change nothing here.
void worsen(Conditions& conditions, const Fault& fault);

}  // namespace mainstay::sim
