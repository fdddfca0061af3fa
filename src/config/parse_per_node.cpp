// "Set Up Individually": values that differ from node to node.
#include <fmt/format.h>

#include <algorithm>

#include "config/parser.h"
#include "config/suggestion.h"

namespace mainstay {
namespace {

// Keys that stand in a node's table although they are the same for all nodes by their nature.
void refuse_common_keys(Reader& reader, const DocumentTable& table,
                        const std::vector<std::string>& fields,
                        const std::vector<std::string>& common, const std::string& path) {
  DocumentTable rest{table.position, {}};
  for (const DocumentEntry& entry : table.entries) {
    if (std::ranges::find(common, entry.key) == common.end()) {
      rest.entries.push_back(entry);
    } else {
      reader.add(
          entry.position, path,
          fmt::format("\"{}\" is the same on every node and cannot be set for one", entry.key),
          "Move it out of the node's table.");
    }
  }
  reader.refuse_others(rest, fields, path);
}

void demand_for_nodes(Reader& reader, const DocumentTable& table, const TypeSchema& type,
                      const std::map<NodeName, Params>& params, const std::string& path) {
  for (const Field& field : type.fields) {
    if (!field.is_required) continue;
    std::string missing;
    std::size_t count = 0;
    for (const auto& [node, values] : params) {
      if (values.contains(field.key)) continue;
      missing += (count++ == 0 ? "" : ", ") + node.value;
    }
    if (count == 0) continue;
    if (count == params.size()) {
      reader.add(table.position, path, fmt::format("\"{}\" is missing", field.key), field.help);
    } else {
      reader.add(reader.place(path, field.key), path,
                 fmt::format("\"{}\" is missing for {}", field.key, missing),
                 "Give it in that node's table, or once for all nodes.");
    }
  }
}

}  // namespace

std::vector<NodeName> all_nodes(const ClusterConfig& config) {
  std::vector<NodeName> names;
  for (const NodeConfig& node : config.nodes) names.push_back(node.name);
  return names;
}

void for_each_node_table(
    Parser& parser, const DocumentTable& table, const std::string& path,
    const std::function<void(const NodeName& node, const DocumentTable& table)>& each) {
  const DocumentTable* nodes = parser.reader.subtable(table, "node", path);
  if (nodes == nullptr) return;
  std::vector<std::string> names;
  for (const NodeConfig& node : parser.config.nodes) names.push_back(node.name.value);
  for (const DocumentEntry& entry : nodes->entries) {
    if (std::ranges::find(names, entry.key) == names.end()) {
      parser.reader.add(entry.position, path, fmt::format("there is no node \"{}\"", entry.key),
                        suggestion(entry.key, names));
    } else if (const DocumentTable* own = parser.reader.subtable(*nodes, entry.key, path)) {
      each(NodeName(entry.key), *own);
    }
  }
}

std::map<NodeName, Params> read_per_node(Parser& parser, const DocumentTable& table,
                                         const TypeSchema& type, const std::vector<NodeName>& nodes,
                                         const std::vector<std::string>& common,
                                         const std::string& path) {
  const std::vector<std::string> keys = keys_of(type.fields);
  std::vector<std::string> known = common;
  known.insert(known.end(), keys.begin(), keys.end());
  parser.reader.refuse_others(table, known, path);

  const Params shared = parser.reader.read(table, type.fields, path);
  std::map<NodeName, Params> given;
  // A value that is there but wrong is not missing as well.
  std::map<NodeName, Params> mentioned;
  for (const NodeName& node : nodes) {
    // A policy may name strangers; that is told elsewhere.
    if (find_node(parser.config, node)) given[node] = shared;
  }
  for (const auto& [node, values] : given) {
    for (const DocumentEntry& entry : table.entries) mentioned[node][entry.key] = true;
  }
  for_each_node_table(parser, table, path, [&](const NodeName& node, const DocumentTable& own) {
    const std::string own_path = fmt::format("{}, node {}", path, node);
    refuse_common_keys(parser.reader, own, keys, common, own_path);
    const Params values = parser.reader.read(own, type.fields, own_path);
    for (const auto& key : keys) {
      if (own.find(key)) parser.reader.remember(path, key, own.find(key)->value.position);
    }
    if (!given.contains(node)) return;
    for (const auto& [key, value] : values) given[node][key] = value;
    for (const auto& entry : own.entries) mentioned[node][entry.key] = true;
  });
  demand_for_nodes(parser.reader, table, type, mentioned, path);
  const Params defaults = defaults_of(type.fields);
  for (auto& [node, values] : given) values.insert(defaults.begin(), defaults.end());
  return given;
}

}  // namespace mainstay
