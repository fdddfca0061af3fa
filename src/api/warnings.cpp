#include "api/warnings.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay::api {
namespace {

// Less than this left is worth a word: even the fast profile renews well before.
constexpr Duration permission_low = 300ms;

using Warnings = std::vector<Warning>;

std::string because(const std::string& why) { return why.empty() ? "" : ": " + why; }

void about_permission(const ClusterStatus& cluster, Warnings& out) {
  const auto& permission = cluster.permission;
  if (!permission.held) {
    out.push_back({Severity::error, cluster.self.value,
                   fmt::format("this node may not run groups now (basis: {})", permission.basis)});
  } else if (permission.left && *permission.left < permission_low) {
    out.push_back({Severity::warning, cluster.self.value,
                   fmt::format("the permission to run groups ends in {} unless it is renewed "
                               "(basis: {})",
                               to_text(*permission.left), permission.basis)});
  }
}

void about_reachability(const ClusterStatus& cluster, Warnings& out) {
  if (cluster.reachability != Reachability::unreachable) return;
  out.push_back({Severity::error, cluster.self.value,
                 "the reachability check says that this node is cut off" +
                     because(cluster.reachability_why)});
}

void about_forced_stop(const ForcedStopStatus& stop, Warnings& out) {
  if (stop.verdict != Verdict::unhealthy) return;
  out.push_back(
      {Severity::warning, stop.node.value, "a forced stop of it would fail" + because(stop.why)});
}

void about_reboots(const ClusterStatus& cluster, Warnings& out) {
  const RebootStatus& reboots = cluster.reboots;
  if (reboots.max == 0 || reboots.counted < reboots.max) return;
  out.push_back({Severity::warning, cluster.self.value,
                 fmt::format("has shut itself down or rebooted {} times in a row and does it no "
                             "more. To count anew: mainstay node recover {}",
                             reboots.counted, cluster.self)});
}

void about_paths(const NodeStatus& node, Warnings& out) {
  for (const auto& path : node.paths) {
    if (path.heard) continue;
    const std::string silence =
        path.ever_heard ? "silent for " + to_text(path.silence) : std::string("never heard");
    out.push_back({Severity::warning, "path " + path.path.value,
                   fmt::format("to {} ({} → {}) is {}", node.name, path.own_address,
                               path.peer_address, silence)});
  }
}

void about_node(const NodeStatus& node, Warnings& out) {
  const std::string name = node.name.value;
  if (node.phase == NodePhase::refused) {
    out.push_back({Severity::error, name,
                   "is kept out of the cluster: its configuration differs" + because(node.why)});
  }
  const bool heard = node.self || node.trust == Trust::alive || node.trust == Trust::suspect;
  if (heard && node.phase == NodePhase::isolated) {
    out.push_back({Severity::error, name,
                   fmt::format("is isolated and runs nothing{}. To let it in: mainstay node "
                               "recover {}",
                               node.self ? because(node.why) : "", name)});
  } else if (node.quarantined) {
    out.push_back({Severity::warning, name,
                   fmt::format("is quarantined: it was lost too often of late. To end it: mainstay "
                               "node recover {}",
                               name)});
  }
  if (heard && node.drained) {
    out.push_back(
        {Severity::warning, name, "is drained: a monitor of its own wants its groups elsewhere"});
  }
  if (node.self) return;
  if (node.trust == Trust::dead) {
    out.push_back({Severity::error, name, "is dead" + because(node.why)});
  } else if (node.trust == Trust::suspect) {
    out.push_back({Severity::warning, name, "is suspect" + because(node.why)});
  } else if (node.trust == Trust::unheard) {
    out.push_back({Severity::warning, name, "has not been heard since this node started"});
  } else if (node.trust == Trust::alive) {
    about_paths(node, out);
  }
}

void about_group(const GroupStatus& group, Warnings& out) {
  const std::string name = group.name.value;
  if (group.wanted_running && group.phase == GroupPhase::stopped) {
    out.push_back({Severity::error, name, "is not running" + because(group.waits_for)});
  } else if (!group.waits_for.empty()) {
    out.push_back({Severity::warning, name, "waits: " + group.waits_for});
  }
  if (group.double_runs > 0) {
    out.push_back({Severity::warning, name,
                   fmt::format("was active on two nodes at once, {} times since this daemon began; "
                               "see: mainstay events",
                               group.double_runs)});
  }
  for (const auto& node : group.unfit) {
    out.push_back({Severity::warning, name, "could not run on " + node.value + " of late"});
  }
  for (const auto& resource : group.resources) {
    if (resource.state != "failed") continue;
    out.push_back({Severity::error, resource.name.value, "has failed" + because(resource.why)});
  }
}

void about_monitor(const MonitorStatus& monitor, Warnings& out) {
  if (!monitor.scheduled || !monitor.ever_judged || monitor.verdict == Verdict::healthy) return;
  const bool bad = monitor.verdict == Verdict::unhealthy;
  const std::string number = monitor.number ? fmt::format(" ({})", monitor.number) : "";
  out.push_back({bad ? Severity::error : Severity::warning, monitor.name.value,
                 (bad ? "is not healthy" : "has no answer") + number + because(monitor.why)});
}

void about_mirror(const MirrorReport& mirror, Warnings& out) {
  const std::string& name = mirror.mirror.value;
  if (!mirror.status) {
    return out.push_back(
        {Severity::error, name, "its engine does not answer" + because(mirror.why)});
  }
  const MirrorStatus& status = *mirror.status;
  const auto copy = [&](CopyState state, const char* whose) {
    if (state == CopyState::up_to_date) return;
    const bool passing = state == CopyState::recovering || state == CopyState::unknown;
    out.push_back({passing ? Severity::warning : Severity::error, name,
                   fmt::format("{} copy is {}{}", whose, to_text(state), because(status.trouble))});
  };
  copy(status.own, "this node's");
  if (status.waiting_for_record) {
    out.push_back({Severity::error, name,
                   "nothing is written until the arbiter has answered: the other copy cannot be "
                   "reached"});
  }
  if (status.broken_off) {
    out.push_back({Severity::warning, name,
                   "was broken off by order; to let it recover: mainstay "
                   "mirror connect " +
                       name});
  } else if (!status.connected) {
    out.push_back({Severity::error, name, "its link is down" + because(status.trouble)});
  } else {
    copy(status.peer, "the other");
  }
}

}  // namespace

