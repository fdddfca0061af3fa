#include "sim/environment.h"

#include <fmt/format.h>

namespace mainstay::sim {
namespace {

constexpr const char* gateway = "203.0.113.1";
constexpr const char* zone_id = "Z1";

template <class T>
const T& pick(Random& random, const std::vector<T>& choices) {
  return choices[random.below(choices.size())];
}

Timing draw_timing(Random& random) {
  Timing timing = random.chance(0.3) ? fast_timing() : Timing{};
  if (random.chance(0.2)) {
    timing.heartbeat_timeout = timing.heartbeat_interval * random.between(3, 10);
    timing.suspect_after = timing.heartbeat_timeout / 2;
  }
  timing.start_wait = random.between(5s, 60s);
  timing.isolation_deadline = random.between(2s, 6s);
  timing.lease_alone = random.between(10s, 60s);
  if (random.chance(0.5)) timing.drift_bound = 0.002 * static_cast<double>(random.between(1, 25));
  return timing;
}

// From a copy: a number more from the original would tell every story anew.
ForcedStopKind draw_forced_stop(Random random) {
  return random.chance(0.5) ? ForcedStopKind::ec2 : ForcedStopKind::simulated;
}

IsolationAction draw_isolation(Random random) {
  return pick(random, std::vector{IsolationAction::stop_groups, IsolationAction::stop_groups,
                                  IsolationAction::shut_down, IsolationAction::reboot,
                                  IsolationAction::reset});
}

void set_evidence(ClusterConfig& config, EvidenceKind evidence, Random& random) {
  ArbitrationConfig& arbitration = config.arbitration;
  arbitration.allow_presumed = evidence == EvidenceKind::presumed;
  switch (evidence) {
    case EvidenceKind::arbiter:
      arbitration.arbiter.kind = ArbiterKind::simulated;
      break;
    case EvidenceKind::forced_stop:
      arbitration.forced_stop.kind = draw_forced_stop(random);
      break;
    case EvidenceKind::arbiter_and_forced_stop:
      arbitration.arbiter.kind = ArbiterKind::simulated;
      arbitration.forced_stop.kind = draw_forced_stop(random);
      break;
    case EvidenceKind::majority:
      arbitration.majority = true;
      break;
    case EvidenceKind::presumed:
      break;
  }
  if (evidence != EvidenceKind::forced_stop) {
    arbitration.isolation_action = draw_isolation(random);
  }
  arbitration.forced_stop.timeout = random.between(10s, 60s);
  if (evidence == EvidenceKind::presumed || random.chance(0.3)) {
    ReachabilityConfig check{.name = "gateway", .kind = ReachabilityKind::ping, .targets = {}};
    for (const auto& node : config.nodes) check.targets[node.name] = {{gateway, 0}};
    arbitration.reachability.push_back(std::move(check));
  }
}

// Another chance for mirrors, so that worlds without them stay what they were.
constexpr std::uint64_t mirror_seed = 0x6d6972726f72;

bool has_arbiter(EvidenceKind evidence) {
  return evidence == EvidenceKind::arbiter || evidence == EvidenceKind::arbiter_and_forced_stop;
}

void draw_groups(ClusterConfig& config, EvidenceKind evidence, Random& random) {
  // From a copy: groups without these addresses stay what they were.
  Random further(random);
  Random mirrors(Random(random).next() ^ mirror_seed);
  const bool may_mirror = config.nodes.size() == 2 && has_arbiter(evidence);
  const auto count = static_cast<std::size_t>(random.chance(0.6) ? 1 : random.between(2, 3));
  std::vector<NodeName> policy;
  for (const auto& node : config.nodes) policy.push_back(node.name);
  for (std::size_t i = 0; i < count; ++i) {
    GroupShape shape{.name = fmt::format("group{}", i + 1),
                     .scripts = static_cast<std::size_t>(random.between(1, 3)),
                     .resident = random.chance(0.5),
                     .vip = random.chance(0.6) ? fmt::format("10.1.0.{}", 20 + i) : "",
                     .eip = further.chance(0.15) ? fmt::format("eipalloc-{}", i + 1) : "",
                     .sip = further.chance(0.15) ? fmt::format("198.18.0.{}", 200 + i) : "",
                     .dns = further.chance(0.15) ? fmt::format("g{}.example.com.", i + 1) : "",
                     .mirror = may_mirror && mirrors.chance(0.7)};
    GroupConfig group = make_group(shape, policy);
    std::rotate(policy.begin(), policy.begin() + 1, policy.end());
    if (random.chance(0.2)) group.failback = Switch::automatic;
    for (auto& resource : group.resources) {
      if (resource.type == "md") continue;
      resource.activate_timeout = random.between(2s, 20s);
      resource.deactivate_timeout = random.between(2s, 20s);
      resource.activate_retries = static_cast<int>(random.below(3));
      resource.deactivate_retries = static_cast<int>(random.below(2));
      if (random.chance(0.3)) resource.deactivate_final = FinalAction::reboot;
    }
    config.groups.push_back(group);
    add_checks(config, group);
  }
  if (further.chance(0.3)) add_notices(config);
}

ClusterConfig draw_config(Random& random, const EnvironmentWish& wish, EvidenceKind evidence) {
  ClusterConfig config;
  config.name = "sim";
  config.digest = 1;
  config.operation_timeout = random.between(30s, 2min);
  const std::size_t nodes =
      wish.nodes != 0 ? wish.nodes : pick<std::size_t>(random, {2, 2, 2, 2, 3, 3, 3, 4, 5});
  const std::size_t least =
      evidence == EvidenceKind::majority ? std::max<std::size_t>(nodes, 3) : nodes;
  for (std::size_t i = 0; i < least; ++i) {
    config.nodes.push_back({.name = NodeName(std::string(1, static_cast<char>('a' + i))),
                            .instance = "",
                            .zone = fmt::format("az-{}", i % 3 + 1)});
  }
  const std::size_t paths =
      wish.paths != 0 ? wish.paths : pick<std::size_t>(random, {1, 2, 2, 2, 3});
  for (std::size_t path = 0; path < paths; ++path) {
    PathConfig made{.name = PathName(fmt::format("path{}", path + 1)), .addresses = {}};
    for (std::size_t i = 0; i < least; ++i) {
      made.addresses[config.nodes[i].name] = path_address(path, i);
    }
    config.paths.push_back(std::move(made));
  }
  config.timing = draw_timing(random);
  set_evidence(config, evidence, random);
  draw_groups(config, evidence, random);
  return config;
}

// Clocks run at the edges of what the configuration allows more often than in between.
std::vector<ClockRate> draw_clocks(const ClusterConfig& config, Random& random) {
  const auto bound = static_cast<std::int64_t>(config.timing.drift_bound * 1e6);
  std::vector<ClockRate> clocks;
  for (std::size_t i = 0; i < config.nodes.size(); ++i) {
    ClockRate clock{.offset = random.between(1s, 10h)};
    const auto choice = random.below(3);
    clock.drift_ppm = choice == 0 ? bound : choice == 1 ? -bound : random.between(-bound, bound);
    clocks.push_back(clock);
  }
  return clocks;
}

Conditions draw_calm(const ClusterConfig& config, Random& random) {
  Conditions calm;
  const std::size_t nodes = config.nodes.size();
  calm.machine_count = nodes;
  calm.machines.resize(nodes);
  calm.links.resize(config.paths.size() * nodes * nodes);
  const Duration typical = pick<Duration>(random, {200us, 1ms, 5ms, 20ms});
  for (auto& link : calm.links) link.delay = {typical / 2, typical * 2};
  const Duration arbiter = pick<Duration>(random, {1ms, 5ms, 20ms});
  calm.arbiter.delay = {arbiter, arbiter * 4};
  const Duration aws = pick<Duration>(random, {5ms, 40ms, 150ms});
  calm.aws.delay = {aws, aws * 3};
  return calm;
}

// Scripts are taken to do what they are for: the world's own means stand for them.
ClusterConfig with_means_of_the_world(ClusterConfig config) {
  ForcedStopConfig& stop = config.arbitration.forced_stop;
  if (stop.kind == ForcedStopKind::script) stop.kind = ForcedStopKind::simulated;
  for (auto& check : config.arbitration.reachability) {
    if (check.kind != ReachabilityKind::script) continue;
    check.kind = ReachabilityKind::ping;
    for (const auto& node : config.nodes) check.targets[node.name] = {{gateway, 0, ""}};
  }
  return config;
}

// Drawn last, so that worlds stay what they were before these settings existed.
void draw_returning(ClusterConfig& config, Random& random) {
  ReturnConfig& policy = config.return_policy;
  policy.automatic = random.chance(0.75);
  policy.losses_max = pick<int>(random, {0, 0, 2, 3, 3, 4});
  policy.losses_within = random.between(1min, 10min);
  policy.quarantine = random.chance(0.2) ? Duration::zero() : random.between(20s, 3min);
  config.reboot_limit.max = pick<int>(random, {0, 1, 2, 3});
  config.reboot_limit.reset_after = random.between(1min, 20min);
  config.shutdown.groups = random.chance(0.7) ? ShutdownGroups::move : ShutdownGroups::stop;
  config.shutdown.timeout = random.between(5s, 60s);
}

}  // namespace

std::string_view to_text(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::arbiter:
      return "arbiter";
    case EvidenceKind::forced_stop:
      return "forced stop";
    case EvidenceKind::arbiter_and_forced_stop:
      return "arbiter and forced stop";
    case EvidenceKind::majority:
      return "majority";
    case EvidenceKind::presumed:
      return "presumed";
  }
  return "?";
}

