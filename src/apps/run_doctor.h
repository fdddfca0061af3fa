// `mainstay doctor` and `mainstay discover`: ask AWS and this host, without a daemon.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "config/model.h"
#include "doctor/discover.h"
#include "doctor/finding.h"

namespace mainstay::apps {

// An empty name is the host's.
Result<doctor::Report> examine(const ClusterConfig& config, const NodeName& self,
                               Duration patience);
Status repair(const ClusterConfig& config, const doctor::Repair& what, Duration patience);
Result<std::string> discover(const doctor::DiscoveryOrder& order, Duration patience);

}  // namespace mainstay::apps
