// The status document of the API. Its fields are documented in docs/api.md and are only ever added
// to.
#include <charconv>

#include <fmt/format.h>

#include "api/json.h"
#include "api/json_fields.h"
#include "api/mirror_json.h"
#include "api/warnings.h"

namespace mainstay::api {
namespace {

template <class Tag>
Json json_of(const std::vector<Name<Tag>>& names) {
  Json list = Json::array();
  for (const auto& name : names) list.push_back(name.value);
  return list;
}

template <class Element, class Make>
Json list_of(const std::vector<Element>& elements, Make make) {
  Json list = Json::array();
  for (const auto& element : elements) list.push_back(make(element));
  return list;
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

Json path_json(const PathStatus& path) {
  return {{"name", path.path.value},           {"own_address", path.own_address},
          {"peer_address", path.peer_address}, {"heard", path.heard},
          {"ever_heard", path.ever_heard},     {"silence_ms", milliseconds(path.silence)}};
}

Json node_json(const NodeStatus& node) {
  return {{"name", node.name.value},
          {"self", node.self},
          {"coordinator", node.coordinator},
          {"phase", to_text(node.phase)},
          {"trust", to_text(node.trust)},
          {"quarantined", node.quarantined},
          {"drained", node.drained},
          {"warning", node.warning},
          {"why", node.why},
          {"incarnation", node.incarnation},
          {"paths", list_of(node.paths, path_json)}};
}

Json resource_json(const ResourceStatus& resource) {
  return {{"name", resource.name.value},
          {"type", resource.type},
          {"state", resource.state},
          {"why", resource.why}};
}

Json group_json(const GroupStatus& group) {
  return {{"name", group.name.value},
          {"owner", group.owner.value},
          {"phase", to_text(group.phase)},
          {"term", group.term},
          {"wanted_running", group.wanted_running},
          {"wanted", group.wanted.value},
          {"unfit", json_of(group.unfit)},
          {"waits_for", group.waits_for},
          {"double_runs", group.double_runs},
          {"resources", list_of(group.resources, resource_json)}};
}

Json monitor_json(const MonitorStatus& monitor) {
  return {{"name", monitor.name.value},
          {"type", monitor.type},
          {"scheduled", monitor.scheduled},
          {"verdict", to_text(monitor.verdict)},
          {"ever_judged", monitor.ever_judged},
          {"number", monitor.number},
          {"why", monitor.why},
          {"bad_in_a_row", monitor.bad_in_a_row},
          {"restarts_spent", monitor.restarts_spent},
          {"failovers_spent", monitor.failovers_spent}};
}

Json permission_json(const PermissionStatus& permission) {
  const Json left = permission.left ? Json(milliseconds(*permission.left)) : Json();
  return {{"held", permission.held}, {"basis", permission.basis}, {"left_ms", left}};
}

Json reachability_json(const ClusterStatus& cluster) {
  Json checks = list_of(cluster.reachability_checks, [](const ReachabilityCheckStatus& check) {
    return Json{{"name", check.name},
                {"verdict", to_text(check.verdict)},
                {"for_ms", milliseconds(check.lasts)},
                {"why", check.why}};
  });
  return {{"verdict", to_text(cluster.reachability)},
          {"why", cluster.reachability_why},
          {"checks", std::move(checks)}};
}

Json forced_stop_json(const ForcedStopStatus& stop) {
  return {{"node", stop.node.value},
          {"state", forced_stop_word(stop.verdict)},
          {"for_ms", milliseconds(stop.lasts)},
          {"why", stop.why}};
}

Json shutdown_json(const ShutdownStatus& shutdown) {
  return {{"groups", to_text(shutdown.policy.groups)},
          {"timeout_ms", milliseconds(shutdown.policy.timeout)},
          {"own", shutdown.own}};
}

Json warning_json(const Warning& warning) {
  return {{"severity", to_text(warning.severity)},
          {"subject", warning.subject},
          {"text", warning.text}};
}

Json counter_json(const Counter& counter) {
  return {{"name", counter.name},
          {"help", counter.help},
          {"label", counter.label},
          {"values", counter.values}};
}

Json finding_json(const DoctorFinding& finding) {
  return {{"severity", to_text(finding.severity)},
          {"check", finding.check},
          {"fact", finding.fact},
          {"why", finding.why},
          {"remedy", finding.remedy}};
}

Json doctor_json(const DoctorStatus& doctor) {
  return {{"looked", doctor.looked ? Json(to_text(*doctor.looked)) : Json(nullptr)},
          {"findings", list_of(doctor.findings, finding_json)}};
}

Json daemon_json(const DaemonStatus& daemon) {
  return {{"version", daemon.version},
          {"pid", daemon.pid},
          {"started", to_text(daemon.started)},
          {"troubles", daemon.troubles},
          {"doctor", doctor_json(daemon.doctor)},
          {"counters", list_of(daemon.counters, counter_json)},
          {"mirrors", list_of(daemon.mirrors, mirror_json)}};
}

PathStatus path_of(const Json& json) {
  PathStatus path;
  take(json, "name", path.path.value);
  take(json, "own_address", path.own_address);
  take(json, "peer_address", path.peer_address);
  take(json, "heard", path.heard);
  take(json, "ever_heard", path.ever_heard);
  std::int64_t silence = 0;
  take(json, "silence_ms", silence);
  path.silence = std::chrono::milliseconds(silence);
  return path;
}

NodeStatus node_of(const Json& json) {
  NodeStatus node;
  take(json, "name", node.name.value);
  take(json, "self", node.self);
  take(json, "coordinator", node.coordinator);
  take_word(json, "phase", NodePhase::isolated, node.phase);
  take_word(json, "trust", Trust::resigned, node.trust);
  take(json, "quarantined", node.quarantined);
  take(json, "drained", node.drained);
  take(json, "warning", node.warning);
  take(json, "why", node.why);
  take(json, "incarnation", node.incarnation);
  for (const auto& path : list_field(json, "paths")) node.paths.push_back(path_of(path));
  return node;
}

GroupStatus group_of(const Json& json) {
  GroupStatus group;
  take(json, "name", group.name.value);
  take(json, "owner", group.owner.value);
  take_word(json, "phase", GroupPhase::stopping, group.phase);
  take(json, "term", group.term);
  take(json, "wanted_running", group.wanted_running);
  take(json, "wanted", group.wanted.value);
  for (const auto& name : list_field(json, "unfit")) {
    if (name.is_string()) group.unfit.emplace_back(name.get<std::string>());
  }
  take(json, "waits_for", group.waits_for);
  take(json, "double_runs", group.double_runs);
  for (const auto& element : list_field(json, "resources")) {
    ResourceStatus resource;
    take(element, "name", resource.name.value);
    take(element, "type", resource.type);
    take(element, "state", resource.state);
    take(element, "why", resource.why);
    group.resources.push_back(std::move(resource));
  }
  return group;
}

MonitorStatus monitor_of(const Json& json) {
  MonitorStatus monitor;
  take(json, "name", monitor.name.value);
  take(json, "type", monitor.type);
  take(json, "scheduled", monitor.scheduled);
  take_word(json, "verdict", Verdict::unknown, monitor.verdict);
  take(json, "ever_judged", monitor.ever_judged);
  take(json, "number", monitor.number);
  take(json, "why", monitor.why);
  take(json, "bad_in_a_row", monitor.bad_in_a_row);
  take(json, "restarts_spent", monitor.restarts_spent);
  take(json, "failovers_spent", monitor.failovers_spent);
  return monitor;
}

PermissionStatus permission_of(const Json& json) {
  PermissionStatus permission;
  take(json, "held", permission.held);
  take(json, "basis", permission.basis);
  if (const Json* left = field(json, "left_ms"); left && left->is_number()) {
    permission.left = std::chrono::milliseconds(left->get<std::int64_t>());
  }
  return permission;
}

ReachabilityCheckStatus reachability_check_of(const Json& json) {
  ReachabilityCheckStatus check;
  take(json, "name", check.name);
  take_word(json, "verdict", Reachability::unknown, check.verdict);
  std::int64_t lasts = 0;
  take(json, "for_ms", lasts);
  check.lasts = std::chrono::milliseconds(lasts);
  take(json, "why", check.why);
  return check;
}

ForcedStopStatus forced_stop_of(const Json& json) {
  ForcedStopStatus stop;
  take(json, "node", stop.node.value);
  const std::string word = text_field(json, "state");
  for (const Verdict verdict : {Verdict::healthy, Verdict::unhealthy}) {
    if (word == forced_stop_word(verdict)) stop.verdict = verdict;
  }
  std::int64_t lasts = 0;
  take(json, "for_ms", lasts);
  stop.lasts = std::chrono::milliseconds(lasts);
  take(json, "why", stop.why);
  return stop;
}

ShutdownStatus shutdown_of(const Json& json) {
  ShutdownStatus shutdown;
  take_word(json, "groups", ShutdownGroups::stop, shutdown.policy.groups);
  std::int64_t timeout = milliseconds(shutdown.policy.timeout);
  take(json, "timeout_ms", timeout);
  shutdown.policy.timeout = std::chrono::milliseconds(timeout);
  take(json, "own", shutdown.own);
  return shutdown;
}

Counter counter_of(const Json& json) {
  Counter counter;
  take(json, "name", counter.name);
  take(json, "help", counter.help);
  take(json, "label", counter.label);
  if (const Json* values = field(json, "values"); values && values->is_object()) {
    for (const auto& [key, value] : values->items()) {
      if (value.is_number()) counter.values[key] = value.get<std::uint64_t>();
    }
  }
  return counter;
}

DoctorFinding finding_of(const Json& json) {
  DoctorFinding finding;
  take_word(json, "severity", Severity::error, finding.severity);
  take(json, "check", finding.check);
  take(json, "fact", finding.fact);
  take(json, "why", finding.why);
  take(json, "remedy", finding.remedy);
  return finding;
}

DoctorStatus doctor_of(const Json& json) {
  DoctorStatus doctor;
  if (const auto looked = time_from_text(text_field(json, "looked"))) doctor.looked = *looked;
  for (const auto& finding : list_field(json, "findings")) {
    doctor.findings.push_back(finding_of(finding));
  }
  return doctor;
}

DaemonStatus daemon_of(const Json& json) {
  DaemonStatus daemon;
  take(json, "version", daemon.version);
  take(json, "pid", daemon.pid);
  daemon.started = time_from_text(text_field(json, "started")).value_or(WallTime{});
  take(json, "troubles", daemon.troubles);
  for (const auto& counter : list_field(json, "counters")) {
    daemon.counters.push_back(counter_of(counter));
  }
  for (const auto& mirror : list_field(json, "mirrors")) {
    daemon.mirrors.push_back(mirror_of(mirror));
  }
  if (const Json* doctor = field(json, "doctor")) daemon.doctor = doctor_of(*doctor);
  return daemon;
}

std::uint64_t number_from_hex(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return number;
}

}  // namespace

std::string to_json(const ShutdownStatus& shutdown) { return text_of(shutdown_json(shutdown)); }

std::string to_json(const StatusReport& report) {
  const auto& cluster = report.cluster;
  return text_of({{"cluster", cluster.cluster},
                  {"self", cluster.self.value},
                  {"time", to_text(report.daemon.now)},
                  {"monotonic_ns", report.daemon.monotonic_ns},
                  {"config_digest", fmt::format("{:016x}", cluster.config_digest)},
                  {"coordinator", cluster.coordinator.value},
                  {"start_wait", cluster.start_wait},
                  {"shutdown", shutdown_json(cluster.shutdown)},
                  {"reboots", {{"counted", cluster.reboots.counted}, {"max", cluster.reboots.max}}},
                  {"permission", permission_json(cluster.permission)},
                  {"reachability", reachability_json(cluster)},
                  {"forced_stop", list_of(cluster.forced_stops, forced_stop_json)},
                  {"nodes", list_of(cluster.nodes, node_json)},
                  {"groups", list_of(cluster.groups, group_json)},
                  {"monitors", list_of(cluster.monitors, monitor_json)},
                  {"warnings", list_of(warnings_of(report), warning_json)},
                  {"last_event", report.daemon.last_event},
                  {"daemon", daemon_json(report.daemon)}});
}

Result<StatusReport> status_from_json(std::string_view text) {
  const auto json = parse(text);
  if (!json) return std::unexpected(json.error());
  StatusReport report;
  auto& cluster = report.cluster;
  if (const Json* daemon = field(*json, "daemon")) report.daemon = daemon_of(*daemon);
  report.daemon.now = time_from_text(text_field(*json, "time")).value_or(WallTime{});
  take(*json, "monotonic_ns", report.daemon.monotonic_ns);
  take(*json, "last_event", report.daemon.last_event);
  take(*json, "cluster", cluster.cluster);
  take(*json, "self", cluster.self.value);
  cluster.config_digest = number_from_hex(text_field(*json, "config_digest"));
  take(*json, "coordinator", cluster.coordinator.value);
  take(*json, "start_wait", cluster.start_wait);
  if (const Json* shutdown = field(*json, "shutdown")) cluster.shutdown = shutdown_of(*shutdown);
  if (const Json* reboots = field(*json, "reboots")) {
    take(*reboots, "counted", cluster.reboots.counted);
    take(*reboots, "max", cluster.reboots.max);
  }
  if (const Json* permission = field(*json, "permission")) {
    cluster.permission = permission_of(*permission);
  }
  if (const Json* reachability = field(*json, "reachability")) {
    take_word(*reachability, "verdict", Reachability::unknown, cluster.reachability);
    take(*reachability, "why", cluster.reachability_why);
    for (const auto& one : list_field(*reachability, "checks")) {
      cluster.reachability_checks.push_back(reachability_check_of(one));
    }
  }
  for (const auto& one : list_field(*json, "forced_stop")) {
    cluster.forced_stops.push_back(forced_stop_of(one));
  }
  for (const auto& node : list_field(*json, "nodes")) cluster.nodes.push_back(node_of(node));
  for (const auto& group : list_field(*json, "groups")) cluster.groups.push_back(group_of(group));
  for (const auto& one : list_field(*json, "monitors")) cluster.monitors.push_back(monitor_of(one));
  return report;
}

}  // namespace mainstay::api
