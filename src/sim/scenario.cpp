#include "sim/scenario.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "sim/simulation.h"

namespace mainstay::sim {
namespace {

using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
  std::istringstream stream(line.substr(0, line.find('#')));
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::optional<Duration> duration_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "ms") return std::chrono::milliseconds(value);
  if (unit == "s") return std::chrono::seconds(value);
  if (unit == "min") return std::chrono::minutes(value);
  return std::nullopt;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

// ---- The cluster line.

struct Shape {
  std::vector<std::string> nodes{"a", "b"};
  std::vector<std::string> groups{"web"};
  std::string evidence = "presumed";
  IsolationAction isolation = IsolationAction::stop_groups;
  std::size_t paths = 2;
  std::size_t scripts = 1;
  bool resident = false;
  bool vip = true;
  bool notices = false;  // what AWS announces is heeded
  bool eip = false;
  bool sip = false;
  bool dns = false;
  bool wait_for_all = true;
  Timing timing;
  ReturnConfig return_policy;
  std::size_t reboots_max = 3;
  ShutdownConfig shutdown;
  std::uint64_t seed = 1;
};

using Setter = std::function<bool(Shape&, const std::string&)>;

bool set_count(std::size_t& place, const std::string& value) {
  const auto result = std::from_chars(value.data(), value.data() + value.size(), place);
  return result.ec == std::errc{} && place > 0 && place <= 16;
}

bool set_time(Duration& place, const std::string& value) {
  const auto duration = duration_of(value);
  if (duration) place = *duration;
  return duration.has_value();
}

const std::map<std::string, Setter>& setters() {
  static const std::map<std::string, Setter> all = {
      {"nodes", [](Shape& s, const std::string& v) { return !(s.nodes = split_list(v)).empty(); }},
      {"groups",
       [](Shape& s, const std::string& v) { return !(s.groups = split_list(v)).empty(); }},
      {"evidence",
       [](Shape& s, const std::string& v) {
         s.evidence = v;
         return v == "presumed" || v == "arbiter" || v == "majority" || v == "forced-stop" ||
                v == "ec2";
       }},
      {"isolation",
       [](Shape& s, const std::string& v) {
         static const std::map<std::string, IsolationAction> actions = {
             {"stop_groups", IsolationAction::stop_groups},
             {"stop_service", IsolationAction::stop_service},
             {"shut_down", IsolationAction::shut_down},
             {"reboot", IsolationAction::reboot},
             {"reset", IsolationAction::reset}};
         const auto found = actions.find(v);
         if (found != actions.end()) s.isolation = found->second;
         return found != actions.end();
       }},
      {"paths", [](Shape& s, const std::string& v) { return set_count(s.paths, v); }},
      {"scripts", [](Shape& s, const std::string& v) { return set_count(s.scripts, v); }},
      {"resident",
       [](Shape& s, const std::string& v) { return (s.resident = v == "yes") || v == "no"; }},
      {"vip", [](Shape& s, const std::string& v) { return (s.vip = v == "yes") || v == "no"; }},
      {"eip", [](Shape& s, const std::string& v) { return (s.eip = v == "yes") || v == "no"; }},
      {"sip", [](Shape& s, const std::string& v) { return (s.sip = v == "yes") || v == "no"; }},
      {"dns", [](Shape& s, const std::string& v) { return (s.dns = v == "yes") || v == "no"; }},
      {"notices",
       [](Shape& s, const std::string& v) { return (s.notices = v == "yes") || v == "no"; }},
      {"formed",
       [](Shape& s, const std::string& v) { return (s.wait_for_all = v == "yes") || v == "no"; }},
      {"profile",
       [](Shape& s, const std::string& v) {
         const Duration wait = s.timing.start_wait;
         if (v == "fast") s.timing = fast_timing();
         s.timing.start_wait = wait;
         return v == "fast" || v == "default";
       }},
      {"return",
       [](Shape& s, const std::string& v) {
         s.return_policy.automatic = v == "automatic";
         return v == "automatic" || v == "manual";
       }},
      {"quarantine",
       [](Shape& s, const std::string& v) { return set_time(s.return_policy.quarantine, v); }},
      {"reboot_limit", [](Shape& s, const std::string& v) { return set_count(s.reboots_max, v); }},
      {"shutdown",
       [](Shape& s, const std::string& v) {
         s.shutdown.groups = v == "stop" ? ShutdownGroups::stop : ShutdownGroups::move;
         return v == "stop" || v == "move";
       }},
      {"shutdown_timeout",
       [](Shape& s, const std::string& v) { return set_time(s.shutdown.timeout, v); }},
      {"start_wait",
       [](Shape& s, const std::string& v) { return set_time(s.timing.start_wait, v); }},
      {"lease_alone",
       [](Shape& s, const std::string& v) { return set_time(s.timing.lease_alone, v); }},
  };
  return all;
}

void set_evidence(ClusterConfig& config, const std::string& evidence) {
  ArbitrationConfig& arbitration = config.arbitration;
  arbitration.allow_presumed = evidence == "presumed";
  if (evidence == "arbiter") arbitration.arbiter.kind = ArbiterKind::simulated;
  if (evidence == "forced-stop") arbitration.forced_stop.kind = ForcedStopKind::simulated;
  if (evidence == "ec2") arbitration.forced_stop.kind = ForcedStopKind::ec2;
  arbitration.majority = evidence == "majority";
  if (evidence != "presumed") return;
  ReachabilityConfig check{.name = "gateway", .kind = ReachabilityKind::ping, .targets = {}};
  for (const auto& node : config.nodes) check.targets[node.name] = {{"203.0.113.1", 0}};
  arbitration.reachability.push_back(std::move(check));
}

std::shared_ptr<const ClusterConfig> config_of(const Shape& shape) {
  ClusterConfig config;
  config.name = "scenario";
  config.digest = 1;
  config.timing = shape.timing;
  config.operation_timeout = 1min;
  config.return_policy = shape.return_policy;
  config.reboot_limit.max = static_cast<int>(shape.reboots_max);
  config.shutdown = shape.shutdown;
  std::vector<NodeName> names;
  for (const auto& node : shape.nodes) {
    names.emplace_back(node);
    config.nodes.push_back({.name = names.back(), .instance = "", .zone = ""});
  }
  for (std::size_t path = 0; path < shape.paths; ++path) {
    PathConfig made{.name = PathName(fmt::format("path{}", path + 1)), .addresses = {}};
    for (std::size_t i = 0; i < names.size(); ++i) made.addresses[names[i]] = path_address(path, i);
    config.paths.push_back(std::move(made));
  }
  set_evidence(config, shape.evidence);
  config.arbitration.isolation_action = shape.isolation;
  for (std::size_t i = 0; i < shape.groups.size(); ++i) {
    GroupConfig group = make_group({.name = shape.groups[i],
                                    .scripts = shape.scripts,
                                    .resident = shape.resident,
                                    .vip = shape.vip ? fmt::format("10.1.0.{}", 20 + i) : "",
                                    .eip = shape.eip ? fmt::format("eipalloc-{}", i + 1) : "",
                                    .sip = shape.sip ? fmt::format("198.18.0.{}", 200 + i) : "",
                                    .dns = shape.dns ? shape.groups[i] + ".example.com." : ""},
                                   names);
    for (auto& resource : group.resources) {
      resource.activate_timeout = resource.deactivate_timeout = 10s;
    }
    config.groups.push_back(group);
    add_checks(config, group);
  }
  if (shape.notices) add_notices(config);
  return std::make_shared<const ClusterConfig>(std::move(config));
}

// The same for every scenario, so that stories do not change without a reason.
Environment environment_of(const Shape& shape) {
  Environment environment{.config = config_of(shape), .clocks = {}, .calm = {}};
  environment.evidence = evidence_of(*environment.config);
  const std::size_t nodes = shape.nodes.size();
  environment.clocks.assign(nodes, ClockRate{.offset = 1h, .drift_ppm = 0});
  Conditions& calm = environment.calm;
  calm.machine_count = nodes;
  calm.machines.resize(nodes);
  calm.links.resize(shape.paths * nodes * nodes);
  for (auto& link : calm.links) link.delay = {1ms, 1ms};
  for (auto& machine : calm.machines) {
    machine.store.delay = {1ms, 1ms};
    machine.scripts.start = {50ms, 50ms};
    machine.scripts.stop = {50ms, 50ms};
  }
  calm.arbiter.delay = {2ms, 2ms};
  calm.aws.delay = {20ms, 20ms};
  calm.fence.duration = {5s, 5s};
  calm.aws.stop_instance = {5s, 5s};
  environment.boot_time = {5s, 5s};
  environment.return_time = {40s, 40s};
  return environment;
}

// ---- The other lines.

class Stage {
 public:
  // An error message, or nothing.
  using Outcome = std::optional<std::string>;

