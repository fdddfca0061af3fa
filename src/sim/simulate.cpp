#include "sim/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "sim/simulation.h"

namespace mainstay::sim {
namespace {

constexpr Duration watched_for = 3min;
constexpr Duration tick = 10ms;

// The accidents that a user asks about. They befall the node that serves, where they befall a node.
std::vector<FaultKind> kinds_for(const ClusterConfig& config) {
  std::vector<FaultKind> kinds = {
      FaultKind::node_killed,    FaultKind::node_frozen,      FaultKind::node_isolated,
      FaultKind::daemon_killed,  FaultKind::interconnect_cut, FaultKind::one_way_cut,
      FaultKind::program_killed, FaultKind::aws_down,         FaultKind::order_move_group};
  if (config.arbitration.arbiter.kind != ArbiterKind::none) {
    kinds.push_back(FaultKind::arbiter_down);
  }
  return kinds;
}

Duration length_of(FaultKind kind, Random& random) {
  switch (kind) {
    case FaultKind::node_killed:
      return 10min;
    case FaultKind::node_frozen:
      return random.between(5s, 40s);
    case FaultKind::daemon_killed:
      return random.between(100ms, 5s);
    default:
      return random.between(20s, 90s);
  }
}

struct Sample {
  bool formed = false;
  Duration outage{};
  bool served_at_end = false;
  Duration two_owners{};
  Duration simulated{};
  std::vector<Violation> violations;
  std::vector<StoryLine> story;
};

// How clients fare, the worst group first.
enum class Service { none, two_owners, served };

// By one owner, and by one that they can reach. Two owners are worse than an outage, and no outage.
Service service_of(Simulation& simulation, std::size_t group) {
  World& world = simulation.world();
  if (std::popcount(simulation.truth().runners(group)) > 1) return Service::two_owners;
  const std::size_t server = simulation.truth().server(group);
  const bool reached = server != world.size() && !world.machine(server).conditions().outside_cut;
  return reached ? Service::served : Service::none;
}

Service service_of_all(Simulation& simulation) {
  Service worst = Service::served;
  for (std::size_t group = 0; group < simulation.truth().group_count(); ++group) {
    if (simulation.wanted()[group]) worst = std::min(worst, service_of(simulation, group));
  }
  return worst;
}

std::size_t owner_of_any(const Simulation& simulation, World& world) {
  for (std::size_t group = 0; group < simulation.truth().group_count(); ++group) {
    const std::size_t server = simulation.truth().server(group);
    if (server != world.size()) return server;
  }
  return 0;
}

Fault fault_for(Simulation& simulation, FaultKind kind, Random& random) {
  World& world = simulation.world();
  Fault fault{.kind = kind, .length = length_of(kind, random)};
  fault.node = owner_of_any(simulation, world);
  fault.other = (fault.node + 1 + random.below(world.size() - 1)) % world.size();
  if (kind == FaultKind::order_move_group) std::swap(fault.node, fault.other);
  // Both directions are asked about.
  if (kind == FaultKind::one_way_cut && random.chance(0.5)) std::swap(fault.node, fault.other);
  return fault;
}

void end_later(Simulation& simulation, const Fault& fault) {
  simulation.world().after(fault.length, [&simulation, fault] {
    simulation.end_fault([&fault](const Fault& each) { return each.kind == fault.kind; });
  });
}

void watch_clients(Simulation& simulation, Sample& sample) {
  const WorldTime until = simulation.world().now() + watched_for;
  WorldTime served_since = simulation.world().now();
  bool served = true;
  while (simulation.world().now() < until) {
    if (!simulation.run_for(tick)) break;
    const Service service = service_of_all(simulation);
    const bool now_served = service == Service::served;
    if (service == Service::none) sample.outage += tick;
    if (now_served != served) served_since = simulation.world().now();
    served = now_served;
    // Long enough in peace, with the accident over: nothing more is to be seen.
    if (served && simulation.world().now() - served_since > 100s) break;
  }
  sample.served_at_end = served;
}

Sample sample_of(std::shared_ptr<const ClusterConfig> config, FaultKind kind, std::uint64_t seed,
                 bool story) {
  Sample sample;
  Random random(seed);
  Ingredients ingredients{.seed = random.next(),
                          .environment = environment_for(std::move(config), random),
                          .faults = {},
                          .story = story,
                          .unwatched_die = true};
  Simulation simulation(std::move(ingredients));
  simulation.begin();
  sample.formed = simulation.run_until_served(simulation.liveness_bound(), 5s);
  if (sample.formed) {
    simulation.run_for(random.between(0ns, 2s));
    const Fault fault = fault_for(simulation, kind, random);
    simulation.begin_fault(fault);
    end_later(simulation, fault);
    watch_clients(simulation, sample);
  }
  simulation.finish();
  for (const auto& run : simulation.scene().double_runs) {
    sample.two_owners = std::max(sample.two_owners, run.until - run.from);
  }
  sample.simulated = simulation.world().now().time_since_epoch();
  sample.violations = simulation.scene().violations;
  sample.story = simulation.story();
  return sample;
}

Duration percentile(const std::vector<Duration>& sorted, std::size_t percent) {
  if (sorted.empty()) return {};
  return sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
}

struct Gathered {
  FaultReport report;
  std::vector<Duration> outages;
};

class Survey {
 public:
  Survey(std::shared_ptr<const ClusterConfig> config, const SimulateOptions& options)
      : config_(std::move(config)), options_(options), kinds_(kinds_for(*config_)) {
    report_.evidence = to_text(evidence_of(*config_));
    gathered_.resize(kinds_.size());
    for (std::size_t i = 0; i < kinds_.size(); ++i) {
      gathered_[i].report.fault = to_text(kinds_[i]);
    }
  }

