// What keeps a group from starting here, for people.
#include <fmt/format.h>

#include "base/time.h"

#include "cluster/node_parts.h"

namespace mainstay::node {
namespace {

std::string without_permission(const State& state, Instant now) {
  const arbitration::Permission permission = node::permission(state);
  if (state.config->arbitration.arbiter.kind == ArbiterKind::none)
    return fmt::format("this node may not run anything: {}", permission.basis);
  const arbitration::Session& session = state.arbitration.session;
  const std::string standing =
      session.held
          ? fmt::format(
                "was last renewed {} ago",
                to_text(std::chrono::floor<std::chrono::seconds>(now - session.counted_from)))
          : std::string("is not held");
  return fmt::format(
      "this node may not run anything without the arbiter or the word of every other node; its "
      "session {}",
      standing);
}

}  // namespace

std::string waits_for(const State& state, const GroupConfig& config, Instant now) {
  const group::Group& group = state.groups.at(config.name);
  if (group.phase == GroupPhase::claiming) return group.waits_for;
  const bool wanted = intent(state, config.name).run;
  const bool unowned = placement::owner(view(state), config.name).empty();
  if (group.phase != GroupPhase::stopped || !wanted || !unowned) return "";
  if (state.phase != NodePhase::member) return "";
  if (now < permission(state).soft) return group.behind;
  return without_permission(state, now);
}

}  // namespace mainstay::node
