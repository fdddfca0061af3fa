// One world before anything goes wrong: the cluster's configuration, the clocks, the delays.
//
// The swarm draws the environment, not only the accidents: a margin that is missing shows only
// where the worst delay and the worst drift come together.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "config/model.h"
#include "sim/conditions.h"
#include "sim/time.h"

namespace mainstay::sim {

// What a failover of this cluster rests on.
enum class EvidenceKind : std::uint8_t {
  arbiter,
  forced_stop,
  arbiter_and_forced_stop,
  majority,
  presumed,
};
std::string_view to_text(EvidenceKind kind);
// Whether two owners must never be seen.
constexpr bool strong(EvidenceKind kind) { return kind != EvidenceKind::presumed; }

struct Environment {
  std::shared_ptr<const ClusterConfig> config;
  EvidenceKind evidence = EvidenceKind::arbiter;
  std::vector<ClockRate> clocks;
  Conditions calm;
  Span boot_time{8s, 30s};
  Span return_time{30s, 90s};
};

// What a world is asked to be; what is left open is drawn.
struct EnvironmentWish {
  std::size_t nodes = 0;               // 0: 2 to 5
  std::size_t paths = 0;               // 0: 1 to 3
  std::vector<EvidenceKind> evidence;  // empty: any
};

Environment draw_environment(Random& random, const EnvironmentWish& wish);

// A calm and quick environment for a configuration that somebody else wrote.
Environment environment_for(std::shared_ptr<const ClusterConfig> config, Random& random);
// What the configuration's failovers rest on.
EvidenceKind evidence_of(const ClusterConfig& config);

// ---- Pieces for those who write a configuration by hand.
struct GroupShape {
  std::string name;
  std::size_t scripts = 1;  // each depends on the one before
  bool resident = false;
  std::string vip;      // "" = none; else the scripts depend on it
  std::string eip;      // likewise: an allocation id
  std::string sip;      // and a secondary private address
  std::string dns;      // and a name that stands for the node's own address
  bool mirror = false;  // and a mirror disk, for groups of two nodes
};
GroupConfig make_group(const GroupShape& shape, const std::vector<NodeName>& policy);
// The checks that the configuration's parser would add by itself.
void add_checks(ClusterConfig& config, const GroupConfig& group);
// Every node heeds what AWS announces to its instance.
void add_notices(ClusterConfig& config);
std::string path_address(std::size_t path, std::size_t machine);

}  // namespace mainstay::sim
