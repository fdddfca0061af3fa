// From the command line to what a daemon needs to know before it touches anything: a configuration
// that is valid and that this release can do, who we are in it, and the cluster's key.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "adapters/linux/cluster_key.h"
#include "apps/options.h"
#include "config/model.h"

namespace mainstay::apps {

struct Preparation {
  DaemonOptions options;
  std::shared_ptr<const ClusterConfig> config;
  NodeName self;
  adapters::ClusterKey key;
};

// Everything that is wrong, a line each, with its remedy.
using Refusals = std::vector<std::string>;
std::expected<Preparation, Refusals> prepare(const DaemonOptions& options,
                                             const std::string& host_name);

// What the configuration asks for and this release cannot do.
Refusals not_in_this_release(const ClusterConfig& config);

}  // namespace mainstay::apps