  SimulateReport run() {
    for (std::uint64_t i = 0; i < options_.seeds; ++i) {
      take(options_.first_seed + i, i % kinds_.size());
      if (options_.progress && !options_.progress(i + 1, options_.seeds)) break;
    }
    for (auto& each : gathered_) report_.faults.push_back(summed_up(each));
    tell_two_owners();
    return std::move(report_);
  }

 private:
  void take(std::uint64_t seed, std::size_t kind) {
    const Sample sample = sample_of(config_, kinds_[kind], seed, false);
    ++report_.seeds;
    report_.simulated += sample.simulated;
    for (const auto& violation : sample.violations) {
      if (report_.broken.size() >= broken_max) break;
      report_.broken.push_back(fmt::format("seed {}: {}: {}", seed, violation.law, violation.text));
    }
    Gathered& gathered = gathered_[kind];
    ++gathered.report.runs;
    gathered.outages.push_back(sample.outage);
    if (!sample.served_at_end) ++gathered.report.not_served;
    if (sample.two_owners == Duration::zero()) return;
    ++gathered.report.two_owners;
    gathered.report.two_owners_max = std::max(gathered.report.two_owners_max, sample.two_owners);
    if (report_.two_owners_possible && sample.simulated >= shortest_) return;
    report_.two_owners_possible = true;
    report_.two_owners_seed = seed;
    shortest_ = sample.simulated;
    shortest_kind_ = kinds_[kind];
  }

  static FaultReport summed_up(Gathered& gathered) {
    std::ranges::sort(gathered.outages);
    FaultReport report = std::move(gathered.report);
    report.outage_median = percentile(gathered.outages, 50);
    report.outage_p90 = percentile(gathered.outages, 90);
    report.outage_p99 = percentile(gathered.outages, 99);
    report.outage_max = percentile(gathered.outages, 100);
    return report;
  }

  // The run is made once more, this time with its story, from shortly before the accident.
  void tell_two_owners() {
    if (!report_.two_owners_possible) return;
    const Sample sample = sample_of(config_, shortest_kind_, report_.two_owners_seed, true);
    const auto accident =
        std::ranges::find_if(sample.story, [](const StoryLine& line) { return line.node.empty(); });
    for (auto line = accident; line != sample.story.end(); ++line) {
      report_.two_owners_story.push_back(to_text(*line));
    }
  }

  std::shared_ptr<const ClusterConfig> config_;
  const SimulateOptions& options_;
  std::vector<FaultKind> kinds_;
  SimulateReport report_;
  std::vector<Gathered> gathered_;
  Duration shortest_{};
  FaultKind shortest_kind_ = FaultKind::node_killed;
};

std::string seconds(Duration duration) {
  return fmt::format("{:.2f} s", std::chrono::duration<double>(duration).count());
}

}  // namespace

SimulateReport simulate(std::shared_ptr<const ClusterConfig> config,
                        const SimulateOptions& options) {
  if (config->nodes.size() < 2 || config->groups.empty()) {
    SimulateReport empty;
    empty.evidence = "none: a cluster of one node, or without groups, has no failovers";
    return empty;
  }
  return Survey(std::move(config), options).run();
}

std::string to_text(const SimulateReport& report) {
  std::string text = fmt::format(
      "{} seeds, {} of simulated time; failovers rest on: {}\n\n{:<24}{:>6}{:>11}{:>11}{:>11}{:>11}"
      "{:>12}{:>12}{:>12}\n",
      report.seeds, mainstay::to_text(report.simulated), report.evidence, "client outage after",
      "runs", "median", "p90", "p99", "max", "not served", "two owners", "at most for");
  for (const auto& fault : report.faults) {
    text += fmt::format("{:<24}{:>6}{:>11}{:>11}{:>11}{:>11}{:>12}{:>12}{:>12}\n", fault.fault,
                        fault.runs, seconds(fault.outage_median), seconds(fault.outage_p90),
                        seconds(fault.outage_p99), seconds(fault.outage_max), fault.not_served,
                        fault.two_owners, seconds(fault.two_owners_max));
  }
  text +=
      report.two_owners_possible
          ? fmt::format("\nTwo nodes can run one group at once. The shortest story (seed {}):\n",
                        report.two_owners_seed)
          : "\nNo run had two owners of one group.\n";
  for (const auto& line : report.two_owners_story) text += line + "\n";
  for (const auto& line : report.broken) text += "BROKEN " + line + "\n";
  return text;
}

}  // namespace mainstay::sim
