// The canonical document of a configuration: every value spelled out, in one order, one layout.
// parse_config of it gives the same configuration again.
#pragma once

#include <string>

#include "config/model.h"
#include "config/schema.h"

namespace mainstay {

std::string print_config(const ClusterConfig& config, const Catalog& catalog);

}  // namespace mainstay
