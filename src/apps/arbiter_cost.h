// What an arbiter costs: how often it is asked, and what DynamoDB takes for that.
#pragma once

#include <string>
#include <vector>

#include "config/model.h"

namespace mainstay::apps {

struct ArbiterLoad {
  double writes_per_s = 0;        // of all nodes, each renewing its session
  std::size_t record_size = 0;    // of the largest session record, in bytes
  double silent_reads_per_s = 0;  // of one node that watches a silent one
  friend bool operator==(const ArbiterLoad&, const ArbiterLoad&) = default;
};
ArbiterLoad arbiter_load(const ClusterConfig& config);

// On demand, in US dollars; storage is nothing beside it.
double dynamodb_monthly_cost(const ClusterConfig& config);

// Empty where no arbiter is configured.
std::vector<std::string> arbiter_cost_sentences(const ClusterConfig& config);

}  // namespace mainstay::apps
