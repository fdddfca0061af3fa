// How often a configuration asks AWS: at rest, by the monitors and the checks of a forced stop, and
// at a failover. From the declarations of the types; `mainstay api-budget` prints it.
#pragma once

#include <map>
#include <string>

#include "config/model.h"
#include "config/schema.h"

namespace mainstay {

struct ApiLoad {
  double per_minute = 0;  // at rest, by all nodes together
  int at_failover = 0;    // when all groups fail over at once
  friend bool operator==(const ApiLoad&, const ApiLoad&) = default;
};

// By action, such as "ec2:DescribeRouteTables".
using ApiBudget = std::map<std::string, ApiLoad>;

ApiBudget api_budget(const ClusterConfig& config, const Catalog& catalog);

}  // namespace mainstay
