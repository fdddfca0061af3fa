#include "api/metrics.h"

#include <iterator>

#include <fmt/format.h>

namespace mainstay::api {
namespace {

// Label values are quoted; backslash, quote and newline are escaped.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

class MetricsText {
 public:
  void family(std::string_view name, std::string_view kind, std::string_view help) {
    add("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
  }
  void value(std::string_view name, std::uint64_t value) { add("{} {}\n", name, value); }
  void labelled(std::string_view name, std::string_view label, std::string_view of,
                std::uint64_t value) {
    add("{}{{{}=\"{}\"}} {}\n", name, label, escaped(of), value);
  }
  void quantile(std::string_view name, std::string_view mirror, std::string_view of,
                std::string_view which, std::uint64_t value) {
    add("{}{{mirror=\"{}\",of=\"{}\",quantile=\"{}\"}} {}\n", name, escaped(mirror), escaped(of),
        which, value);
  }
  // One line per possible state, 1 for the one that holds.
  template <class E>
  void state(std::string_view name, std::string_view label, std::string_view of, E last, E now) {
    for (int i = 0; i <= static_cast<int>(last); ++i) {
      const E each = static_cast<E>(i);
      add("{}{{{}=\"{}\",state=\"{}\"}} {}\n", name, label, escaped(of), to_text(each),
          each == now ? 1 : 0);
    }
  }
  std::string take() { return std::move(text_); }

 private:
  template <class... Parts>
  void add(fmt::format_string<Parts...> format, Parts&&... parts) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Parts>(parts)...);
  }

