// Resources and monitors: what all of them share, and what their types add.
#include <fmt/format.h>

#include <algorithm>

#include "config/parser.h"
#include "config/sections.h"
#include "config/suggestion.h"
#include "config/validate.h"

namespace mainstay {
namespace {

// Keys of a [[monitor]] that are no members of MonitorConfig.
struct MonitorExtra {
  std::vector<NodeName> nodes;
};
struct ResourceExtra {
  GroupName group;
};
struct RecoveryExtra {
  std::string target;
};

const Field group_field = field(&ResourceExtra::group, "group")
                              .help("The failover group it belongs to.")
                              .format(TextFormat::name);
const Field nodes_field = field(&MonitorExtra::nodes, "nodes")
                              .help("The nodes that run it; all if left out.")
                              .format(TextFormat::name);
const Field target_field = field(&RecoveryExtra::target, "target")
                               .help("A resource, a group, or \"local\" for the node itself.")
                               .format(TextFormat::name);

std::vector<std::string> group_names(const ClusterConfig& config) {
  std::vector<std::string> names;
  for (const GroupConfig& group : config.groups) names.push_back(group.name.value);
  return names;
}

std::vector<std::string> resource_names(const ClusterConfig& config) {
  std::vector<std::string> names;
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) names.push_back(resource.name.value);
  }
  return names;
}

std::vector<std::string> resources_of_type(const ClusterConfig& config, const std::string& type) {
  std::vector<std::string> names;
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      if (resource.type == type) names.push_back(resource.name.value);
    }
  }
  return names;
}

std::vector<std::string> type_names(const std::vector<TypeSchema>& types) {
  std::vector<std::string> names;
  for (const TypeSchema& type : types) names.push_back(type.type);
  return names;
}

GroupConfig* group_for(Parser& parser, const DocumentTable& table, const std::string& path) {
  const std::string name = parser.reader.text(table, group_field, path);
  auto& groups = parser.config.groups;
  if (name.empty() && !table.find("group") && groups.size() == 1) return &groups.front();
  if (name.empty()) {
    parser.reader.demand(table, group_field, path);
    return nullptr;
  }
  const auto found = std::ranges::find(groups, GroupName(name), &GroupConfig::name);
  if (found != groups.end()) return &*found;
  parser.reader.add(parser.reader.place(path, "group"), path,
                    fmt::format("there is no group \"{}\"", name),
                    suggestion(name, group_names(parser.config)));
  return nullptr;
}

void refuse_type(Parser& parser, const std::string& type, const std::vector<std::string>& known,
                 const std::string& path) {
  if (type.empty()) return;
  parser.reader.add(parser.reader.place(path, "type"), path,
                    fmt::format("there is no type \"{}\"", type), suggestion(type, known));
}

void read_resource(Parser& parser, const DocumentTable& table, std::size_t index) {
  ResourceConfig resource;
  const auto name = peek_text(table, "name");
  std::string path = object_path("resource", name, index);
  GroupConfig* group = group_for(parser, table, path);
  resource.name = ResourceName(name);
  if (group != nullptr && !name.empty()) path = path_of(*group, resource);
  parser.reader.remember(path, "", table.position);
  parser.reader.read_into(&resource, table, resource_fields(), path);

  const TypeSchema* type = find_type(parser.catalog.resources, resource.type);
  if (type == nullptr) {
    refuse_type(parser, resource.type, type_names(parser.catalog.resources), path);
  } else {
    std::vector<std::string> common = keys_of(resource_fields());
    common.insert(common.end(), {"group", "node"});
    const auto nodes = group != nullptr ? group->policy : all_nodes(parser.config);
    resource.params = read_per_node(parser, table, *type, nodes, common, path);
  }
  if (group != nullptr) group->resources.push_back(std::move(resource));
}

