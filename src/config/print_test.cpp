#include "config/print.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "config/difference.h"
#include "config/digest.h"
#include "config/testing.h"

namespace mainstay {
namespace {

using testing::edited;
using testing::small_catalog;
using testing::small_document;
using testing::valid;

// ---- Random valid configurations.

int draw(int low, int high) { return *rc::gen::inRange(low, high + 1); }
bool flip() { return draw(0, 1) == 1; }
Duration draw(Duration low, Duration high) {
  return Duration(*rc::gen::inRange<std::int64_t>(low.count(), high.count() + 1));
}
template <class E>
E draw_one(std::initializer_list<E> of) {
  return *(of.begin() + draw(0, static_cast<int>(of.size()) - 1));
}

NodeName node_name(int index) { return NodeName(fmt::format("node.{}", index)); }

void draw_timing(Timing& timing) {
  timing.heartbeat_interval = draw(10ms, 1s);
  timing.suspect_after = timing.heartbeat_interval + draw(1ns, 1s);
  timing.heartbeat_timeout = std::max(timing.suspect_after, Duration(50ms)) + draw(0ns, 1min);
  timing.stop_margin = draw(50ms, 1s);
  timing.lease = std::max(timing.stop_margin * 2, Duration(300ms)) + draw(0s, 1min);
  timing.lease_alone = timing.lease + draw(0s, 1min);
  timing.start_wait = draw(0s, 1h);
  timing.drift_bound = draw(0, 1000) / 5000.0;
}

std::vector<ReachabilityTarget> draw_targets(ReachabilityKind kind) {
  std::vector<ReachabilityTarget> targets;
  if (kind == ReachabilityKind::script) return targets;
  for (int i = draw(1, 3); i > 0; --i) {
    if (kind == ReachabilityKind::http) {
      targets.push_back({"fd00::9", 0, fmt::format("https://[fd00::9]:{}/a", draw(1, 65535))});
      continue;
    }
    targets.push_back({flip() ? fmt::format("10.9.0.{}", i) : "fd00::9",
                       kind == ReachabilityKind::tcp ? draw(1, 65535) : 0, ""});
  }
  return targets;
}

ReachabilityConfig draw_reachability(const ClusterConfig& config, int index) {
  ReachabilityConfig check;
  check.name = fmt::format("check{}", index);
  check.kind = draw_one({ReachabilityKind::ping, ReachabilityKind::tcp, ReachabilityKind::http,
                         ReachabilityKind::script});
  if (check.kind == ReachabilityKind::script) check.script = "/opt/reach";
  if (check.kind == ReachabilityKind::http) {
    check.verify = flip();
    if (flip()) check.proxy = "http://proxy.example:3128";
    if (flip()) check.ca_file = "/etc/ca.pem";
  }
  check.interval = draw(50ms, 10s);
  check.timeout = draw(10ms, 50ms);
  for (const NodeConfig& node : config.nodes) check.targets[node.name] = draw_targets(check.kind);
  return check;
}

void draw_return(ClusterConfig& config) {
  config.return_policy = {.automatic = flip(),
                          .losses_max = draw(0, 10),
                          .losses_within = draw(10s, 1h),
                          .quarantine = draw(0s, 1h)};
  config.reboot_limit = {.max = draw(0, 99), .reset_after = draw(1min, 5h)};
  config.shutdown = {.groups = draw_one({ShutdownGroups::move, ShutdownGroups::stop}),
                     .timeout = draw(1s, 10min)};
  config.aws.backend = draw_one({AwsBackend::native, AwsBackend::cli});
  config.aws.doctor = flip();
  config.aws.doctor_interval = draw(1min, 24h);
  if (flip()) config.aws.role_arn = "arn:aws:iam::123456789012:role/all";
}

void draw_arbitration(ClusterConfig& config) {
  ArbitrationConfig& arbitration = config.arbitration;
  arbitration.arbiter.kind =
      draw_one({ArbiterKind::none, ArbiterKind::simulated, ArbiterKind::etcd});
  arbitration.arbiter.dynamodb.backend = draw_one({AwsBackend::native, AwsBackend::cli});
  arbitration.arbiter.dynamodb.table = draw_one<std::string>({"mainstay", "a-table.2"});
  if (flip()) arbitration.arbiter.dynamodb.endpoint = "https://dynamodb.eu-west-1.amazonaws.com";
  if (flip() || arbitration.arbiter.kind == ArbiterKind::etcd) {
    arbitration.arbiter.etcd.endpoints = {"https://[fd00::3]:2379", "http://etcd.example:2379"};
  }
  arbitration.majority = config.nodes.size() > 2 && flip();
  if (flip()) arbitration.both_active_survivor = config.nodes.back().name;
  arbitration.allow_presumed = flip();
  arbitration.forced_stop.kind =
      draw_one({ForcedStopKind::none, ForcedStopKind::ec2, ForcedStopKind::script});
  ForcedStopConfig& stop = arbitration.forced_stop;
  if (stop.kind == ForcedStopKind::script) stop.script = "/opt/stop";
  if (stop.kind == ForcedStopKind::ec2) {
    stop.action = draw_one({ForcedStopAction::stop, ForcedStopAction::reboot});
  }
  stop.delay = draw(0ms, 10s);
  stop.check_interval = draw(1s, 1h);
  arbitration.forced_stop.on_failure =
      draw_one({ForcedStopFailure::wait, ForcedStopFailure::give_up});
  for (int i = draw(0, 2); i > 0; --i) {
    arbitration.reachability.push_back(draw_reachability(config, i));
  }
  arbitration.isolation_action = draw_one({IsolationAction::none, IsolationAction::stop_groups});
  if (arbitration.arbiter.kind != ArbiterKind::none) {
    arbitration.isolation_action =
        draw_one({IsolationAction::none, IsolationAction::reset, IsolationAction::shut_down});
  }
}

std::string draw_text() {
  // What needs care in a document: quotes, backslashes, hashes, brackets, other scripts.
  return draw_one<std::string>(
      {"a", "\"quoted\"", "back\\slash\\", "# no comment", "[x]", "日本", "{"});
}

ResourceConfig draw_resource(const GroupConfig& group, int index) {
  ResourceConfig resource;
  resource.name = ResourceName(fmt::format("{}-r{}", group.name, index));
  resource.type = draw_one<std::string>({"addr", "prog"});
  resource.activate_timeout = draw(100ms, 1h);
  resource.activate_retries = draw(0, 99);
  resource.activate_final = draw_one({FinalAction::none, FinalAction::reboot});
  if (!group.resources.empty() && flip()) {
    resource.depends_on = {group.resources.front().name};
  }
  const bool shared = flip();
  Params params;
  for (const NodeName& node : group.policy) {
    if (params.empty() || !shared) {
      if (resource.type == "addr") {
        params["ip"] = fmt::format("10.{}.{}.{}", 20 + index, group.name.value.size(),
                                   group.name.value.back() - '0');
        params["eni_id"] = fmt::format("eni-0000000{}", draw(0, 9));
        params["patience"] = draw(1s, 10s);
      } else {
        params["start"] = std::vector<std::string>{"/" + draw_text(), draw_text()};
        params["stays"] = flip();
        params["port"] = std::int64_t{draw(0, 65535)};
        params["share"] = draw(0, 100) / 100.0;
      }
    }
    resource.params[node] = params;
  }
  return resource;
}

GroupConfig draw_group(const ClusterConfig& config, int index) {
  GroupConfig group;
  group.name = GroupName(fmt::format("group{}", index));
  for (const NodeConfig& node : config.nodes) {
    if (group.policy.empty() || flip()) group.policy.push_back(node.name);
  }
  group.start = draw_one({Switch::automatic, Switch::manual});
  group.failback = draw_one({Switch::automatic, Switch::manual});
  for (int i = 0, count = draw(0, 3); i < count; ++i) {
    group.resources.push_back(draw_resource(group, i));
  }
  return group;
}

void draw_pinger(ClusterConfig& config) {
  MonitorConfig monitor;
  monitor.name = MonitorName("pinger");
  monitor.type = "pinger";
  monitor.interval = draw(100ms, 1h);
  monitor.on_unknown = draw_one({UnknownAction::none, UnknownAction::recover});
  const GroupConfig* group = config.groups.empty() ? nullptr : &config.groups.front();
  if (group != nullptr && !group->resources.empty() && flip()) {
    monitor.timing = MonitorTiming::active;
    monitor.active_with = group->resources.front().name;
    monitor.recovery = {RecoveryTarget::group, {},          group->name,
                        draw(0, 99),           draw(0, 99), FinalAction::stop_group};
  } else {
    monitor.recovery = {RecoveryTarget::local, {}, {}, 0, 0, FinalAction::shut_down};
  }
  for (const NodeConfig& node : config.nodes) {
    if (!monitor.params.empty() && flip()) continue;
    monitor.params[node.name]["addresses"] =
        std::vector<std::string>{fmt::format("10.8.0.{}", draw(1, 3))};
  }
  config.monitors.push_back(std::move(monitor));
}

ClusterConfig draw_config() {
  ClusterConfig config;
  config.name = "cluster-1_x.y";
  for (int i = 0, count = draw(2, 4); i < count; ++i) {
    config.nodes.push_back({node_name(i), flip() ? "i-0000000" + std::to_string(i) : "", ""});
  }
  for (int i = 0, count = draw(1, 3); i < count; ++i) {
    PathConfig path{PathName(fmt::format("path{}", i)), {}};
    for (std::size_t n = 0; n < config.nodes.size(); ++n) {
      path.addresses[config.nodes[n].name] = fmt::format("10.0.{}.{}", i, n + 1);
    }
    config.paths.push_back(std::move(path));
  }
  config.ports = {draw(1, 65535), draw(1, 65535)};
  config.operation_timeout = draw(1s, 24h);
  draw_timing(config.timing);
  draw_arbitration(config);
  draw_return(config);
  for (int i = 0, count = draw(0, 3); i < count; ++i)
    config.groups.push_back(draw_group(config, i));
  if (flip()) draw_pinger(config);
  return config;
}

// The configuration with everything that the parser adds.
ClusterConfig completed(const ClusterConfig& config) {
  return valid(print_config(config, small_catalog()));
}

TEST_CASE("a printed configuration is read back as the same one") {
  CHECK(rc::check([] {
    const ClusterConfig drawn = draw_config();
    ClusterConfig config = completed(drawn);
    const std::string text = print_config(config, small_catalog());
    RC_ASSERT(valid(text) == config);
    // What was drawn is still there, and nothing but checks was added.
    RC_ASSERT(config.monitors.size() >= drawn.monitors.size());
    config.monitors.resize(drawn.monitors.size());
    config.digest = 0;
    RC_ASSERT(config == drawn);
  }));
}

TEST_CASE("comments, layout, order of keys and spelled-out defaults make no difference") {
  const ClusterConfig config = valid(small_document);
  std::string text = "# A comment.\n\n" + std::string(small_document);
  text = edited("heartbeat_interval = \"200ms\"", "heartbeat_interval = 0.2  # seconds", text);
  text = edited("name = \"web\"\ntype = \"prog\"", "type=\"prog\"\nport = 0\nname=\"web\"", text);
  const ClusterConfig same = valid(text);
  CHECK(same.digest == config.digest);
  CHECK(difference(config, same, small_catalog()).empty());
}

TEST_CASE("two configurations that differ have different digests, and it is said where") {
  struct Row {
    std::string from;
    std::string to;
    std::string told;
  };
  const std::vector<Row> table = {
      {"\"10.1.0.20\"", "\"10.1.0.21\"",
       "resource addr1: ip is \"10.1.0.20\" here and \"10.1.0.21\" on server2"},
      {"patience = \"7s\"", "patience = \"8s\"",
       "resource addr1, server2: patience is \"7s\" here and \"8s\" on server2"},
      {"heartbeat_interval = \"200ms\"", "",
       "timing: heartbeat_interval is \"200ms\" here and \"250ms\" on server2"},
      {"depends_on = [\"addr1\"]\n", "",
       "resource web: depends_on is [\"addr1\"] here and missing on server2"},
      {"server2 = \"10.0.2.10\"", "server2 = \"10.0.3.10\"",
       "path lan, address: server2 is \"10.0.2.10\" here and \"10.0.3.10\" on server2"},
      {"[[node]]\nname = \"server1\"\n[[node]]\nname = \"server2\"",
       "[[node]]\nname = \"server2\"\n[[node]]\nname = \"server1\"",
       "order of [[node]] is server1, server2 here and server2, server1 on server2"},
  };
  const ClusterConfig ours = valid(small_document);
  for (const Row& row : table) {
    CAPTURE(row.to);
    const ClusterConfig theirs = valid(edited(row.from, row.to));
    CHECK(theirs.digest != ours.digest);
    const auto found = difference(ours, theirs, small_catalog());
    REQUIRE_FALSE(found.empty());
    CHECK(to_text(found[0], NodeName("server2")) == row.told);
  }
}

TEST_CASE("the list of differences has a maximum, and no document at all is one difference") {
  std::string many;
  for (int i = 0; i < 50; ++i) many += fmt::format("key{} = 1\n", i);
  CHECK(difference(many, "").size() == differences_max);
  CHECK(difference("a = 1", "a = ").size() == 1);
  CHECK(difference("a = 1\nb = 2", "b = 2 # x\na = 1").empty());
}

}  // namespace
}  // namespace mainstay
