#include "apps/mirror_plan.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "adapters/mirror/mirror_client.h"

namespace mainstay::apps {
namespace {

using Texts = std::vector<std::string>;

// A TOML text. Names and paths have no other characters that would need an escape.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char each : text) {
    if (each == '"' || each == '\\') result += '\\';
    result += each;
  }
  return result + '"';
}

std::string quoted(const Texts& texts) {
  Texts each;
  for (const std::string& text : texts) each.push_back(quoted(text));
  return fmt::format("[{}]", fmt::join(each, ", "));
}

Texts addresses_of(const ClusterConfig& config, const ResourceConfig& mirror,
                   const NodeName& node) {
  Texts hosts = std::get<Texts>(mirror.params.at(node).at("mirror_addresses"));
  if (hosts.empty()) {
    for (const PathConfig& path : config.paths) hosts.push_back(path.addresses.at(node));
  }
  const auto port = std::get<std::int64_t>(mirror.params.at(node).at("port"));
  for (std::string& host : hosts) {
    const bool v6 = host.find(':') != std::string::npos;
    host = v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
  }
  return hosts;
}

// The nodes that have a copy, in the order in which the document names them.
std::vector<NodeName> holders_of(const ClusterConfig& config, const ResourceConfig& mirror) {
  std::vector<NodeName> nodes;
  for (const NodeConfig& node : config.nodes) {
    if (mirror.params.contains(node.name)) nodes.push_back(node.name);
  }
  return nodes;
}

std::string engine_config(const ClusterConfig& config, const ResourceConfig& mirror,
                          const std::vector<NodeName>& holders, std::size_t copy,
                          const std::string& directory) {
  const Params& own = mirror.params.at(holders[copy]);
  const std::string name = mirror.name.value;
  // Copy 0 connects to copy 1.
  const Texts addresses = addresses_of(config, mirror, holders[1]);
  return fmt::format(
      "name = {}\ncopy = {}\ndata = {}\nmetadata = {}\nkey = {}\n{} = {}\ndevice = {}\n"
      "control = {}\nrecord = {}\nresync_limit = {}\nresync_by_checksum = {}\n",
      quoted(name), copy, quoted(std::get<std::string>(own.at("data_partition"))),
      quoted(std::get<std::string>(own.at("cluster_partition"))), quoted(config.key_file),
      copy == 0 ? "peers" : "listen", quoted(addresses), quoted(directory + "/" + name),
      quoted(adapters::control_socket(directory, name)),
      config.arbitration.arbiter.kind != ArbiterKind::none,
      std::get<std::int64_t>(own.at("resync_limit")), std::get<bool>(own.at("resync_by_checksum")));
}

Status fits(const ClusterConfig& config, const ResourceConfig& mirror,
            const std::vector<NodeName>& holders) {
  if (holders.size() != 2) {
    return failure(Code::invalid,
                   fmt::format("mirror {} has copies on {} nodes: its group's failover policy must "
                               "name two",
                               mirror.name, holders.size()));
  }
  const auto here = addresses_of(config, mirror, holders[0]).size();
  const auto there = addresses_of(config, mirror, holders[1]).size();
  if (here == there) return {};
  return failure(Code::invalid,
                 fmt::format("mirror {} has {} mirror_addresses on {} and {} on {}: give each node "
                             "as many, in the same order",
                             mirror.name, here, holders[0], there, holders[1]));
}

}  // namespace

Result<std::vector<MirrorPlan>> mirror_plans(const ClusterConfig& config, const NodeName& self,
                                             const std::string& directory) {
  std::vector<MirrorPlan> plans;
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      if (resource.type != "md") continue;
      const auto holders = holders_of(config, resource);
      if (auto fit = fits(config, resource, holders); !fit) return std::unexpected(fit.error());
      const auto own = std::ranges::find(holders, self);
      if (own == holders.end()) continue;
      const auto copy = static_cast<std::size_t>(own - holders.begin());
      plans.push_back(
          {resource.name, group.name, engine_config(config, resource, holders, copy, directory)});
    }
  }
  return plans;
}

std::string engine_program() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "/usr/bin/mainstay-mirrord" : (own.parent_path() / "mainstay-mirrord").string();
}

}  // namespace mainstay::apps
