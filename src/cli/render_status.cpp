// `mainstay status`: what needs attention first, then the tables.
#include <algorithm>

#include <fmt/format.h>

#include "api/warnings.h"
#include "cli/render.h"

namespace mainstay::cli {
namespace {

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

Colour colour_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return Colour::red;
    case Severity::warning:
      return Colour::yellow;
    case Severity::information:
      return Colour::none;
  }
  return Colour::none;
}

Colour colour_of(Trust trust) {
  switch (trust) {
    case Trust::alive:
      return Colour::green;
    case Trust::dead:
      return Colour::red;
    case Trust::suspect:
    case Trust::unheard:
      return Colour::yellow;
    case Trust::resigned:
      return Colour::none;
  }
  return Colour::none;
}

Colour colour_of(GroupPhase phase) {
  return phase == GroupPhase::running ? Colour::green : Colour::yellow;
}

Colour colour_of(Verdict verdict) {
  if (verdict == Verdict::healthy) return Colour::green;
  return verdict == Verdict::unhealthy ? Colour::red : Colour::yellow;
}

std::string render_warnings(const api::StatusReport& report, const Style& style) {
  std::string out;
  for (const auto& warning : api::warnings_of(report)) {
    const std::string line =
        fmt::format("{:<8} {}: {}", to_text(warning.severity), warning.subject, warning.text);
    out += "  " + style.paint(line, colour_of(warning.severity)) + "\n";
  }
  if (out.empty()) return "  " + style.paint("Nothing needs attention.", Colour::green) + "\n";
  return style.paint("ATTENTION", Colour::bold) + "\n" + out;
}

std::string paths_text(const NodeStatus& node) {
  std::string text;
  for (const auto& path : node.paths) {
    const std::string state = path.heard        ? "ok"
                              : path.ever_heard ? "silent " + to_text(path.silence)
                                                : std::string("never heard");
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", path.path, state);
  }
  return text;
}

std::string node_note(const NodeStatus& node) {
  std::string note = node.self ? "this node" : "";
  if (node.drained) note += note.empty() ? "drained" : ", drained";
  if (node.quarantined) note += note.empty() ? "quarantined" : ", quarantined";
  if (node.coordinator) note += note.empty() ? "coordinator" : ", coordinator";
  return note;
}

std::string render_nodes(const ClusterStatus& cluster, const Style& style) {
  Table table({"NODE", "TRUST", "PHASE", "PATHS", "NOTE"});
  for (const auto& node : cluster.nodes) {
    // What a node that is not heard last said of itself is not its phase now.
    const bool heard = node.self || node.trust == Trust::alive || node.trust == Trust::suspect;
    table.add({node.name.value, Cell(std::string(to_text(node.trust)), colour_of(node.trust)),
               heard ? std::string(to_text(node.phase)) : "-", or_dash(paths_text(node)),
               node_note(node)});
  }
  return table.text(style);
}

std::string group_note(const GroupStatus& group) {
  if (!group.wanted_running) return "stopped by order";
  if (!group.waits_for.empty()) return "waits: " + group.waits_for;
  if (!group.wanted.empty() && group.wanted != group.owner) return "goes to " + group.wanted.value;
  return "";
}

std::string render_groups(const ClusterStatus& cluster, const Style& style) {
  Table table({"GROUP", "PHASE", "NODE", "TERM", "NOTE"});
  for (const auto& group : cluster.groups) {
    const bool at_rest = group.phase == GroupPhase::stopped && !group.wanted_running;
    table.add(
        {group.name.value,
         Cell(std::string(to_text(group.phase)), at_rest ? Colour::none : colour_of(group.phase)),
         or_dash(group.owner.value), std::to_string(group.term), group_note(group)});
  }
  return table.text(style);
}