  std::string text_;
};

void add_nodes(const ClusterStatus& cluster, MetricsText& out) {
  out.family("mainstay_node_trust", "gauge", "This node's opinion of each node; 1 for what holds.");
  for (const auto& node : cluster.nodes) {
    out.state("mainstay_node_trust", "node", node.name.value, Trust::resigned, node.trust);
  }
  out.family("mainstay_paths_heard", "gauge", "Paths on which a peer is heard.");
  for (const auto& node : cluster.nodes) {
    if (node.self) continue;
    const auto heard = std::ranges::count_if(node.paths, &PathStatus::heard);
    out.labelled("mainstay_paths_heard", "node", node.name.value,
                 static_cast<std::uint64_t>(heard));
  }
}

void add_groups(const ClusterStatus& cluster, MetricsText& out) {
  out.family("mainstay_group_phase", "gauge", "The phase of each group; 1 for the one it is in.");
  for (const auto& group : cluster.groups) {
    out.state("mainstay_group_phase", "group", group.name.value, GroupPhase::stopping, group.phase);
  }
  out.family("mainstay_group_owned", "gauge", "1 if this node owns the group.");
  for (const auto& group : cluster.groups) {
    out.labelled("mainstay_group_owned", "group", group.name.value,
                 group.owner == cluster.self ? 1 : 0);
  }
  out.family("mainstay_group_term", "gauge", "The number of the group's activation.");
  for (const auto& group : cluster.groups) {
    out.labelled("mainstay_group_term", "group", group.name.value, group.term);
  }
}

void add_returning(const ClusterStatus& cluster, MetricsText& out) {
  out.family("mainstay_node_quarantined", "gauge", "1 for a node that was lost too often of late.");
  for (const auto& node : cluster.nodes) {
    out.labelled("mainstay_node_quarantined", "node", node.name.value, node.quarantined ? 1 : 0);
  }
  out.family("mainstay_node_drained", "gauge", "1 for a node that hands over what it has.");
  for (const auto& node : cluster.nodes) {
    out.labelled("mainstay_node_drained", "node", node.name.value, node.drained ? 1 : 0);
  }
  out.family("mainstay_node_isolated", "gauge", "1 for a node that waits to be let in.");
  for (const auto& node : cluster.nodes) {
    out.labelled("mainstay_node_isolated", "node", node.name.value,
                 node.phase == NodePhase::isolated ? 1 : 0);
  }
  out.family("mainstay_reboots", "gauge",
             "Shutdowns and reboots of this node's own doing, in a row.");
  out.value("mainstay_reboots", static_cast<std::uint64_t>(cluster.reboots.counted));
  out.family("mainstay_double_runs_total", "counter",
             "How often this node saw the group active on two nodes at once.");
  for (const auto& group : cluster.groups) {
    out.labelled("mainstay_double_runs_total", "group", group.name.value, group.double_runs);
  }
}

void add_monitors(const ClusterStatus& cluster, MetricsText& out) {
  out.family("mainstay_monitor_verdict", "gauge", "Monitors that run on this node.");
  for (const auto& monitor : cluster.monitors) {
    if (!monitor.scheduled) continue;
    out.state("mainstay_monitor_verdict", "monitor", monitor.name.value, Verdict::unknown,
              monitor.verdict);
  }
}

// Of those mirrors whose engine answers.
std::vector<MirrorStatus> mirrors_of(const StatusReport& report) {
  std::vector<MirrorStatus> found;
  for (const auto& mirror : report.daemon.mirrors) {
    if (mirror.status) found.push_back(*mirror.status);
  }
  return found;
}

void add_latencies(const std::vector<MirrorStatus>& mirrors, MetricsText& out) {
  out.family("mainstay_mirror_latency_microseconds", "gauge",
             "How long the mirror's parts take: 50th and 99th percentile, and the longest.");
  for (const auto& mirror : mirrors) {
    for (const auto& [what, latency] : mirror.latencies) {
      for (const auto& [which, value] :
           {std::pair{"0.5", latency.p50_us}, std::pair{"0.99", latency.p99_us},
            std::pair{"1", latency.max_us}}) {
        out.quantile("mainstay_mirror_latency_microseconds", mirror.name, what, which, value);
      }
    }
  }
}

void add_mirrors(const StatusReport& report, MetricsText& out) {
  const auto mirrors = mirrors_of(report);
  if (report.daemon.mirrors.empty()) return;
  out.family("mainstay_mirror_engine_answers", "gauge", "1 if the mirror's engine answers.");
  for (const auto& mirror : report.daemon.mirrors) {
    out.labelled("mainstay_mirror_engine_answers", "mirror", mirror.mirror.value,
                 mirror.status ? 1 : 0);
  }
  out.family("mainstay_mirror_own_copy", "gauge", "The state of this node's copy.");
  for (const auto& each : mirrors) {
    out.state("mainstay_mirror_own_copy", "mirror", each.name, CopyState::failed, each.own);
  }
  out.family("mainstay_mirror_peer_copy", "gauge", "The state of the other copy.");
  for (const auto& each : mirrors) {
    out.state("mainstay_mirror_peer_copy", "mirror", each.name, CopyState::failed, each.peer);
  }
  const auto number = [&](const char* name, const char* help, auto value) {
    out.family(name, "gauge", help);
    for (const auto& each : mirrors) {
      out.labelled(name, "mirror", each.name, static_cast<std::uint64_t>(value(each)));
    }
  };
  number("mainstay_mirror_primary", "1 if the mirror is used on this node.",
         [](const MirrorStatus& each) { return each.role == MirrorRole::primary ? 1 : 0; });
  number("mainstay_mirror_connected", "1 if the copies are linked.",
         [](const MirrorStatus& each) { return each.connected ? 1 : 0; });
  number("mainstay_mirror_dirty_bytes", "What the copies are known to differ in.",
         [](const MirrorStatus& each) { return each.dirty_bytes; });
  number("mainstay_mirror_resync_bytes_per_second", "The rate of the recovery that runs.",
         [](const MirrorStatus& each) { return each.resync_rate; });
  number("mainstay_mirror_queue", "Requests under way.",
         [](const MirrorStatus& each) { return each.queue; });
  add_latencies(mirrors, out);
}

void add_doctor(const DoctorStatus& doctor, MetricsText& out) {
  if (!doctor.looked) return;
  out.family("mainstay_doctor_findings", "gauge",
             "What a failover will need and is not there; information: could not be asked.");
  for (const Severity severity : {Severity::information, Severity::warning, Severity::error}) {
    const auto count = std::ranges::count(doctor.findings, severity, &DoctorFinding::severity);
    out.labelled("mainstay_doctor_findings", "severity", to_text(severity),
                 static_cast<std::uint64_t>(count));
  }
}

void add_counter(const Counter& counter, MetricsText& out) {
  out.family(counter.name, "counter", counter.help);
  for (const auto& [key, value] : counter.values) {
    if (counter.label.empty()) {
      out.value(counter.name, value);
    } else {
      out.labelled(counter.name, counter.label, key, value);
    }
  }
}

}  // namespace

std::string metrics_text(const StatusReport& report) {
  MetricsText out;
  out.family("mainstay_permission_held", "gauge", "1 if this node may run groups now.");
  out.value("mainstay_permission_held", report.cluster.permission.held ? 1 : 0);
  add_nodes(report.cluster, out);
  add_groups(report.cluster, out);
  add_monitors(report.cluster, out);
  add_returning(report.cluster, out);
  add_mirrors(report, out);
  add_doctor(report.daemon.doctor, out);
  for (const auto& counter : report.daemon.counters) add_counter(counter, out);
  return out.take();
}

}  // namespace mainstay::api
