// Nodes do not stop each other: where there is an arbiter, only who revoked a peer's session there
// stops it by force.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <set>

#include "cluster/arbitration/session_record.h"
#include "sim/checkers/checker.h"

namespace mainstay::sim {

Checker fences_by_right() {
  using arbitration::SessionStanding;
  // Whose session each machine has revoked.
  const auto revoked = std::make_shared<std::map<std::size_t, std::set<std::string>>>();
  Checker checker{.law = "fences_by_right"};
  checker.on_write = [revoked](Scene&, const ArbiterWrite& write) {
    if (!write.key.starts_with("node/")) return;
    const auto record = arbitration::decode_session(write.value);
    if (!record || record->standing != SessionStanding::revoked) return;
    (*revoked)[write.machine].insert(write.key.substr(5));
  };
  checker.on_action = [revoked](Scene& scene, std::size_t machine, const Action& action, Instant) {
    const auto* fence = std::get_if<FencePeer>(&action);
    if (fence == nullptr || (*revoked)[machine].contains(fence->peer.value)) return;
    scene.violate("fences_by_right", fmt::format("{} stops {} by force and has not revoked its "
                                                 "session at the arbiter",
                                                 scene.world.machine(machine).name(), fence->peer));
  };
  return checker;
}

}  // namespace mainstay::sim
