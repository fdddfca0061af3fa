#include "cluster/invariants.h"

#include <algorithm>

#include "base/check.h"
#include "cluster/node_parts.h"

namespace mainstay {
namespace {

using group::ResourcePhase;
using group::runs;

void check_group(const State& state, const GroupConfig& config, const group::Group& group) {
  if (state.phase == NodePhase::isolated) {
    MAINSTAY_CHECK(!runs(group) && group.phase != GroupPhase::claiming);
  }
  if (runs(group)) {
    const auto given = state.spoken.find(config.name);
    MAINSTAY_CHECK(given != state.spoken.end() && given->second.claimant == state.self);
    MAINSTAY_CHECK(given->second.term == group.term);
  }
  for (const auto& resource : config.resources) {
    const group::ResourceRun& run = group.resources.at(resource.name);
    if (group::idle(group)) MAINSTAY_CHECK(run.phase == ResourcePhase::inactive);
    if (run.phase != ResourcePhase::activating) continue;
    for (const auto& name : resource.depends_on) {
      MAINSTAY_CHECK(group.resources.at(name).phase == ResourcePhase::active);
    }
  }
}

void check_activation(const ClusterConfig& config, const Activation& activation) {
  for (const auto& node : find_group(config, activation.group)->policy) {
    if (node == activation.node) continue;
    MAINSTAY_CHECK(std::ranges::find(activation.clearances, node, &Clearance::node) !=
                   activation.clearances.end());
  }
}

}  // namespace

void check_invariants(const State& state, const Actions& actions, Instant now) {
  const bool may_run = now < node::permission(state).soft;
  for (const auto& config : state.config->groups) {
    const group::Group& group = state.groups.at(config.name);
    MAINSTAY_CHECK(may_run || !runs(group));
    check_group(state, config, group);
  }
  for (const auto& [name, promise] : state.spoken) {
    const auto durable = state.durable.promises.find(name);
    MAINSTAY_CHECK(durable != state.durable.promises.end() && promise.term <= durable->second.term);
  }
  for (const auto& action : actions) {
    if (const auto* record = std::get_if<RecordActivation>(&action))
      check_activation(*state.config, record->activation);
  }
}

}  // namespace mainstay
