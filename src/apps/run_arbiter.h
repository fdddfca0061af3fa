// `mainstay arbiter`: asks the store behind the configured arbiter, without a daemon.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cli/arbiter.h"
#include "config/model.h"
#include "ports/arbiter_store.h"

namespace mainstay::apps {

Result<cli::ArbiterCreation> create_arbiter(const ClusterConfig& config, Duration patience,
                                            const std::function<void(const std::string&)>& say);
Result<cli::ArbiterReport> show_arbiter(const ClusterConfig& config, Duration patience);

// The records by what their keys say they are, decoded.
cli::ArbiterReport report_of(const ArbiterStoreState& state,
                             const std::vector<ArbiterEntry>& entries);

}  // namespace mainstay::apps
