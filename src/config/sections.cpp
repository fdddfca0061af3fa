#include "config/sections.h"

namespace mainstay {
namespace {

const ChoiceNames<Switch> switch_names = {{"automatic", Switch::automatic},
                                          {"manual", Switch::manual}};
const ChoiceNames<FinalAction> final_action_names = {{"none", FinalAction::none},
                                                     {"stop_group", FinalAction::stop_group},
                                                     {"stop_service", FinalAction::stop_service},
                                                     {"shut_down", FinalAction::shut_down},
                                                     {"reboot", FinalAction::reboot}};

ChoiceNames<FinalAction> recovery_action_names() {
  auto names = final_action_names;
  names.emplace_back("drain", FinalAction::drain);
  return names;
}

}  // namespace

const std::vector<Field>& cluster_fields() {
  static const std::vector<Field> fields = {
      field(&ClusterConfig::name, "name")
          .help("Name of the cluster, the same on every node.")
          .required()
          .format(TextFormat::name),
      field(&ClusterConfig::key_file, "key_file")
          .help("File with the secret that the nodes of this cluster share.")
          .required()
          .format(TextFormat::path),
      field(&ClusterConfig::operation_timeout, "operation_timeout")
          .help("How long an operator's order or the stop of a node may take at most.")
          .range(1s, 24h),
  };
  return fields;
}

const std::vector<Field>& node_fields() {
  static const std::vector<Field> fields = {
      field(&NodeConfig::name, "name")
          .help("Name of the node. The order of the nodes is their priority.")
          .required()
          .format(TextFormat::name),
      field(&NodeConfig::instance, "instance")
          .help(
              "EC2 instance ID, for a forced stop. Found by the node's path addresses if left out.")
          .format(TextFormat::instance_id),
      field(&NodeConfig::zone, "zone")
          .help("Availability zone. Asked from the metadata service if left out.")
          .format(TextFormat::name),
  };
  return fields;
}

const std::vector<Field>& path_fields() {
  static const std::vector<Field> fields = {
      field(&PathConfig::name, "name")
          .help("Name of the path. The order of the paths is their priority.")
          .required()
          .format(TextFormat::name),
  };
  return fields;
}

const std::vector<Field>& ports_fields() {
  static const std::vector<Field> fields = {
      field(&Ports::heartbeat, "heartbeat").help("UDP port of the heartbeats.").range(1, 65535),
      field(&Ports::control, "control")
          .help("TCP port of the messages between nodes.")
          .range(1, 65535),
  };
  return fields;
}

const std::vector<Field>& timing_fields() {
  static const std::vector<Field> fields = {
      field(&Timing::heartbeat_interval, "heartbeat_interval")
          .help("How often a node says that it lives, on every path.")
          .range(10ms, 1min),
      field(&Timing::heartbeat_timeout, "heartbeat_timeout")
          .help("A peer that is silent on every path for this long is taken for dead.")
          .range(50ms, 1h),
      field(&Timing::suspect_after, "suspect_after")
          .help("A peer that is silent for this long is suspect: what a failover will need to know "
                "is asked ahead.")
          .range(10ms, 1h),
      field(&Timing::start_wait, "start_wait")
          .help("How long a starting node waits for all the others; 0 = not at all.")
          .range(0s, 24h),
      field(&Timing::isolation_deadline, "isolation_deadline")
          .help("How long a node that must stop has before its last action. The others wait as "
                "long before they trust that it did.")
          .range(100ms, 1h),
      field(&Timing::presumed_wait, "presumed_wait")
          .help("On `presumed` evidence, how much longer than the timeout the survivor waits, so "
                "that an isolated owner has stopped first.")
          .range(0s, 1h),
      field(&Timing::lease, "lease")
          .help("How long a session at the arbiter lasts without renewal.")
          .range(300ms, 1h),
      field(&Timing::lease_alone, "lease_alone")
          .help("The same for a node that is alone in the cluster.")
          .range(300ms, 24h),
      field(&Timing::stop_margin, "stop_margin")
          .help("How much before its lease a node's permission to run groups ends.")
          .range(50ms, 1h),
      field(&Timing::drift_bound, "drift_bound")
          .help("How much faster or slower than true time a node's clock may run, as a fraction.")
          .range(0.0, 0.2),
  };
  return fields;
}

const std::vector<Field>& group_fields() {
  static const std::vector<Field> fields = {
      field(&GroupConfig::name, "name")
          .help("Name of the failover group.")
          .required()
          .format(TextFormat::name),
      field(&GroupConfig::policy, "policy")
          .help("Failover policy: the nodes that may run the group, best first. All nodes in their "
                "order if left out.")
          .format(TextFormat::name),
      choice(&GroupConfig::start, "start", switch_names)
          .help("Whether the group starts with the cluster."),
      choice(&GroupConfig::failover, "failover", switch_names)
          .help("Whether the group moves by itself when its node fails."),
      choice(&GroupConfig::failback, "failback", switch_names)
          .help("Whether the group returns when a better node of its policy does."),
  };
  return fields;
}

const std::vector<Field>& resource_fields() {
  static const std::vector<Field> fields = {
      field(&ResourceConfig::name, "name")
          .help("Name of the resource, unique in the cluster.")
          .required()
          .format(TextFormat::name),
      field(&ResourceConfig::type, "type").help("One of the resource types.").required(),
      field(&ResourceConfig::depends_on, "depends_on")
          .help("Resources of the same group that are started before and stopped after this one.")
          .format(TextFormat::name),
      field(&ResourceConfig::activate_timeout, "activate_timeout")
          .help("How long an activation may take.")
          .range(100ms, 24h),
      field(&ResourceConfig::deactivate_timeout, "deactivate_timeout")
          .help("How long a deactivation may take.")
          .range(100ms, 24h),
      field(&ResourceConfig::activate_retries, "activate_retries")
          .help("How often a failed activation is tried again on the same node.")
          .range(0, 99),
      field(&ResourceConfig::deactivate_retries, "deactivate_retries")
          .help("How often a failed deactivation is tried again.")
          .range(0, 99),
      field(&ResourceConfig::retry_pause, "retry_pause")
          .help("The pause between two tries.")
          .range(0s, 1h),
      field(&ResourceConfig::failover_max, "failover_max")
          .help("How often a failed activation moves the group to another node.")
          .range(0, 99),
      choice(&ResourceConfig::activate_final, "activate_final", final_action_names)
          .help("What happens when retries and failovers of an activation are spent."),
      choice(&ResourceConfig::deactivate_final, "deactivate_final", final_action_names)
          .help("What happens when a deactivation fails for good."),
  };
  return fields;
}

const std::vector<Field>& monitor_fields() {
  static const std::vector<Field> fields = {
      field(&MonitorConfig::name, "name")
          .help("Name of the monitor, unique in the cluster.")
          .required()
          .format(TextFormat::name),
      field(&MonitorConfig::type, "type").help("One of the monitor types.").required(),
      field(&MonitorConfig::checks, "checks")
          .help("For the monitor of a resource: the resource.")
          .format(TextFormat::name),
      choice<MonitorConfig, MonitorTiming>(
          &MonitorConfig::timing, "timing",
          {{"always", MonitorTiming::always}, {"active", MonitorTiming::active}})
          .help("`active`: only while the resource `active_with` runs on the node."),
      field(&MonitorConfig::active_with, "active_with")
          .help("The resource that decides when an `active` monitor runs.")
          .format(TextFormat::name),
      field(&MonitorConfig::interval, "interval").help("How often it looks.").range(100ms, 24h),
      field(&MonitorConfig::timeout, "timeout")
          .help("How long one look may take.")
          .range(10ms, 24h),
      field(&MonitorConfig::retries, "retries")
          .help("How many further bad answers in a row it takes until the first counts.")
          .range(0, 999),
      field(&MonitorConfig::start_wait, "start_wait")
          .help("How long it waits before the first look.")
          .range(0s, 24h),
      choice<MonitorConfig, UnknownAction>(&MonitorConfig::on_unknown, "on_unknown",
                                           {{"none", UnknownAction::none},
                                            {"warn", UnknownAction::warn},
                                            {"recover", UnknownAction::recover}})
          .help("What no answer at all (from AWS, say) counts as: nothing, a warning, or an error "
                "that is recovered from."),
  };
  return fields;
}

const std::vector<Field>& recovery_fields() {
  static const std::vector<Field> fields = {
      field(&RecoveryConfig::restart_max, "restart_max")
          .help("How often the target is restarted first.")
          .range(0, 99),
      field(&RecoveryConfig::failover_max, "failover_max")
          .help("How often the target's group then moves to another node.")
          .range(0, 99),
      choice(&RecoveryConfig::final_action, "final_action", recovery_action_names())
          .help("What happens when both are spent."),
  };
  return fields;
}

}  // namespace mainstay
