// The JSON of `mainstay check` (docs/commands.md).
#pragma once

#include <string>
#include <vector>

#include "config/model.h"
#include "config/problem.h"

namespace mainstay::cli {

std::string problems_json(const std::string& file, const Problems& problems);
std::string verdict_json(const std::string& file, const ClusterConfig& config,
                         const std::vector<std::string>& safety,
                         const std::vector<std::string>& cost);
// With what the doctor says of a node, as JSON.
std::string verdict_json_with(const std::string& verdict, const std::string& report);

}  // namespace mainstay::cli
