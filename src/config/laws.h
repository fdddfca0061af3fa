// The laws of validate.h, one function for each part of a configuration.
#pragma once

#include <vector>

#include "config/model.h"
#include "config/schema.h"
#include "config/validate.h"

namespace mainstay {

// laws_cluster.cpp
void laws_of_nodes(const ClusterConfig& config, std::vector<BrokenLaw>& broken);
void laws_of_paths(const ClusterConfig& config, std::vector<BrokenLaw>& broken);
void laws_of_timing(const ClusterConfig& config, std::vector<BrokenLaw>& broken);
void laws_of_arbitration(const ClusterConfig& config, std::vector<BrokenLaw>& broken);
// laws_isolation.cpp
void laws_of_reachability(const ClusterConfig& config, std::vector<BrokenLaw>& broken);
void laws_of_forced_stop(const ForcedStopConfig& forced_stop, std::vector<BrokenLaw>& broken);
void laws_of_isolation(const ArbitrationConfig& arbitration, std::vector<BrokenLaw>& broken);
// laws_objects.cpp
void laws_of_groups(const ClusterConfig& config, const Catalog& catalog,
                    std::vector<BrokenLaw>& broken);
void laws_of_monitors(const ClusterConfig& config, const Catalog& catalog,
                      std::vector<BrokenLaw>& broken);
// Names are unique: nodes among nodes, groups, resources and monitors all together, since a
// recovery target or a command names any of them.
void laws_of_names(const ClusterConfig& config, std::vector<BrokenLaw>& broken);

}  // namespace mainstay
