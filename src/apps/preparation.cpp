#include "apps/preparation.h"

#include <fmt/format.h>

#include "base/file.h"
#include "catalog/catalog.h"
#include "config/document.h"
#include "config/parse.h"

namespace mainstay::apps {
namespace {

std::string names_of(const std::vector<NodeConfig>& nodes) {
  std::string text;
  for (const auto& node : nodes) text += (text.empty() ? "" : ", ") + node.name.value;
  return text;
}

std::string unknown_node(const ClusterConfig& config, const NodeName& self,
                         const DaemonOptions& options) {
  const std::string whence = options.node.empty() ? "this host is called" : "--node names";
  return fmt::format("{}: {} '{}', which is none of the nodes {}. Name this node with --node.",
                     options.config, whence, self, names_of(config.nodes));
}

Refusals lines_of(const Problems& problems, const std::string& file) {
  Refusals lines;
  for (const auto& problem : problems) lines.push_back(to_text(problem, file));
  return lines;
}

}  // namespace

Refusals not_in_this_release(const ClusterConfig& config) {
  Refusals refusals;
  if (config.arbitration.arbiter.kind == ArbiterKind::simulated) {
    refusals.emplace_back(
        "arbitration: a simulated arbiter exists in the simulator only. Use \"dynamodb\" or "
        "\"etcd\".");
  }
  if (config.arbitration.forced_stop.kind == ForcedStopKind::simulated) {
    refusals.emplace_back(
        "arbitration: a simulated forced stop exists in the simulator only. Use \"ec2\" or "
        "\"script\" in [arbitration.forced_stop].");
  }
  return refusals;
}

std::expected<Preparation, Refusals> prepare(const DaemonOptions& options,
                                             const std::string& host_name) {
  const auto text = read_file(options.config, document_size_max);
  if (!text) return std::unexpected(Refusals{text.error().message + ". Name it with --config."});
  auto config = parse_config(*text, catalog());
  if (!config) return std::unexpected(lines_of(config.error(), options.config));

  Preparation prepared{.options = options};
  prepared.self = NodeName(options.node.empty() ? host_name : options.node);
  Refusals refusals;
  for (const auto& refusal : not_in_this_release(*config)) {
    refusals.push_back(options.config + ": " + refusal);
  }
  if (!find_node(*config, prepared.self)) {
    refusals.push_back(unknown_node(*config, prepared.self, options));
  }
  if (const auto key = adapters::load_key(config->key_file)) {
    prepared.key = *key;
  } else {
    refusals.push_back(key.error().message);
  }
  if (!refusals.empty()) return std::unexpected(std::move(refusals));
  prepared.config = std::make_shared<const ClusterConfig>(std::move(*config));
  return prepared;
}

}  // namespace mainstay::apps