  Outcome perform(const std::string& line) {
    const Words words = words_of(line);
    if (words.empty()) return std::nullopt;
    if (words[0] == "cluster") return open(words);
    if (!simulation_) return "the first command must be \"cluster\"";
    if (words[0] == "run") return run(words);
    if (words[0] == "order") return order(words);
    if (words[0] == "start-service") return start_service(words);
    return befall(words);
  }

  std::string story() {
    if (!simulation_) return "";
    simulation_->finish();
    for (const auto& run : simulation_->scene().double_runs) {
      tell({simulation_->world().now(), "",
            fmt::format("{} ran on two nodes at once for {}",
                        simulation_->config().groups[run.group].name,
                        mainstay::to_text(
                            std::chrono::round<std::chrono::milliseconds>(run.until - run.from)))});
    }
    for (const auto& violation : simulation_->scene().violations) {
      tell({violation.at, "", fmt::format("BROKEN {}: {}", violation.law, violation.text)});
    }
    return std::move(story_);
  }

 private:
  Outcome open(const Words& words) {
    Shape shape;
    shape.timing.start_wait = 20s;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto equals = words[i].find('=');
      const auto setter = setters().find(words[i].substr(0, equals));
      if (equals == std::string::npos || setter == setters().end() ||
          !setter->second(shape, words[i].substr(equals + 1))) {
        return fmt::format("\"{}\" says nothing about a cluster", words[i]);
      }
    }
    simulation_ = std::make_unique<Simulation>(
        Ingredients{.seed = shape.seed, .environment = environment_of(shape), .faults = {}});
    simulation_->begin();
    runners_.assign(shape.groups.size(), 0);
    if (!shape.wait_for_all) {
      listen();
      return std::nullopt;
    }
    if (!simulation_->run_until_served(5min, 10s)) return "the cluster did not form";
    for (std::size_t group = 0; group < runners_.size(); ++group) {
      runners_[group] = simulation_->truth().runners(group);
    }
    begun_ = simulation_->world().now();
    listen();
    return std::nullopt;
  }

