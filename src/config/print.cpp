#include "config/print.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/parser.h"
#include "config/sections.h"

namespace mainstay {
namespace {

struct Printer {
  std::string text;

  void heading(const std::string& name) { text += fmt::format("\n{}\n", name); }
  void line(const std::string& key, const Value& value) {
    text += fmt::format("{} = {}\n", key, document_text(value));
  }
  void fields(const void* object, const std::vector<Field>& fields);
};

// A text or list that is empty was left out: "" is no name and no id.
bool is_unset(const Value& value) {
  const auto* one = std::get_if<std::string>(&value);
  const auto* many = std::get_if<std::vector<std::string>>(&value);
  return (one != nullptr && one->empty()) || (many != nullptr && many->empty());
}

void Printer::fields(const void* object, const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    const Value value = field.read(object);
    if (!is_unset(value)) line(field.key, value);
  }
}

// A bare key where TOML allows it; a name may hold a point, which must be quoted.
std::string key_text(const std::string& key) {
  return key.find('.') == std::string::npos ? key : quoted(key);
}

// Values that all nodes share stand above, the others in the nodes' own tables.
void print_params(Printer& printer, const std::map<NodeName, Params>& params,
                  const std::vector<Field>& fields, const std::string& node_heading) {
  const auto shared = [&params](const std::string& key) {
    return std::ranges::all_of(params, [&](const auto& each) {
      return each.second.at(key) == params.begin()->second.at(key);
    });
  };
  for (const Field& field : fields) {
    if (params.empty() || !shared(field.key)) continue;
    const Value& value = params.begin()->second.at(field.key);
    if (!is_unset(value)) printer.line(field.key, value);
  }
  for (const auto& [node, values] : params) {
    Printer own;
    for (const Field& field : fields) {
      if (!shared(field.key)) own.line(field.key, values.at(field.key));
    }
    if (own.text.empty()) continue;
    printer.heading(fmt::format("[{}.{}]", node_heading, key_text(node.value)));
    printer.text += own.text;
  }
}

void print_path(Printer& printer, const PathConfig& path) {
  printer.heading("[[path]]");
  printer.fields(&path, path_fields());
  std::string list;
  for (const auto& [node, address] : path.addresses) {
    list +=
        fmt::format("{}{} = {}", list.empty() ? " " : ", ", key_text(node.value), quoted(address));
  }
  printer.text += fmt::format("address = {{{} }}\n", list);
}

std::string target_text(const ReachabilityTarget& target, ReachabilityKind kind) {
  if (kind == ReachabilityKind::ping) return target.host;
  if (kind == ReachabilityKind::http) return target.url;
  const bool v6 = target.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", target.host, target.port)
            : fmt::format("{}:{}", target.host, target.port);
}

void print_reachability(Printer& printer, const ReachabilityConfig& check) {
  printer.heading("[[arbitration.reachability]]");
  printer.fields(&check, reachability_fields());
  for (const auto& [node, targets] : check.targets) {
    if (targets.empty()) continue;
    std::vector<std::string> texts;
    for (const auto& target : targets) texts.push_back(target_text(target, check.kind));
    printer.heading(fmt::format("[arbitration.reachability.node.{}]", key_text(node.value)));
    printer.line("targets", texts);
  }
}

void print_arbitration(Printer& printer, const ArbitrationConfig& arbitration) {
  printer.heading("[arbitration]");
  printer.fields(&arbitration.arbiter, arbiter_fields());
  printer.fields(&arbitration, arbitration_fields());
  printer.heading("[arbitration.dynamodb]");
  printer.fields(&arbitration.arbiter.dynamodb, dynamodb_fields());
  printer.heading("[arbitration.etcd]");
  printer.fields(&arbitration.arbiter.etcd, etcd_fields());
  printer.heading("[arbitration.forced_stop]");
  printer.fields(&arbitration.forced_stop, forced_stop_fields());
  for (const auto& check : arbitration.reachability) print_reachability(printer, check);
}

void print_resource(Printer& printer, const GroupConfig& group, const ResourceConfig& resource,
                    const Catalog& catalog) {
  printer.heading("[[resource]]");
  printer.line("group", group.name.value);
  printer.fields(&resource, resource_fields());
  const TypeSchema* type = find_type(catalog.resources, resource.type);
  if (type) print_params(printer, resource.params, type->fields, "resource.node");
}

std::string target_of(const RecoveryConfig& recovery) {
  switch (recovery.target) {
    case RecoveryTarget::resource:
      return recovery.resource.value;
    case RecoveryTarget::group:
      return recovery.group.value;
    case RecoveryTarget::local:
      return "local";
  }
  return "";
}

void print_monitor(Printer& printer, const MonitorConfig& monitor, const Catalog& catalog) {
  printer.heading("[[monitor]]");
  printer.fields(&monitor, monitor_fields());
  std::vector<std::string> nodes;
  for (const auto& [node, params] : monitor.params) nodes.push_back(node.value);
  printer.line("nodes", nodes);
  const TypeSchema* type = find_type(catalog.monitors, monitor.type);
  Printer params;
  if (type) print_params(params, monitor.params, type->fields, "monitor.node");
  // The nodes' tables come after all plain keys of the monitor itself.
  const auto own_end = std::min(params.text.find("\n["), params.text.size());
  printer.text += params.text.substr(0, own_end);
  printer.heading("[monitor.recovery]");
  printer.line("target", target_of(monitor.recovery));
  printer.fields(&monitor.recovery, recovery_fields());
  printer.text += params.text.substr(own_end);
}

}  // namespace

std::string print_config(const ClusterConfig& config, const Catalog& catalog) {
  Printer printer;
  printer.fields(&config, cluster_fields());
  for (const NodeConfig& node : config.nodes) {
    printer.heading("[[node]]");
    printer.fields(&node, node_fields());
  }
  for (const PathConfig& path : config.paths) print_path(printer, path);
  printer.heading("[ports]");
  printer.fields(&config.ports, ports_fields());
  printer.heading("[timing]");
  printer.fields(&config.timing, timing_fields());
  print_arbitration(printer, config.arbitration);
  printer.heading("[return]");
  printer.fields(&config.return_policy, return_fields());
  printer.heading("[reboot_limit]");
  printer.fields(&config.reboot_limit, reboot_limit_fields());
  printer.heading("[shutdown]");
  printer.fields(&config.shutdown, shutdown_fields());
  printer.heading("[aws]");
  printer.fields(&config.aws, aws_fields());
  for (const GroupConfig& group : config.groups) {
    printer.heading("[[group]]");
    printer.fields(&group, group_fields());
  }
  for (const GroupConfig& group : config.groups) {
    for (const auto& resource : group.resources) print_resource(printer, group, resource, catalog);
  }
  for (const MonitorConfig& monitor : config.monitors) print_monitor(printer, monitor, catalog);
  return printer.text;
}

}  // namespace mainstay