MonitorConfig check_of(const GroupConfig& group, const ResourceConfig& resource,
                       const CheckSchema& check) {
  MonitorConfig monitor;
  monitor.name = check_name(resource.name, resource.type);
  monitor.type = check.type;
  monitor.checks = resource.name;
  monitor.timing = MonitorTiming::active;
  monitor.active_with = resource.name;
  monitor.interval = check.interval;
  monitor.timeout = check.timeout;
  monitor.retries = check.retries;
  monitor.recovery.target = RecoveryTarget::resource;
  monitor.recovery.resource = resource.name;
  monitor.recovery.group = group.name;
  for (const auto& [node, params] : resource.params) monitor.params[node];
  return monitor;
}

bool check_applies(const CheckSchema& check, const ResourceConfig& resource) {
  if (!check.applies) return true;
  return std::ranges::any_of(resource.params,
                             [&check](const auto& each) { return check.applies(each.second); });
}

// The monitor as it would be without the document's word; nothing, and a problem, if the document
// names no resource of the right type.
std::optional<MonitorConfig> declared_check(Parser& parser, const DocumentTable& table,
                                            const TypeSchema& checked, const std::string& path) {
  const ResourceName name(peek_text(table, "checks"));
  if (name.empty()) {
    parser.reader.add(table.position, path, "\"checks\" is missing",
                      fmt::format("Name the resource of type {} that it monitors.", checked.type));
    return std::nullopt;
  }
  const GroupConfig* group = group_of(parser.config, name);
  const ResourceConfig* resource = group ? find_resource(*group, name) : nullptr;
  if (resource != nullptr && resource->type == checked.type) {
    return check_of(*group, *resource, *checked.check);
  }
  parser.reader.add(table.find("checks")->value.position, path,
                    fmt::format("there is no resource \"{}\" of type {}", name, checked.type),
                    suggestion(name.value, resources_of_type(parser.config, checked.type)));
  return std::nullopt;
}

void read_target(Parser& parser, const DocumentTable& table, MonitorConfig& monitor,
                 const std::string& path) {
  const std::string target = parser.reader.text(table, target_field, path);
  RecoveryConfig& recovery = monitor.recovery;
  if (target.empty()) return;
  recovery.resource = {};
  recovery.group = {};
  if (target == "local") {
    recovery.target = RecoveryTarget::local;
  } else if (const GroupConfig* owner = group_of(parser.config, ResourceName(target))) {
    recovery.target = RecoveryTarget::resource;
    recovery.resource = ResourceName(target);
    recovery.group = owner->name;
  } else if (find_group(parser.config, GroupName(target))) {
    recovery.target = RecoveryTarget::group;
    recovery.group = GroupName(target);
  } else {
    std::vector<std::string> known = resource_names(parser.config);
    for (auto& name : group_names(parser.config)) known.push_back(std::move(name));
    known.emplace_back("local");
    parser.reader.add(parser.reader.place(path, "target"), path,
                      fmt::format("there is no resource or group \"{}\"", target),
                      suggestion(target, known));
  }
}

// What is recovered if the document does not say.
void set_default_target(const ClusterConfig& config, MonitorConfig& monitor) {
  RecoveryConfig& recovery = monitor.recovery;
  const GroupConfig* group = group_of(config, monitor.active_with);
  if (monitor.timing == MonitorTiming::active && group != nullptr) {
    recovery.target = RecoveryTarget::resource;
    recovery.resource = monitor.active_with;
    recovery.group = group->name;
  } else {
    recovery.target = RecoveryTarget::local;
  }
}