std::string path_address(std::size_t path, std::size_t machine) {
  return fmt::format("10.0.{}.{}", machine + 1, 10 + path);
}

GroupConfig make_group(const GroupShape& shape, const std::vector<NodeName>& policy) {
  GroupConfig group{.name = GroupName(shape.name), .policy = policy, .resources = {}};
  std::vector<ResourceName> before;
  const auto add = [&](ResourceConfig resource, const Params& params) {
    resource.depends_on = before;
    for (const auto& node : policy) resource.params[node] = params;
    before = {resource.name};
    group.resources.push_back(std::move(resource));
  };
  const auto add_address = [&](const char* suffix, const char* type, const char* key,
                               const std::string& value) {
    if (value.empty()) return;
    add({.name = ResourceName(shape.name + suffix), .type = type, .depends_on = {}, .params = {}},
        {{key, value}, {"aws_timeout", Duration(2s)}});
  };
  if (shape.mirror) {
    add({.name = ResourceName(shape.name + "-md"), .type = "md", .depends_on = {}, .params = {}},
        {{"data_partition", std::string("/dev/sim2")},
         {"cluster_partition", std::string("/dev/sim1")},
         {"file_system", std::string("none")}});
  }
  add_address("-vip", "awsvip", "ip", shape.vip);
  add_address("-eip", "awseip", "allocation_id", shape.eip);
  add_address("-sip", "awssip", "ip", shape.sip);
  if (!shape.dns.empty()) {
    add({.name = ResourceName(shape.name + "-dns"),
         .type = "awsdns",
         .depends_on = {},
         .params = {}},
        {{"zone_id", std::string(zone_id)},
         {"record_name", shape.dns},
         {"ttl", Duration(5s)},
         {"aws_timeout", Duration(2s)}});
    // In the order of the policy, from the same addresses everywhere.
    for (auto& [node, params] : group.resources.back().params) {
      params["ip"] = "10.9.0." + std::to_string(10 + node.value.front() - 'a');
    }
  }
  for (std::size_t i = 0; i < shape.scripts; ++i) {
    const std::string name = fmt::format("{}-app{}", shape.name, i + 1);
    Params params{{"start", std::vector<std::string>{"/sim/" + name + "/start"}}};
    if (shape.resident) {
      params["mode"] = std::string("resident");
    } else {
      params["stop"] = std::vector<std::string>{"/sim/" + name + "/stop"};
    }
    params["kill_after"] = Duration(1s);
    add({.name = ResourceName(name), .type = "script", .depends_on = {}, .params = {}}, params);
  }
  return group;
}

