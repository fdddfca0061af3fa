// Evidence against a silent node, as far as it does not depend on a group.
#include "cluster/arbitration/arbitration.h"

#include "base/sabotage.h"

namespace mainstay::arbitration {
namespace {

using membership::Peer;
using membership::Trust;

Duration rounded(Duration duration) {
  return std::chrono::floor<std::chrono::milliseconds>(duration);
}

std::optional<Clearance> fenced(const State& state, const NodeName& node) {
  const Fence& fence = state.fences.at(node);
  if (!fence.done) return std::nullopt;
  return Clearance{node, Evidence::fenced, fence.why};
}

std::optional<Clearance> lease(const State& state, const NodeName& node) {
  const Watch& watch = state.watches.of.at(node);
  if (!watch.cleared) return std::nullopt;
  return Clearance{node, Evidence::lease, watch.why};
}

// We and enough others have not heard it for so long that it must have stopped itself. The promises
// of these others to us are checked with the claim; that each of them is in the majority that the
// silent node would need is what makes two majorities meet.
std::optional<Clearance> minority(const membership::State& membership, const NodeName& node,
                                  const Step& step) {
  const Duration needed = minority_silence(step.config.timing);
  const Duration own = step.now - membership.peers.at(node).silent_since;
  if (own < needed) return std::nullopt;
  std::size_t agree = 1;
  for (const auto& [name, peer] : membership.peers) {
    if (name == node || !membership::present(peer) || !peer.beat) continue;
    const auto echo = peer.beat->echoes.find(node);
    if (echo != peer.beat->echoes.end() && echo->second.silence >= needed) ++agree;
  }
  const std::size_t all = sabotaged(Sabotage::majority_of_heard) ? agree : step.config.nodes.size();
  if (agree * 2 <= all) return std::nullopt;
  return Clearance{node, Evidence::minority,
                   fmt::format("{} of {} nodes have not heard it for {}", agree,
                               step.config.nodes.size(), to_text(rounded(own)))};
}

// "" if nothing is missing.
std::string presumption_lacks(const State& state, const Peer& peer, const Step& step) {
  const Timing& timing = step.config.timing;
  const Duration silence = step.now - peer.silent_since;
  const Duration needed = timing.heartbeat_timeout + timing.presumed_wait;
  if (silence < needed)
    return fmt::format("it is silent for {} of {}", to_text(rounded(silence)), to_text(needed));
  if (peer.unreadable_at && step.now - *peer.unreadable_at < needed)
    return "it speaks, in beats that this release cannot read; give both nodes the same release";
  if (step.config.arbitration.reachability.empty()) return "";
  if (state.checks.verdict != Reachability::reachable)
    return "the reachability check does not say that we are not cut off";
  if (state.checks.asked <
      std::max(peer.silent_since, peer.unreadable_at.value_or(peer.silent_since)))
    return "a reachability check later than its last beat is under way";
  return "";
}

std::optional<Clearance> presumed(const State& state, const NodeName& node, const Peer& peer,
                                  const Step& step) {
  if (peer.trust != Trust::dead || !presumption_lacks(state, peer, step).empty())
    return std::nullopt;
  const bool checked = !step.config.arbitration.reachability.empty();
  return Clearance{
      node, Evidence::presumed,
      fmt::format("silent on every path for {}{}", to_text(rounded(step.now - peer.silent_since)),
                  checked ? ", and we are not the ones cut off"
                          : "; nothing says that we are not cut off")};
}

// Presumption is for those who have nothing better.
bool may_presume(const ArbitrationConfig& config) {
  return config.allow_presumed && config.arbiter.kind == ArbiterKind::none && !config.majority &&
         config.forced_stop.kind == ForcedStopKind::none;
}

}  // namespace

Duration minority_silence(const Timing& timing) {
  return with_drift(timing.heartbeat_timeout + timing.stop_margin, timing.drift_bound);
}

std::optional<Clearance> clearance(const State& state, const membership::State& membership,
                                   const NodeName& node, const Step& step) {
  const ArbitrationConfig& config = step.config.arbitration;
  const Peer& peer = membership.peers.at(node);
  if (peer.resigned) {
    return Clearance{node, Evidence::reported,
                     fmt::format("it stopped cleanly in incarnation {}", peer.resigned_in)};
  }
  if (membership::present(peer)) return std::nullopt;  // It can speak for itself.
  if (sabotaged(Sabotage::unknown_is_stopped)) return Clearance{node, Evidence::reported, ""};
  // With an arbiter a forced stop is no evidence of its own: the node may have booted since and
  // taken a new session, which only the arbiter knows.
  const bool arbiter = config.arbiter.kind != ArbiterKind::none;
  if (auto found = arbiter ? lease(state, node) : fenced(state, node)) return found;
  if (config.majority) {
    if (auto found = minority(membership, node, step)) return found;
  }
  if (may_presume(config)) {
    if (auto found = presumed(state, node, peer, step)) return found;
  }
  if (const auto word = state.declared.find(node); word != state.declared.end()) {
    return Clearance{
        node, Evidence::operator_said,
        fmt::format("{} says it is stopped: {}", word->second.who, word->second.reason)};
  }
  return std::nullopt;
}

std::string waits_for(const State& state, const membership::State& membership, const NodeName& node,
                      const Step& step) {
  const ArbitrationConfig& config = step.config.arbitration;
  const Peer& peer = membership.peers.at(node);
  if (membership::present(peer)) return fmt::format("{} has not promised yet", node);
  if (config.arbiter.kind != ArbiterKind::none) {
    const Watch& watch = state.watches.of.at(node);
    if (!watch.seen)
      return fmt::format("the arbiter has not said yet whether {} still holds its session", node);
    if (watch.farewell)
      return fmt::format(
          "{} was told, when this node stopped, that it may go on alone; hear it, or declare it "
          "stopped",
          node);
    return fmt::format("{} may still hold its session at the arbiter", node);
  }
  if (config.forced_stop.kind != ForcedStopKind::none) {
    return state.fences.at(node).given_up
               ? fmt::format("the forced stop of {} failed; hear it, or declare it stopped", node)
               : fmt::format("{} is being stopped by force", node);
  }
  if (config.majority)
    return fmt::format("a majority that has not heard {} for {}", node,
                       to_text(minority_silence(step.config.timing)));
  if (!config.allow_presumed)
    return fmt::format("{} is silent, and silence alone is not enough here", node);
  return fmt::format("{}: {}", node, presumption_lacks(state, peer, step));
}

}  // namespace mainstay::arbitration
