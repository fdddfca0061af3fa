// Laws of groups, resources and monitors.
#include <fmt/format.h>

#include <algorithm>

#include "config/ip_address.h"
#include "config/laws.h"

namespace mainstay {
namespace {

void laws_of_policy(const ClusterConfig& config, const GroupConfig& group,
                    std::vector<BrokenLaw>& broken) {
  if (group.policy.empty()) {
    broken.push_back(
        {path_of(group), "policy", "no node may run this group", "Name at least one node."});
  }
  std::set<NodeName> seen;
  for (const NodeName& node : group.policy) {
    if (find_node(config, node) == nullptr) {
      broken.push_back({path_of(group), "policy", fmt::format("there is no node \"{}\"", node),
                        "Name nodes of this cluster."});
    }
    if (!seen.insert(node).second) {
      broken.push_back({path_of(group), "policy", fmt::format("\"{}\" stands there twice", node),
                        "Name each node once, the best first."});
    }
  }
}

void laws_of_dependencies(const GroupConfig& group, const ResourceConfig& resource,
                          std::vector<BrokenLaw>& broken) {
  for (const ResourceName& parent : resource.depends_on) {
    if (find_resource(group, parent) != nullptr) continue;
    broken.push_back({path_of(group, resource), "depends_on",
                      fmt::format("there is no resource \"{}\" in group {}", parent, group.name),
                      "A resource depends on resources of its own group."});
  }
}

enum class Visit { not_yet, on_the_way, done };

// The way back to where it began: "a depends on b depends on a"; empty if there is none.
std::string cycle_from(const GroupConfig& group, const ResourceConfig& resource,
                       std::map<ResourceName, Visit>& visits) {
  Visit& visit = visits[resource.name];
  if (visit == Visit::on_the_way) return resource.name.value;
  if (visit == Visit::done) return "";
  visit = Visit::on_the_way;
  for (const ResourceName& name : resource.depends_on) {
    const ResourceConfig* parent = find_resource(group, name);
    if (parent == nullptr) continue;
    const std::string way = cycle_from(group, *parent, visits);
    if (!way.empty()) return resource.name.value + " depends on " + way;
  }
  visits[resource.name] = Visit::done;
  return "";
}

void no_cycles(const GroupConfig& group, std::vector<BrokenLaw>& broken) {
  std::map<ResourceName, Visit> visits;
  for (const ResourceConfig& resource : group.resources) {
    const std::string cycle = cycle_from(group, resource, visits);
    if (cycle.empty()) continue;
    broken.push_back({path_of(group, resource), "depends_on",
                      "resources wait for each other: " + cycle,
                      "Take one of these dependencies away."});
    return;
  }
}

// Every node that may run an object has values that its type can work with.
void laws_of_params(const TypeSchema& type, const std::map<NodeName, Params>& params,
                    const std::string& path, std::vector<BrokenLaw>& broken) {
  if (!type.laws) return;
  std::vector<BrokenLaw> found;
  for (const auto& [node, values] : params) {
    for (Contradiction& each : type.laws(values)) {
      const BrokenLaw law{path, each.key, each.fact, each.remedy};
      // The same on all nodes is told once.
      if (std::ranges::find(found, law) == found.end()) found.push_back(law);
    }
  }
  broken.insert(broken.end(), found.begin(), found.end());
}

using Owners = std::map<std::string, ResourceName>;

void unique_values(const TypeSchema& type, const GroupConfig& group, const ResourceConfig& resource,
                   Owners& owners, std::vector<BrokenLaw>& broken) {
  for (const Field& field : type.fields) {
    if (!field.is_unique) continue;
    for (const auto& [node, values] : resource.params) {
      const auto found = values.find(field.key);
      if (found == values.end()) continue;
      const auto* text = std::get_if<std::string>(&found->second);
      if (text == nullptr || text->empty()) continue;
      const auto ip = ip_number(*text);
      const std::string key =
          fmt::format("{}/{}/{}", type.type, field.key, ip ? to_text(*ip) : *text);
      const auto [owner, is_new] = owners.try_emplace(key, resource.name);
      if (is_new || owner->second == resource.name) continue;
      broken.push_back({path_of(group, resource), field.key,
                        fmt::format("{} belongs to resource {} already", *text, owner->second),
                        "Give each resource its own."});
      return;
    }
  }
}

// An address that moves with a group must not be one that stays with a node.
void no_node_address(const ClusterConfig& config, const TypeSchema& type, const GroupConfig& group,
                     const ResourceConfig& resource, std::vector<BrokenLaw>& broken) {
  std::set<std::string> told;
  for (const Field& field : type.fields) {
    if (!field.is_unique || field.format != TextFormat::ip) continue;
    for (const auto& [node, values] : resource.params) {
      const auto found = values.find(field.key);
      if (found == values.end()) continue;
      const std::string& ip = std::get<std::string>(found->second);
      for (const PathConfig& path : config.paths) {
        for (const auto& [owner, address] : path.addresses) {
          if (!same_ip(address, ip) || !told.insert(ip).second) continue;
          broken.push_back(
              {path_of(group, resource), field.key,
               fmt::format("{} is the address of node {} on {}", ip, owner, path_of(path)),
               "Choose an address that no machine has."});
        }
      }
    }
  }
}

void law_of_nodes(const TypeSchema& type, const GroupConfig& group, const ResourceConfig& resource,
                  std::vector<BrokenLaw>& broken) {
  if (type.nodes_exactly == 0 || group.policy.size() == type.nodes_exactly) return;
  broken.push_back(
      {path_of(group), "policy",
       fmt::format("resource {} has copies on {} nodes, but the failover policy names {}",
                   resource.name, type.nodes_exactly, group.policy.size()),
       fmt::format("Name the {} nodes that have the copies; other nodes of the cluster can run "
                   "other groups.",
                   type.nodes_exactly)});
}

void laws_of_resource(const ClusterConfig& config, const Catalog& catalog, const GroupConfig& group,
                      const ResourceConfig& resource, Owners& owners,
                      std::vector<BrokenLaw>& broken) {
  laws_of_dependencies(group, resource, broken);
  const TypeSchema* type = find_type(catalog.resources, resource.type);
  if (type == nullptr) {
    broken.push_back({path_of(group, resource), "type",
                      fmt::format("there is no type \"{}\"", resource.type), ""});
    return;
  }
  laws_of_params(*type, resource.params, path_of(group, resource), broken);
  law_of_nodes(*type, group, resource, broken);
  unique_values(*type, group, resource, owners, broken);
  no_node_address(config, *type, group, resource, broken);
}

void laws_of_recovery(const MonitorConfig& monitor, std::vector<BrokenLaw>& broken) {
  const RecoveryConfig& recovery = monitor.recovery;
  if (recovery.target != RecoveryTarget::local && recovery.final_action == FinalAction::drain) {
    broken.push_back({path_of(monitor), "final_action", "a node can be drained, a group cannot",
                      "Choose target = \"local\", or another final action."});
  }
  if (recovery.target != RecoveryTarget::local) return;
  if (recovery.restart_max > 0 || recovery.failover_max > 0) {
    broken.push_back({path_of(monitor), "recovery",
                      "the node itself can be neither restarted nor moved",
                      "Take restart_max and failover_max away, or choose a resource or group as "
                      "target."});
  }
  if (recovery.final_action == FinalAction::stop_group) {
    broken.push_back({path_of(monitor), "final_action", "the target is the node, not a group",
                      "Choose \"drain\", \"stop_service\", \"shut_down\" or \"reboot\"."});
  }
}

void laws_of_when(const ClusterConfig& config, const MonitorConfig& monitor,
                  std::vector<BrokenLaw>& broken) {
  const bool active = monitor.timing == MonitorTiming::active;
  if (active && monitor.active_with.empty()) {
    broken.push_back({path_of(monitor), "timing", "\"active_with\" is missing",
                      "Name the resource during whose activity it monitors."});
  } else if (!active && !monitor.active_with.empty()) {
    broken.push_back({path_of(monitor), "active_with",
                      "\"active_with\" has no meaning with timing = \"always\"",
                      "Set timing = \"active\", or take it away."});
  } else if (active && group_of(config, monitor.active_with) == nullptr) {
    broken.push_back({path_of(monitor), "active_with",
                      fmt::format("there is no resource \"{}\"", monitor.active_with),
                      "Name a resource of this cluster."});
  }
  for (const auto& [node, params] : monitor.params) {
    if (find_node(config, node) != nullptr) continue;
    broken.push_back({path_of(monitor), "nodes", fmt::format("there is no node \"{}\"", node),
                      "Name nodes of this cluster."});
  }
}

void laws_of_check(const MonitorConfig& monitor, std::set<ResourceName>& checked,
                   std::vector<BrokenLaw>& broken) {
  if (monitor.checks.empty()) return;
  if (monitor.active_with != monitor.checks) {
    broken.push_back(
        {path_of(monitor), "active_with",
         fmt::format("the monitor of resource {} runs while that resource does", monitor.checks),
         "Take \"timing\" and \"active_with\" away."});
  }
  if (!checked.insert(monitor.checks).second) {
    broken.push_back({path_of(monitor), "checks",
                      fmt::format("resource {} has two monitors of its own", monitor.checks),
                      "Keep one of them."});
  }
}

}  // namespace

void laws_of_groups(const ClusterConfig& config, const Catalog& catalog,
                    std::vector<BrokenLaw>& broken) {
  Owners owners;
  std::size_t resources = 0;
  for (const GroupConfig& group : config.groups) {
    laws_of_policy(config, group, broken);
    for (const ResourceConfig& resource : group.resources) {
      laws_of_resource(config, catalog, group, resource, owners, broken);
    }
    no_cycles(group, broken);
    resources += group.resources.size();
  }
  if (config.groups.size() > groups_max) {
    broken.push_back(
        {"", "group",
         fmt::format("there are {} groups, more than {}", config.groups.size(), groups_max),
         "Make two clusters of them."});
  }
  if (resources > resources_max) {
    broken.push_back({"", "resource",
                      fmt::format("there are {} resources, more than {}", resources, resources_max),
                      "Make two clusters of them."});
  }
}

void laws_of_monitors(const ClusterConfig& config, const Catalog& catalog,
                      std::vector<BrokenLaw>& broken) {
  std::set<ResourceName> checked;
  for (const MonitorConfig& monitor : config.monitors) {
    laws_of_when(config, monitor, broken);
    laws_of_check(monitor, checked, broken);
    laws_of_recovery(monitor, broken);
    if (const TypeSchema* type = find_type(catalog.monitors, monitor.type)) {
      laws_of_params(*type, monitor.params, path_of(monitor), broken);
    }
  }
  if (config.monitors.size() > monitors_max) {
    broken.push_back(
        {"", "monitor",
         fmt::format("there are {} monitors, more than {}", config.monitors.size(), monitors_max),
         "Make two clusters of them."});
  }
}

void laws_of_names(const ClusterConfig& config, std::vector<BrokenLaw>& broken) {
  std::map<std::string, std::string> owners;
  const auto claim = [&](const std::string& name, const std::string& path) {
    if (name == "local") {
      broken.push_back({path, "name", "\"local\" means the node itself", "Choose another name."});
    }
    const auto [owner, is_new] = owners.try_emplace(name, path);
    if (is_new || name.empty()) return;
    broken.push_back({path, "name",
                      fmt::format("\"{}\" is also the name of {}", name, owner->second),
                      "Groups, resources and monitors need names of their own."});
  };
  for (const GroupConfig& group : config.groups) claim(group.name.value, path_of(group));
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      claim(resource.name.value, path_of(group, resource));
    }
  }
  for (const MonitorConfig& monitor : config.monitors) {
    claim(monitor.name.value, path_of(monitor));
    if (monitor.name.value.size() > 31) {
      broken.push_back({path_of(monitor), "name", "this name has more than 31 bytes",
                        "Declare the monitor in a [[monitor]] of its own with \"checks\", or "
                        "shorten the resource's name."});
    }
  }
}

}  // namespace mainstay
