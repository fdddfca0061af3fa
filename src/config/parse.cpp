#include "config/parse.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/digest.h"
#include "config/parser.h"
#include "config/sections.h"
#include "config/suggestion.h"
#include "config/validate.h"

namespace mainstay {
namespace {

void read_nodes(Parser& parser, const DocumentTable& root) {
  std::size_t index = 0;
  for (const DocumentTable* table : parser.reader.subtables(root, "node", "")) {
    NodeConfig node;
    const auto name = peek_text(*table, "name");
    const std::string path = object_path("node", name, ++index);
    parser.reader.remember(path, "", table->position);
    parser.reader.refuse_others(*table, keys_of(node_fields()), path);
    parser.reader.read_into(&node, *table, node_fields(), path);
    if (!name.empty()) parser.config.nodes.push_back(std::move(node));
  }
}

// address = { server1 = "10.0.110.10", server2 = "10.0.120.10" }
void read_addresses(Parser& parser, const DocumentTable& table, PathConfig& path_config,
                    const std::string& path) {
  const DocumentTable* addresses = parser.reader.subtable(table, "address", path);
  if (addresses == nullptr) {
    if (!table.find("address")) {
      parser.reader.add(table.position, path, "\"address\" is missing",
                        "Give each node's own IP address on this path: address = { NODE = "
                        "\"...\" }.");
    }
    return;
  }
  std::vector<std::string> names;
  for (const NodeConfig& node : parser.config.nodes) names.push_back(node.name.value);
  parser.reader.remember(path, "address", addresses->position);
  for (const DocumentEntry& entry : addresses->entries) {
    if (std::ranges::find(names, entry.key) == names.end()) {
      parser.reader.add(entry.position, path, fmt::format("there is no node \"{}\"", entry.key),
                        suggestion(entry.key, names));
      continue;
    }
    Field address;
    address.key = entry.key;
    address.is_required = true;
    address.format = TextFormat::ip;
    path_config.addresses[NodeName(entry.key)] = parser.reader.text(*addresses, address, path);
  }
}

void read_paths(Parser& parser, const DocumentTable& root) {
  std::size_t index = 0;
  for (const DocumentTable* table : parser.reader.subtables(root, "path", "")) {
    PathConfig path_config;
    const auto name = peek_text(*table, "name");
    const std::string path = object_path("path", name, ++index);
    parser.reader.remember(path, "", table->position);
    std::vector<std::string> known = keys_of(path_fields());
    known.emplace_back("address");
    parser.reader.refuse_others(*table, known, path);
    parser.reader.read_into(&path_config, *table, path_fields(), path);
    read_addresses(parser, *table, path_config, path);
    parser.config.paths.push_back(std::move(path_config));
  }
}

void read_groups(Parser& parser, const DocumentTable& root) {
  std::size_t index = 0;
  for (const DocumentTable* table : parser.reader.subtables(root, "group", "")) {
    GroupConfig group;
    const auto name = peek_text(*table, "name");
    const std::string path = object_path("group", name, ++index);
    parser.reader.remember(path, "", table->position);
    parser.reader.refuse_others(*table, keys_of(group_fields()), path);
    parser.reader.read_into(&group, *table, group_fields(), path);
    if (group.policy.empty()) group.policy = all_nodes(parser.config);
    parser.config.groups.push_back(std::move(group));
  }
}

// [NAME]: the fields of one object, all with defaults.
void read_section(Parser& parser, const DocumentTable& root, const char* name, void* object,
                  const std::vector<Field>& fields) {
  const DocumentTable* table = parser.reader.subtable(root, name, "");
  if (table == nullptr) return;
  parser.reader.remember(name, "", table->position);
  parser.reader.refuse_others(*table, keys_of(fields), name);
  parser.reader.read_into(object, *table, fields, name);
}

struct Profile {
  std::string name = "default";
};

void read_timing(Parser& parser, const DocumentTable& root) {
  Profile profile;
  parser.reader.read_into(&profile, root,
                          {field(&Profile::name, "profile").choices({"default", "fast"})}, "");
  if (profile.name == "fast") parser.config.timing = fast_timing();
  read_section(parser, root, "timing", &parser.config.timing, timing_fields());
}

void read_root(Parser& parser, const DocumentTable& root) {
  std::vector<std::string> known = keys_of(cluster_fields());
  known.insert(known.end(), {"profile", "node", "path", "ports", "timing", "arbitration", "return",
                             "reboot_limit", "shutdown", "aws", "group", "resource", "monitor"});
  parser.reader.remember("", "", root.position);
  parser.reader.refuse_others(root, known, "");
  parser.reader.read_into(&parser.config, root, cluster_fields(), "");
  read_nodes(parser, root);
  read_paths(parser, root);
  ClusterConfig& config = parser.config;
  read_section(parser, root, "ports", &config.ports, ports_fields());
  read_timing(parser, root);
  read_arbitration(parser, root);
  read_section(parser, root, "return", &config.return_policy, return_fields());
  read_section(parser, root, "reboot_limit", &config.reboot_limit, reboot_limit_fields());
  read_section(parser, root, "shutdown", &config.shutdown, shutdown_fields());
  read_section(parser, root, "aws", &config.aws, aws_fields());
  read_groups(parser, root);
  read_resources(parser, root);
  read_monitors(parser, root);
  add_checks(parser);
  add_companions(parser);
}

// A part that could not be read at all would break laws that say nothing new: one problem per place
// is enough.
Problems all_problems(Parser& parser) {
  const Problems found = parser.reader.problems();
  for (const BrokenLaw& law : validate(parser.config, parser.catalog)) {
    const Position position = parser.reader.place(law.path, law.key);
    const bool told = std::ranges::find(found, position, &Problem::position) != found.end();
    if (told && !law.path.empty()) continue;
    parser.reader.add(position, law.path, law.fact, law.remedy);
  }
  Problems problems = parser.reader.problems();
  std::ranges::sort(problems, {}, [](const Problem& problem) {
    return std::tie(problem.position, problem.path, problem.fact);
  });
  const auto [first, last] = std::ranges::unique(problems);
  problems.erase(first, last);
  return problems;
}

}  // namespace

std::string object_path(const char* noun, const std::string& name, std::size_t index) {
  if (name.empty()) return fmt::format("{} number {}", noun, index);
  return fmt::format("{} {}", noun, name);
}

std::expected<ClusterConfig, Problems> parse_config(std::string_view text, const Catalog& catalog) {
  const auto document = read_document(text);
  if (!document) return std::unexpected(Problems{document.error()});
  Parser parser{catalog, {}, {}};
  read_root(parser, *document);
  Problems problems = all_problems(parser);
  if (!problems.empty()) return std::unexpected(std::move(problems));
  parser.config.digest = digest_of(parser.config, catalog);
  return std::move(parser.config);
}

}  // namespace mainstay