void add_checks(ClusterConfig& config, const GroupConfig& group) {
  for (const auto& resource : group.resources) {
    const bool aws = resource.type.starts_with("aws");
    const auto& params = resource.params.begin()->second;
    const bool mirror = resource.type == "md";
    if (!aws && !mirror && !params.contains("mode")) continue;
    MonitorConfig monitor;
    monitor.type = resource.type + "w";
    monitor.name = MonitorName(monitor.type + "-" + resource.name.value);
    monitor.checks = resource.name;
    monitor.timing = MonitorTiming::active;
    monitor.active_with = resource.name;
    monitor.interval = aws || mirror ? Duration(15s) : Duration(60s);
    monitor.timeout = aws ? Duration(10s) : Duration(60s);
    monitor.retries = aws ? 1 : 0;
    monitor.recovery.target = RecoveryTarget::resource;
    monitor.recovery.resource = resource.name;
    monitor.recovery.group = group.name;
    for (const auto& node : group.policy) monitor.params[node];
    config.monitors.push_back(std::move(monitor));
  }
}

void add_notices(ClusterConfig& config) {
  MonitorConfig monitor;
  monitor.name = MonitorName("awsnoticew1");
  monitor.type = "awsnoticew";
  monitor.interval = 5s;
  monitor.timeout = 5s;
  monitor.retries = 0;
  monitor.recovery = {.target = RecoveryTarget::local,
                      .resource = {},
                      .group = {},
                      .restart_max = 0,
                      .failover_max = 0,
                      .final_action = FinalAction::drain};
  for (const auto& node : config.nodes) monitor.params[node.name];
  config.monitors.push_back(std::move(monitor));
}

