#include "config/api_budget.h"

#include "config/iam_policy.h"

namespace mainstay {
namespace {

double per_minute(Duration interval) {
  return std::chrono::duration<double>(1min) / std::chrono::duration<double>(interval);
}

void add_resource(const ClusterConfig& config, const ResourceConfig& resource,
                  const TypeSchema& type, ApiBudget& budget) {
  double looks = 0;
  for (const MonitorConfig& monitor : config.monitors) {
    if (monitor.checks == resource.name) looks += per_minute(monitor.interval);
  }
  for (const ApiUse& use : type.api_uses) {
    if (use.per_activation == 0 && use.per_check == 0) continue;
    ApiLoad& load = budget[use.action];
    load.per_minute += looks * use.per_check;
    load.at_failover += use.per_activation;
  }
}

// A monitor that is no resource's check runs on all its nodes at once.
void add_monitor(const MonitorConfig& monitor, const TypeSchema& type, ApiBudget& budget) {
  const double looks = per_minute(monitor.interval) * static_cast<double>(monitor.params.size());
  for (const ApiUse& use : type.api_uses) budget[use.action].per_minute += looks * use.per_check;
}

// Each node asks whether it could stop each other one: with DryRun, and for the instance.
void add_forced_stop(const ClusterConfig& config, ApiBudget& budget) {
  const ForcedStopConfig& stop = config.arbitration.forced_stop;
  if (stop.kind != ForcedStopKind::ec2) return;
  const auto nodes = static_cast<double>(config.nodes.size());
  const double checks = per_minute(stop.check_interval) * nodes * (nodes - 1);
  budget["ec2:DescribeInstances"].per_minute += checks;
  budget["ec2:StopInstances"].per_minute += checks;
  // Stop it, and see that it is stopped: the first reading may be the past.
  budget["ec2:DescribeInstances"].at_failover += 2;
  budget["ec2:StopInstances"].at_failover += 1;
  if (config.arbitration.arbiter.kind == ArbiterKind::none) {
    budget["ec2:ModifyInstanceAttribute"].at_failover += 2;  // protects itself, and no longer
  }
  if (stop.action != ForcedStopAction::reboot) return;
  budget["ec2:StartInstances"].per_minute += checks;
  budget["ec2:StartInstances"].at_failover += 1;
}

// What each node's doctor tries out on each other node, and on itself.
void add_trials(const ClusterConfig& config, double looks, ApiBudget& budget) {
  const ArbitrationConfig& arbitration = config.arbitration;
  if (arbitration.forced_stop.kind != ForcedStopKind::ec2) return;
  const auto nodes = static_cast<double>(config.nodes.size());
  budget["ec2:StopInstances"].per_minute += looks * nodes * (nodes - 1);
  if (arbitration.forced_stop.action == ForcedStopAction::reboot) {
    budget["ec2:StartInstances"].per_minute += looks * nodes * (nodes - 1);
  }
  if (arbitration.arbiter.kind == ArbiterKind::none) {
    budget["ec2:ModifyInstanceAttribute"].per_minute += looks * nodes;
  }
}

// What each node's doctor asks of each resource, and of the paths.
void add_doctor(const ClusterConfig& config, const Catalog& catalog, ApiBudget& budget) {
  if (!config.aws.doctor || !asks_aws_to_fail_over(config, catalog)) return;
  const double looks = per_minute(config.aws.doctor_interval);
  const auto nodes = static_cast<double>(config.nodes.size());
  const auto paths = static_cast<double>(config.paths.size());
  budget["ec2:DescribeNetworkInterfaces"].per_minute += looks * nodes * nodes * paths;
  budget["ec2:DescribeSecurityGroups"].per_minute += looks * nodes;
  add_trials(config, looks, budget);
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      const TypeSchema* type = find_type(catalog.resources, resource.type);
      if (type == nullptr) continue;
      const auto homes = static_cast<double>(resource.params.size());
      for (const ApiUse& use : type->api_uses) {
        if (use.per_examination == 0) continue;
        budget[use.action].per_minute += looks * homes * use.per_examination;
      }
    }
  }
}

}  // namespace

ApiBudget api_budget(const ClusterConfig& config, const Catalog& catalog) {
  ApiBudget budget;
  for (const GroupConfig& group : config.groups) {
    for (const ResourceConfig& resource : group.resources) {
      const TypeSchema* type = find_type(catalog.resources, resource.type);
      if (type != nullptr) add_resource(config, resource, *type, budget);
    }
  }
  for (const MonitorConfig& monitor : config.monitors) {
    const TypeSchema* type = find_type(catalog.monitors, monitor.type);
    if (type != nullptr) add_monitor(monitor, *type, budget);
  }
  add_forced_stop(config, budget);
  add_doctor(config, catalog, budget);
  return budget;
}

}  // namespace mainstay
