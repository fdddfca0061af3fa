// What must hold between the parts of a configuration. parse_config applies it; so may anybody who
// makes a ClusterConfig by other means.
#pragma once

#include <string>
#include <vector>

#include "config/model.h"
#include "config/schema.h"

namespace mainstay {

// `path` and `key` say where, as in a Problem; the parser adds line and column.
struct BrokenLaw {
  std::string path;
  std::string key;
  std::string fact;
  std::string remedy;
  friend bool operator==(const BrokenLaw&, const BrokenLaw&) = default;
};

std::vector<BrokenLaw> validate(const ClusterConfig& config, const Catalog& catalog);

// How the parts are called in paths.
std::string path_of(const NodeConfig& node);
std::string path_of(const PathConfig& path);
std::string path_of(const ReachabilityConfig& check);
std::string path_of(const GroupConfig& group);
std::string path_of(const GroupConfig& group, const ResourceConfig& resource);
std::string path_of(const MonitorConfig& monitor);

}  // namespace mainstay