  void listen() {
    simulation_->on_story([this](const StoryLine& line) { tell(line); });
    simulation_->on_runners([this] { tell_runners(); });
  }

  void tell(StoryLine line) {
    line.at -= begun_.time_since_epoch();
    story_ += to_text(line) + "\n";
  }

  void tell_runners() {
    for (std::size_t group = 0; group < runners_.size(); ++group) {
      const MachineSet now = simulation_->truth().runners(group);
      if (now == std::exchange(runners_[group], now)) continue;
      std::string where;
      for (std::size_t i = 0; i < simulation_->world().size(); ++i) {
        if (!holds(now, i)) continue;
        where += (where.empty() ? "" : " and ") + simulation_->world().machine(i).name().value;
      }
      tell({simulation_->world().now(), "",
            fmt::format("[{} runs {}]", simulation_->config().groups[group].name,
                        where.empty() ? "nowhere" : "on " + where)});
    }
  }

  std::optional<std::size_t> node(const std::string& name) const {
    const std::size_t index = simulation_->world().index_of(NodeName(name));
    return index < simulation_->world().size() ? std::optional(index) : std::nullopt;
  }
  std::optional<std::size_t> group(const std::string& name) const {
    const std::size_t index = simulation_->truth().group_index(GroupName(name));
    return index < simulation_->config().groups.size() ? std::optional(index) : std::nullopt;
  }

