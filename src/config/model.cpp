#include "config/model.h"

#include <algorithm>

namespace mainstay {
namespace {

template <class List, class Key>
auto find_by_name(const List& list, const Key& name) -> decltype(&list.front()) {
  for (const auto& element : list) {
    if (element.name == name) return &element;
  }
  return nullptr;
}

}  // namespace

std::string_view to_text(ShutdownGroups groups) {
  return groups == ShutdownGroups::move ? "move" : "stop";
}

Duration forced_stop_turn(const ClusterConfig& config, const NodeName& self) {
  const Duration given = config.arbitration.forced_stop.delay;
  const Duration one = given > Duration::zero() ? given : 2 * config.timing.heartbeat_timeout;
  const auto at = std::ranges::find(config.nodes, self, &NodeConfig::name);
  return one * static_cast<Duration::rep>(at - config.nodes.begin());
}

std::string role_of(const ClusterConfig& config, const Params& params) {
  const auto found = params.find("role_arn");
  const auto* own = found == params.end() ? nullptr : std::get_if<std::string>(&found->second);
  return own == nullptr || own->empty() ? config.aws.role_arn : *own;
}

const NodeConfig* find_node(const ClusterConfig& config, const NodeName& name) {
  return find_by_name(config.nodes, name);
}

const GroupConfig* find_group(const ClusterConfig& config, const GroupName& name) {
  return find_by_name(config.groups, name);
}

const ResourceConfig* find_resource(const GroupConfig& group, const ResourceName& name) {
  return find_by_name(group.resources, name);
}

const MonitorConfig* find_monitor(const ClusterConfig& config, const MonitorName& name) {
  return find_by_name(config.monitors, name);
}

const GroupConfig* group_of(const ClusterConfig& config, const ResourceName& name) {
  for (const auto& group : config.groups) {
    if (find_resource(group, name)) return &group;
  }
  return nullptr;
}

}  // namespace mainstay