void read_recovery(Parser& parser, const DocumentTable& table, MonitorConfig& monitor,
                   const std::string& path) {
  if (monitor.checks.empty()) set_default_target(parser.config, monitor);
  const DocumentTable* recovery = parser.reader.subtable(table, "recovery", path);
  if (recovery != nullptr) {
    std::vector<std::string> known = keys_of(recovery_fields());
    known.emplace_back("target");
    parser.reader.refuse_others(*recovery, known, path);
    read_target(parser, *recovery, monitor, path);
  }
  // Restarts and failovers are for resources and groups; a node has only its final action.
  if (monitor.recovery.target == RecoveryTarget::local) {
    monitor.recovery.restart_max = 0;
    monitor.recovery.failover_max = 0;
  }
  if (recovery == nullptr) return;
  parser.reader.read_into(&monitor.recovery, *recovery, recovery_fields(), path);
}

std::vector<NodeName> monitor_nodes(Parser& parser, const DocumentTable& table,
                                    const MonitorConfig& monitor, const std::string& path) {
  MonitorExtra extra;
  parser.reader.read_into(&extra, table, {nodes_field}, path);
  if (!extra.nodes.empty()) return extra.nodes;
  const GroupConfig* group = group_of(parser.config, monitor.active_with);
  if (monitor.timing == MonitorTiming::active && group != nullptr) return group->policy;
  return all_nodes(parser.config);
}

void read_monitor(Parser& parser, const DocumentTable& table, std::size_t index) {
  MonitorConfig monitor;
  const auto name = peek_text(table, "name");
  const std::string path = object_path("monitor", name, index);
  parser.reader.remember(path, "", table.position);
  const auto type_name = peek_text(table, "type");
  const TypeSchema* type = find_type(parser.catalog.monitors, type_name);
  const TypeSchema* checked = find_checked(parser.catalog, type_name);
  if (checked != nullptr) {
    auto base = declared_check(parser, table, *checked, path);
    if (!base) return;
    monitor = std::move(*base);
  }
  parser.reader.read_into(&monitor, table, monitor_fields(), path);
  if (type == nullptr && checked == nullptr) {
    std::vector<std::string> known = type_names(parser.catalog.monitors);
    for (const TypeSchema& each : parser.catalog.resources) {
      if (each.check) known.push_back(each.check->type);
    }
    return refuse_type(parser, type_name, known, path);
  }
  if (checked == nullptr && !monitor.checks.empty()) {
    parser.reader.add(parser.reader.place(path, "checks"), path,
                      fmt::format("a monitor of type {} does not check a resource", type_name),
                      "Remove \"checks\"; \"active_with\" ties it to a resource.");
  }
  read_recovery(parser, table, monitor, path);
  std::vector<std::string> common = keys_of(monitor_fields());
  common.insert(common.end(), {"nodes", "node", "recovery"});
  const TypeSchema nothing;
  monitor.params = read_per_node(parser, table, type ? *type : nothing,
                                 monitor_nodes(parser, table, monitor, path), common, path);
  parser.config.monitors.push_back(std::move(monitor));
}

}  // namespace

void read_resources(Parser& parser, const DocumentTable& root) {
  std::size_t index = 0;
  for (const DocumentTable* table : parser.reader.subtables(root, "resource", "")) {
    read_resource(parser, *table, ++index);
  }
}

void read_monitors(Parser& parser, const DocumentTable& root) {
  std::size_t index = 0;
  for (const DocumentTable* table : parser.reader.subtables(root, "monitor", "")) {
    read_monitor(parser, *table, ++index);
  }
}

void add_checks(Parser& parser) {
  for (const GroupConfig& group : parser.config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      const TypeSchema* type = find_type(parser.catalog.resources, resource.type);
      if (type == nullptr || !type->check || !check_applies(*type->check, resource)) continue;
      auto& monitors = parser.config.monitors;
      if (std::ranges::find(monitors, resource.name, &MonitorConfig::checks) != monitors.end()) {
        continue;
      }
      MonitorConfig monitor = check_of(group, resource, *type->check);
      const std::string path = path_of(monitor);
      parser.reader.remember(path, "", parser.reader.place(path_of(group, resource), ""));
      monitors.push_back(std::move(monitor));
    }
  }
}

}  // namespace mainstay