  // run 10s · run until web runs [on b] · run until web stopped
  Outcome run(const Words& words) {
    if (words.size() == 2) {
      const auto span = duration_of(words[1]);
      if (!span) return fmt::format("\"{}\" is no duration", words[1]);
      simulation_->run_for(*span);
      return std::nullopt;
    }
    if (words.size() < 4 || words[1] != "until") return "run DURATION, or run until GROUP runs";
    const auto which = group(words[2]);
    if (!which) return fmt::format("there is no group \"{}\"", words[2]);
    const auto place = words.size() == 6 && words[4] == "on" ? node(words[5]) : std::nullopt;
    const WorldTime limit = simulation_->world().now() + 5min;
    while (simulation_->world().now() < limit) {
      if (!simulation_->run_for(10ms)) return std::nullopt;
      const std::size_t server = simulation_->truth().server(*which);
      const bool serves = server != simulation_->world().size() && (!place || *place == server);
      if (words[3] == "runs" && serves) return std::nullopt;
      if (words[3] == "stopped" && simulation_->truth().runners(*which) == 0) return std::nullopt;
    }
    tell({simulation_->world().now(), "", fmt::format("waited 5 min in vain for: {}", words[2])});
    return std::nullopt;
  }

  // order move web b · order stop web · order start web · order restart web · order leave a
  Outcome order(const Words& words) {
    if (words.size() < 3) return "order VERB NAME";
    std::size_t asked = 0;
    std::optional<Command> command;
    const GroupName name(words[2]);
    const NodeName to(words.size() > 3 ? words[3] : "");
    if (words[1] == "move") command = MoveGroup{name, to};
    if (words[1] == "stop") command = StopGroup{name};
    if (words[1] == "start") command = StartGroup{name, to};
    if (words[1] == "restart") command = RestartGroup{name};
    if (words[1] == "leave") command = StopNode{};
    if (words[1] == "recover") command = RecoverNode{};
    if (words[1] == "declare-stopped") {
      command = DeclareStopped{NodeName(words[2]), "sam", "looked at the console"};
    }
    if (!command) return fmt::format("nobody can order \"{}\"", words[1]);
    const bool about_node = words[1] == "leave" || words[1] == "recover";
    if (about_node) {
      const auto place = node(words[2]);
      if (!place) return fmt::format("there is no node \"{}\"", words[2]);
      asked = *place;
    } else {
      while (asked < simulation_->world().size() && !listens(asked)) ++asked;
      if (asked == simulation_->world().size()) return "no node is there to take an order";
    }
    const std::string text =
        fmt::format("{} {}", words[1], fmt::join(words.begin() + 2, words.end(), " "));
    simulation_->tell("", "a person orders: " + text);
    simulation_->ask(asked, *command, [this, text](const Status& outcome) {
      simulation_->tell("", outcome
                                ? fmt::format("done: {}", text)
                                : fmt::format("not done: {}: {}", text, outcome.error().message));
    });
    return std::nullopt;
  }

  // A person starts the cluster service that was stopped.
  Outcome start_service(const Words& words) {
    const auto place = words.size() == 2 ? node(words[1]) : std::nullopt;
    if (!place) return "start-service NODE";
    simulation_->tell("", "a person starts the cluster service on " + words[1]);
    simulation_->world().machine(*place).start_daemon();
    return std::nullopt;
  }

  bool listens(std::size_t machine) const {
    const Machine& place = simulation_->world().machine(machine);
    return place.daemon_runs() && !place.frozen() && !place.stalled();
  }

