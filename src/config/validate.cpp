#include "config/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/laws.h"

namespace mainstay {

std::string path_of(const NodeConfig& node) { return fmt::format("node {}", node.name); }

std::string path_of(const PathConfig& path) { return fmt::format("path {}", path.name); }

std::string path_of(const ReachabilityConfig& check) {
  return fmt::format("arbitration, reachability {}", check.name);
}

std::string path_of(const GroupConfig& group) { return fmt::format("group {}", group.name); }

std::string path_of(const GroupConfig& group, const ResourceConfig& resource) {
  return fmt::format("group {}, resource {}", group.name, resource.name);
}

std::string path_of(const MonitorConfig& monitor) {
  return fmt::format("monitor {}", monitor.name);
}

std::vector<BrokenLaw> validate(const ClusterConfig& config, const Catalog& catalog) {
  std::vector<BrokenLaw> broken;
  laws_of_nodes(config, broken);
  laws_of_paths(config, broken);
  laws_of_timing(config, broken);
  laws_of_arbitration(config, broken);
  laws_of_groups(config, catalog, broken);
  laws_of_monitors(config, catalog, broken);
  laws_of_names(config, broken);
  return broken;
}

}  // namespace mainstay
