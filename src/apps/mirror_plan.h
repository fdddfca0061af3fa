// What this node's engines are told: one configuration for each mirror disk that has a copy here.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/model.h"

namespace mainstay::apps {

struct MirrorPlan {
  ResourceName mirror;
  GroupName group;
  std::string engine_config;  // a text for mainstay-mirrord --config
  friend bool operator==(const MirrorPlan&, const MirrorPlan&) = default;
};

// invalid: a mirror that two nodes cannot have, and why. `directory`: where engines have their
// sockets and devices.
Result<std::vector<MirrorPlan>> mirror_plans(const ClusterConfig& config, const NodeName& self,
                                             const std::string& directory);

// mainstay-mirrord, beside the program that runs, where an installation has it.
std::string engine_program();

}  // namespace mainstay::apps
