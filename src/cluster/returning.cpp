// Nodes that come back. One whose last run did not end in order is let in by itself or by an
// operator, as configured. One that is lost again and again is quarantined, in two ways, because
// there are two ways to be lost: it counts its own unfinished runs, and stays isolated; the others
// count how often it falls silent, and place nothing there while somebody else can take it. What
// runs there runs on.
#include <algorithm>

#include "cluster/node_parts.h"

namespace mainstay::node {
namespace {

constexpr std::size_t own_losses_max = 16;

// Incarnations follow the time of day, in milliseconds.
Incarnation in_milliseconds(Duration duration) {
  return static_cast<Incarnation>(duration / std::chrono::milliseconds(1));
}

void count_own_loss(Durable& durable, const ReturnConfig& config) {
  durable.losses.insert(durable.incarnation);
  std::erase_if(durable.losses, [&](Incarnation loss) {
    return loss + in_milliseconds(config.losses_within) < durable.incarnation;
  });
  while (durable.losses.size() > own_losses_max) durable.losses.erase(durable.losses.begin());
}

Instant quarantine_end(const ReturnConfig& config, Instant now) {
  return config.quarantine == Duration::zero() ? never : now + config.quarantine;
}

std::string for_how_long(const ReturnConfig& config) {
  return config.quarantine == Duration::zero() ? "" : ", or for " + to_text(config.quarantine);
}

// Who has lost most of the others, or is just losing them, is itself the one that is cut off, and
// accuses nobody.
bool may_accuse(const State& state, const Step& step) {
  std::size_t with_us = 1;
  for (const auto& [name, peer] : state.membership.peers) {
    if (peer.resigned || peer.trust == membership::Trust::alive) ++with_us;
  }
  const auto& checks = state.arbitration.checks;
  const bool checked = !step.config.arbitration.reachability.empty();
  if (checked && checks.verdict != Reachability::reachable) return false;
  return step.config.nodes.size() == 2 || with_us * 2 > step.config.nodes.size();
}

void count_loss(State::Losses& losses, const NodeName& peer, Step& step) {
  const ReturnConfig& config = step.config.return_policy;
  losses.at.push_back(step.now);
  while (losses.at.front() + config.losses_within < step.now) losses.at.pop_front();
  const auto max = static_cast<std::size_t>(config.losses_max);
  if (losses.at.size() > max) losses.at.pop_front();
  if (losses.at.size() < max || losses.quarantined) return;
  losses.quarantined = true;
  losses.until = quarantine_end(config, step.now);
  step.note(Severity::error, peer.value,
            fmt::format("is quarantined: it was lost {} times within {}. Nothing is placed there "
                        "while another node can take it, until: mainstay node recover {}{}",
                        max, to_text(config.losses_within), peer, for_how_long(config)));
}

}  // namespace

void judge_last_run(State& state, bool ended_in_order) {
  const ReturnConfig& config = state.config->return_policy;
  state.durable.open = true;
  if (ended_in_order) return;
  count_own_loss(state.durable, config);
  if (!config.automatic) {
    state.isolation = {.why =
                           "its last run did not end in order, and the configuration lets no "
                           "such node return by itself"};
    return;
  }
  const auto losses = state.durable.losses.size();
  if (config.losses_max == 0 || losses < static_cast<std::size_t>(config.losses_max)) return;
  state.isolation = {.why = fmt::format("its runs ended {} times within {} without a stop in order",
                                        losses, to_text(config.losses_within)),
                     .until = quarantine_end(config, state.began)};
}

void end_isolation(State& state, Step& step) {
  if (!state.isolation || step.now < state.isolation->until) return;
  state.isolation.reset();
  step.note(Severity::information, step.self.value, "its quarantine is over");
}

Status recover_node(State& state, Step& step) {
  if (state.phase == NodePhase::leaving || state.phase == NodePhase::stopped) {
    return failure(Code::conflict,
                   fmt::format("{} is stopping; start it, then recover it", step.self));
  }
  state.isolation.reset();
  state.durable.losses.clear();
  state.durable.reboots = 0;
  state.refused_halt.clear();
  ++state.durable.recoveries;
  store(state, step);
  step.note(Severity::information, step.self.value,
            "an operator called it back: its losses and reboots are forgotten");
  return {};
}

void count_losses(State& state, Step& step) {
  if (step.config.return_policy.losses_max == 0) return;
  for (auto& [name, losses] : state.losses) {
    if (losses.quarantined && step.now >= losses.until) {
      losses = {.dead = losses.dead, .recoveries = losses.recoveries};
      step.note(Severity::information, name.value, "its quarantine is over");
    }
    const membership::Peer& peer = state.membership.peers.at(name);
    const bool dead = peer.trust == membership::Trust::dead && !peer.resigned;
    const bool lost = dead && !losses.dead && peer.beat;
    losses.dead = dead;
    if (lost && may_accuse(state, step)) count_loss(losses, name, step);
  }
}

void heed_recovery(State& state, const NodeName& from, const Beat& beat, Step& step) {
  State::Losses& losses = state.losses.at(from);
  if (beat.recoveries == losses.recoveries) return;
  const bool was = losses.quarantined;
  losses = {.dead = losses.dead, .recoveries = beat.recoveries};
  if (was) step.note(Severity::information, from.value, "an operator ended its quarantine");
}

bool quarantined(const State& state, const NodeName& node) {
  const auto own = state.losses.find(node);
  if (own != state.losses.end() && own->second.quarantined) return true;
  return std::ranges::any_of(state.membership.peers, [&](const auto& entry) {
    const membership::Peer& peer = entry.second;
    return membership::present(peer) && peer.beat && peer.beat->phase == NodePhase::member &&
           peer.beat->quarantined.contains(node);
  });
}

Instant next_return(const State& state) {
  Instant next = state.isolation ? state.isolation->until : never;
  for (const auto& [name, losses] : state.losses) {
    if (losses.quarantined) next = std::min(next, losses.until);
  }
  return next;
}

}  // namespace mainstay::node