std::vector<Warning> warnings_of(const StatusReport& report) {
  const auto& cluster = report.cluster;
  Warnings out;
  about_permission(cluster, out);
  about_reachability(cluster, out);
  about_reboots(cluster, out);
  for (const auto& node : cluster.nodes) about_node(node, out);
  for (const auto& stop : cluster.forced_stops) about_forced_stop(stop, out);
  for (const auto& group : cluster.groups) about_group(group, out);
  for (const auto& monitor : cluster.monitors) about_monitor(monitor, out);
  for (const auto& mirror : report.daemon.mirrors) about_mirror(mirror, out);
  if (!cluster.start_wait.empty()) {
    out.push_back({Severity::warning, cluster.self.value,
                   "starts nothing yet: it waits for " + cluster.start_wait});
  }
  for (const auto& trouble : report.daemon.troubles) {
    out.push_back({Severity::warning, "mainstayd", trouble});
  }
  for (const auto& finding : report.daemon.doctor.findings) {
    if (finding.severity == Severity::information) continue;
    out.push_back({finding.severity, finding.check,
                   fmt::format("{}. Remedy: {}", finding.fact, finding.remedy)});
  }
  std::ranges::stable_sort(out, std::ranges::greater(), &Warning::severity);
  return out;
}

}  // namespace mainstay::api