  struct Verb {
    FaultKind kind;
    bool ends;
    int nodes;
  };
  static const std::map<std::string, Verb>& verbs() {
    static const std::map<std::string, Verb> all = {
        {"kill", {FaultKind::node_killed, false, 1}},
        {"return", {FaultKind::node_killed, true, 1}},
        {"shut-down", {FaultKind::system_shut_down, false, 1}},
        {"boot", {FaultKind::system_shut_down, true, 1}},
        {"freeze", {FaultKind::node_frozen, false, 1}},
        {"thaw", {FaultKind::node_frozen, true, 1}},
        {"stall", {FaultKind::daemon_stalled, false, 1}},
        {"unstall", {FaultKind::daemon_stalled, true, 1}},
        {"kill-daemon", {FaultKind::daemon_killed, false, 1}},
        {"start-daemon", {FaultKind::daemon_killed, true, 1}},
        {"isolate", {FaultKind::node_isolated, false, 1}},
        {"rejoin", {FaultKind::node_isolated, true, 1}},
        {"cut", {FaultKind::pair_cut, false, 2}},
        {"mend", {FaultKind::pair_cut, true, 2}},
        {"cut-one-way", {FaultKind::one_way_cut, false, 2}},
        {"mend-one-way", {FaultKind::one_way_cut, true, 2}},
        {"cut-interconnect", {FaultKind::interconnect_cut, false, 0}},
        {"mend-interconnect", {FaultKind::interconnect_cut, true, 0}},
        {"cut-path", {FaultKind::path_cut, false, 0}},
        {"mend-path", {FaultKind::path_cut, true, 0}},
        {"arbiter-cut", {FaultKind::arbiter_cut, false, 1}},
        {"arbiter-mend", {FaultKind::arbiter_cut, true, 1}},
        {"arbiter-down", {FaultKind::arbiter_down, false, 0}},
        {"arbiter-up", {FaultKind::arbiter_down, true, 0}},
        {"other-release", {FaultKind::release_differs, false, 1}},
        {"same-release", {FaultKind::release_differs, true, 1}},
        {"arbiter-wiped", {FaultKind::arbiter_wiped, false, 0}},
        {"arbiter-made-anew", {FaultKind::arbiter_wiped, true, 0}},
        {"aws-down", {FaultKind::aws_down, false, 0}},
        {"aws-up", {FaultKind::aws_down, true, 0}},
        {"end-announced", {FaultKind::end_announced, false, 1}},
        {"end-called-off", {FaultKind::end_announced, true, 1}},
        {"program-dies", {FaultKind::program_killed, false, 0}},
        {"scripts-fail", {FaultKind::scripts_bad, false, 1}},
        {"scripts-slow", {FaultKind::scripts_bad, false, 1}},
        {"scripts-work", {FaultKind::scripts_bad, true, 1}},
        {"programs-undying", {FaultKind::programs_undying, false, 1}},
        {"route-changed", {FaultKind::route_changed, false, 1}},
    };
    return all;
  }

  Outcome befall(const Words& words) {
    const auto verb = verbs().find(words[0]);
    if (verb == verbs().end()) return fmt::format("\"{}\" is no command", words[0]);
    if (words.size() != 1 + static_cast<std::size_t>(verb->second.nodes)) {
      return fmt::format("\"{}\" is followed by {} nodes", words[0], verb->second.nodes);
    }
    Fault fault{.kind = verb->second.kind, .rate = 2.0};
    if (words[0] == "scripts-slow") {
      fault.rate = 0;
      fault.size = 30s;
    }
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto place = node(words[i]);
      if (!place) return fmt::format("there is no node \"{}\"", words[i]);
      (i == 1 ? fault.node : fault.other) = *place;
    }
    if (!verb->second.ends) {
      simulation_->begin_fault(fault);
    } else if (!simulation_->end_fault([&fault](const Fault& each) {
                 return each.kind == fault.kind && each.node == fault.node;
               })) {
      return "there is nothing of that kind to end";
    }
    return std::nullopt;
  }

  std::unique_ptr<Simulation> simulation_;
  std::vector<MachineSet> runners_;
  WorldTime begun_{};
  std::string story_;
};

}  // namespace

Scenario split_scenario(std::string_view text) {
  const auto line = text.find(scenario_line);
  if (line == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, line)), std::string(text.substr(line + scenario_line.size()))};
}

std::expected<std::string, std::string> play(std::string_view commands) {
  Stage stage;
  std::istringstream lines{std::string(commands)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (const auto problem = stage.perform(line)) {
      return std::unexpected(fmt::format("line {}: {}", number, *problem));
    }
  }
  return stage.story();
}

}  // namespace mainstay::sim
