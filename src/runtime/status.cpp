// The cluster as one node's core sees it, as a plain value.
#include "runtime/status.h"

#include <algorithm>

#include "cluster/node_parts.h"
#include "runtime/make_status.h"

namespace mainstay {
namespace {

std::string address(const PathConfig& path, const NodeName& node) {
  const auto found = path.addresses.find(node);
  return found == path.addresses.end() ? "" : found->second;
}

Trust trust_of(const membership::Peer& peer) {
  if (peer.resigned) return Trust::resigned;
  switch (peer.trust) {
    case membership::Trust::unheard:
      return Trust::unheard;
    case membership::Trust::alive:
      return Trust::alive;
    case membership::Trust::suspect:
      return Trust::suspect;
    case membership::Trust::dead:
      return Trust::dead;
  }
  return Trust::unheard;
}

NodeStatus self_status(const State& state, const NodeName& name) {
  NodeStatus status;
  status.name = name;
  status.self = true;
  status.coordinator = state.coordinator == name;
  status.trust = Trust::alive;
  status.phase = state.phase;
  status.incarnation = state.durable.incarnation;
  status.quarantined = node::quarantined(state, name);
  status.drained = recovery::drains(state.recovery);
  if (state.isolation) status.why = state.isolation->why;
  status.warning = !state.config->arbitration.reachability.empty() &&
                   state.arbitration.checks.verdict == Reachability::unreachable;
  return status;
}

NodeStatus peer_status(const State& state, const NodeName& name, Instant now) {
  const membership::Peer& peer = state.membership.peers.at(name);
  NodeStatus status;
  status.name = name;
  status.coordinator = state.coordinator == name;
  status.trust = trust_of(peer);
  if (peer.beat) {
    status.phase = peer.beat->phase;
    status.incarnation = peer.beat->incarnation;
    status.drained = peer.beat->drained;
  }
  if (peer.resigned) status.phase = NodePhase::stopped;
  status.quarantined = node::quarantined(state, name);
  status.why = peer.why;
  for (std::size_t i = 0; i < peer.paths.size(); ++i) {
    const PathConfig& path = state.config->paths[i];
    const membership::PeerPath& known = peer.paths[i];
    status.paths.push_back({.path = path.name,
                            .own_address = address(path, state.self),
                            .peer_address = address(path, name),
                            .heard = known.ever && !known.lost,
                            .silence = now - known.since,
                            .ever_heard = known.ever});
    status.warning = status.warning || (known.lost && !peer.resigned);
  }
  return status;
}

std::string_view phase_word(group::ResourcePhase phase) {
  switch (phase) {
    case group::ResourcePhase::inactive:
      return "inactive";
    case group::ResourcePhase::activating:
      return "activating";
    case group::ResourcePhase::active:
      return "active";
    case group::ResourcePhase::deactivating:
      return "deactivating";
    case group::ResourcePhase::failed:
      return "failed";
  }
  return "?";
}

GroupStatus group_status(const State& state, const GroupConfig& config, const placement::View& seen,
                         Instant now) {
  const group::Group& own = state.groups.at(config.name);
  GroupStatus status;
  status.name = config.name;
  status.owner = placement::owner(seen, config.name);
  status.phase = own.phase;
  status.term = own.term;
  const bool here = !group::idle(own);
  if (!status.owner.empty() && status.owner != state.self) {
    const GroupReport& report = seen.present.at(status.owner).reports.at(config.name);
    status.phase = report.phase;
    status.term = report.term;
  }
  status.wanted_running = node::intent(state, config.name).run;
  if (const auto wanted = state.wanted.find(config.name); wanted != state.wanted.end())
    status.wanted = wanted->second;
  for (const auto& [node, candidate] : seen.present) {
    const auto report = candidate.reports.find(config.name);
    if (report != candidate.reports.end() && report->second.unfit) status.unfit.push_back(node);
  }
  status.double_runs = own.double_runs;
  status.waits_for = node::waits_for(state, config, now);
  for (const auto& resource : config.resources) {
    const group::ResourceRun& run = own.resources.at(resource.name);
    status.resources.push_back({.name = resource.name,
                                .type = resource.type,
                                .state = here ? std::string(phase_word(run.phase)) : "",
                                .why = run.why});
  }
  return status;
}

MonitorStatus monitor_status(const State& state, const MonitorConfig& config) {
  MonitorStatus status;
  status.name = config.name;
  status.type = config.type;
  const auto found = state.recovery.monitors.find(config.name);
  if (found == state.recovery.monitors.end()) return status;
  const recovery::MonitorRun& run = found->second;
  status.scheduled = run.scheduled;
  status.verdict = run.verdict;
  status.ever_judged = run.judged;
  status.number = run.number;
  status.why = run.why;
  status.bad_in_a_row = run.bad;
  status.restarts_spent = run.restarts_spent;
  status.failovers_spent = run.failovers_spent;
  return status;
}

void add_arbitration(const State& state, Instant now, ClusterStatus& status) {
  const arbitration::Checks& checks = state.arbitration.checks;
  status.reachability = checks.verdict;
  status.reachability_why = checks.why;
  for (const auto& config : state.config->arbitration.reachability) {
    const arbitration::SingleCheck& check = checks.single.at(config.name);
    status.reachability_checks.push_back({.name = config.name,
                                          .verdict = check.verdict,
                                          .lasts = now - check.since,
                                          .why = check.why});
  }
  for (const auto& [node, check] : state.arbitration.fence_checks) {
    status.forced_stops.push_back(
        {.node = node, .verdict = check.verdict, .lasts = now - check.since, .why = check.why});
  }
}

}  // namespace

ClusterStatus status_of(const State& state, Instant now) {
  const ClusterConfig& config = *state.config;
  ClusterStatus status;
  status.cluster = config.name;
  status.self = state.self;
  status.config_digest = config.digest;
  status.coordinator = state.coordinator;
  const arbitration::Permission permission = node::permission(state);
  status.permission.basis = permission.basis;
  status.permission.held = now < permission.soft;
  if (permission.soft != never) status.permission.left = permission.soft - now;
  add_arbitration(state, now, status);
  status.shutdown = {.policy = node::shutdown_policy(state),
                     .own = state.durable.shutdown.has_value()};
  status.reboots = {.counted = state.durable.reboots, .max = config.reboot_limit.max};
  for (const auto& node : config.nodes) {
    status.nodes.push_back(node.name == state.self ? self_status(state, node.name)
                                                   : peer_status(state, node.name, now));
  }
  const placement::View seen = node::view(state);
  for (const auto& group : config.groups)
    status.groups.push_back(group_status(state, group, seen, now));
  for (const auto& monitor : config.monitors)
    status.monitors.push_back(monitor_status(state, monitor));
  if (state.phase == NodePhase::starting || state.phase == NodePhase::refused)
    status.start_wait = state.start_wait;
  return status;
}

}  // namespace mainstay
