// From the text of a cluster.toml to a ClusterConfig that is valid as a whole, or to everything
// that is wrong with it, all at once.
#pragma once

#include <expected>
#include <string_view>

#include "config/model.h"
#include "config/problem.h"
#include "config/schema.h"

namespace mainstay {

// Never an empty list of problems. Sorted by place.
std::expected<ClusterConfig, Problems> parse_config(std::string_view text, const Catalog& catalog);

}  // namespace mainstay