std::string render_resources(const ClusterStatus& cluster, const Style& style) {
  Table table({"RESOURCE", "GROUP", "TYPE", "STATE", "NOTE"});
  for (const auto& group : cluster.groups) {
    for (const auto& resource : group.resources) {
      if (resource.state.empty()) continue;
      const Colour colour = resource.state == "active"   ? Colour::green
                            : resource.state == "failed" ? Colour::red
                                                         : Colour::none;
      table.add({resource.name.value, group.name.value, resource.type, Cell(resource.state, colour),
                 resource.why});
    }
  }
  return table.has_rows() ? "\n" + table.text(style) : "";
}

std::string monitor_note(const MonitorStatus& monitor) {
  std::string note = monitor.verdict == Verdict::healthy ? "" : monitor.why;
  if (monitor.restarts_spent + monitor.failovers_spent == 0) return note;
  return fmt::format("{}{}{} restarts, {} failovers spent", note, note.empty() ? "" : "; ",
                     monitor.restarts_spent, monitor.failovers_spent);
}

std::string render_monitors(const ClusterStatus& cluster, const Style& style) {
  Table table({"MONITOR", "TYPE", "HEALTH", "NOTE"});
  for (const auto& monitor : cluster.monitors) {
    if (!monitor.scheduled) {
      table.add({monitor.name.value, monitor.type, "-", "does not run here now"});
    } else if (!monitor.ever_judged) {
      table.add({monitor.name.value, monitor.type, "-", "not judged yet"});
    } else {
      table.add({monitor.name.value, monitor.type,
                 Cell(std::string(to_text(monitor.verdict)), colour_of(monitor.verdict)),
                 monitor_note(monitor)});
    }
  }
  return table.has_rows() ? "\n" + table.text(style) : "";
}

std::string render_permission(const ClusterStatus& cluster) {
  const auto& permission = cluster.permission;
  const std::string left =
      permission.left ? ", for another " + to_text(*permission.left) + " unless renewed" : "";
  std::string out = fmt::format("\nPermission to run groups: {} ({}{})\n",
                                permission.held ? "held" : "NOT HELD", permission.basis, left);
  if (cluster.reachability != Reachability::unknown || !cluster.reachability_why.empty()) {
    out +=
        fmt::format("Reachability check: {}{}\n", to_text(cluster.reachability),
                    cluster.reachability_why.empty() ? "" : " (" + cluster.reachability_why + ")");
  }
  return out;
}

std::string render_arbitration(const ClusterStatus& cluster, const Style& style) {
  Table checks({"REACHABILITY", "ANSWER", "FOR", "NOTE"});
  for (const auto& check : cluster.reachability_checks) {
    const Colour colour = check.verdict == Reachability::reachable ? Colour::green : Colour::yellow;
    checks.add({check.name, Cell(std::string(to_text(check.verdict)), colour), to_text(check.lasts),
                check.why});
  }
  Table stops({"FORCED STOP OF", "STATE", "FOR", "NOTE"});
  for (const auto& stop : cluster.forced_stops) {
    stops.add({stop.node.value,
               Cell(std::string(forced_stop_word(stop.verdict)), colour_of(stop.verdict)),
               to_text(stop.lasts), stop.why});
  }
  return (checks.has_rows() ? "\n" + checks.text(style) : "") +
         (stops.has_rows() ? "\n" + stops.text(style) : "");
}

}  // namespace

std::string render_status(const api::StatusReport& report, const Style& style) {
  const auto& cluster = report.cluster;
  const std::string title = fmt::format("Cluster {}, as {} sees it at {}", cluster.cluster,
                                        cluster.self, to_text(report.daemon.now));
  return style.paint(title, Colour::bold) + "\n\n" + render_warnings(report, style) + "\n" +
         render_nodes(cluster, style) + "\n" + render_groups(cluster, style) +
         render_resources(cluster, style) + render_monitors(cluster, style) +
         render_permission(cluster) + render_arbitration(cluster, style);
}

}  // namespace mainstay::cli