EvidenceKind evidence_of(const ClusterConfig& config) {
  const ArbitrationConfig& arbitration = config.arbitration;
  const bool arbiter = arbitration.arbiter.kind != ArbiterKind::none;
  const bool forced = arbitration.forced_stop.kind != ForcedStopKind::none;
  if (arbitration.allow_presumed && !arbiter) return EvidenceKind::presumed;
  if (arbiter) return forced ? EvidenceKind::arbiter_and_forced_stop : EvidenceKind::arbiter;
  if (forced) return EvidenceKind::forced_stop;
  return arbitration.majority ? EvidenceKind::majority : EvidenceKind::presumed;
}

Environment draw_environment(Random& random, const EnvironmentWish& wish) {
  static const std::vector<EvidenceKind> all = {
      EvidenceKind::arbiter,  EvidenceKind::arbiter,  EvidenceKind::forced_stop,
      EvidenceKind::majority, EvidenceKind::presumed, EvidenceKind::arbiter_and_forced_stop};
  const EvidenceKind evidence = pick(random, wish.evidence.empty() ? all : wish.evidence);
  ClusterConfig config = draw_config(random, wish, evidence);
  Environment environment{.config = nullptr,
                          .evidence = evidence,
                          .clocks = draw_clocks(config, random),
                          .calm = draw_calm(config, random)};
  draw_returning(config, random);
  environment.config = std::make_shared<const ClusterConfig>(std::move(config));
  return environment;
}

Environment environment_for(std::shared_ptr<const ClusterConfig> given, Random& random) {
  const auto config =
      std::make_shared<const ClusterConfig>(with_means_of_the_world(ClusterConfig(*given)));
  Environment environment{.config = config,
                          .evidence = evidence_of(*config),
                          .clocks = draw_clocks(*config, random),
                          .calm = draw_calm(*config, random)};
  return environment;
}

}  // namespace mainstay::sim
