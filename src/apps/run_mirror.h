// `mainstay mirror create`: makes this node's copy with the engine's own program.
#pragma once

#include "base/result.h"
#include "cli/cli.h"

namespace mainstay::apps {

// What it prints goes to our own streams.
Status create_mirror(const ClusterConfig& config, const cli::MirrorCreation& order);

}  // namespace mainstay::apps
