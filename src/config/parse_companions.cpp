// Monitors that come with a resource besides its check, unless the document has one of its own.
#include <algorithm>

#include "config/parser.h"
#include "config/validate.h"

namespace mainstay {
namespace {

bool names(const MonitorConfig& monitor, const std::string& key, const ResourceName& resource) {
  return std::ranges::any_of(monitor.params, [&](const auto& each) {
    const auto value = each.second.find(key);
    return value != each.second.end() && value->second == Value(resource.value);
  });
}

bool has_companion(const ClusterConfig& config, const CompanionSchema& companion,
                   const ResourceName& resource) {
  return std::ranges::any_of(config.monitors, [&](const MonitorConfig& monitor) {
    return monitor.type == companion.type && names(monitor, companion.key, resource);
  });
}

// It tells, and recovers nothing.
MonitorConfig companion_of(const TypeSchema& type, const CompanionSchema& companion,
                           const ResourceConfig& resource) {
  MonitorConfig monitor;
  monitor.name = companion_name(resource.name, resource.type, companion.type);
  monitor.type = companion.type;
  monitor.interval = companion.interval;
  monitor.recovery.target = RecoveryTarget::local;
  monitor.recovery.restart_max = 0;
  monitor.recovery.failover_max = 0;
  Params params = defaults_of(type.fields);
  params[companion.key] = resource.name.value;
  for (const auto& [node, own] : resource.params) monitor.params[node] = params;
  return monitor;
}

void add_companions_of(Parser& parser, const GroupConfig& group, const ResourceConfig& resource) {
  const TypeSchema* type = find_type(parser.catalog.resources, resource.type);
  if (type == nullptr) return;
  for (const CompanionSchema& companion : type->companions) {
    const TypeSchema* monitor_type = find_type(parser.catalog.monitors, companion.type);
    if (monitor_type == nullptr) continue;
    if (has_companion(parser.config, companion, resource.name)) continue;
    MonitorConfig monitor = companion_of(*monitor_type, companion, resource);
    const std::string path = path_of(monitor);
    parser.reader.remember(path, "", parser.reader.place(path_of(group, resource), ""));
    parser.config.monitors.push_back(std::move(monitor));
  }
}

}  // namespace

void add_companions(Parser& parser) {
  for (const GroupConfig& group : parser.config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      add_companions_of(parser, group, resource);
    }
  }
}

}  // namespace mainstay
