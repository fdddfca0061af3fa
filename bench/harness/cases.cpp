#include "harness/cases.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/check.h"
#include "harness/setting.h"

namespace mainstay::bench {
namespace {

constexpr Duration form_patience = 60s;
constexpr Duration arbiter_missed = 3s;

struct Scene {
  const Lab& lab;
  const Cluster& cluster;
  std::string owner;

  std::string survivor() const { return cluster.other(owner); }
};

struct Testimony {
  std::string says;
  std::vector<std::string> broken;
};

struct FailureCase {
  std::string_view name;
  Status (*strike)(const Scene&);
  Duration lasts;  // until `mend`; zero: there is nothing to mend while the client watches
  Status (*mend)(const Scene&);
  Duration watched;                                   // by the client, after the fault
  Result<Testimony> (*hear)(const Scene&) = nullptr;  // just before it is mended
};

Status nothing(const Scene&) { return {}; }

Status wait(Duration duration) {
  return pause(duration) ? Status{} : failure(Code::cancelled, "interrupted");
}

Status move(const Scene& scene) {
  const auto done =
      scene.cluster.ask(scene.owner, {"group", "move", std::string(group_name), scene.survivor()});
  return done ? Status{} : std::unexpected(done.error());
}

Status kill_node(const Scene& scene) { return scene.lab.fault({"kill", scene.owner}); }
Status kill_program(const Scene& scene) { return scene.cluster.kill_program(scene.owner); }
Status freeze(const Scene& scene) { return scene.lab.fault({"freeze", scene.owner}); }
// A node that was stopped by force meanwhile has nothing left to thaw.
Status thaw(const Scene& scene) {
  const auto life = scene.lab.life_of(scene.owner);
  if (!life) return std::unexpected(life.error());
  return *life == "frozen" ? scene.lab.fault({"thaw", scene.owner}) : Status{};
}
Status isolate(const Scene& scene) { return scene.lab.fault({"cut", scene.owner}); }
Status deafen(const Scene& scene) {
  return scene.lab.fault({"cut", scene.owner, "--one-way", "in"});
}
Status silence(const Scene& scene) {
  return scene.lab.fault({"cut", scene.owner, "--one-way", "out"});
}
Status cut_interconnect(const Scene& scene) {
  return scene.lab.fault({"cut", scene.owner, scene.survivor()});
}
Status heal(const Scene& scene) { return scene.lab.fault({"heal", scene.owner}); }

Status arbiter_away(const Scene& scene) {
  return take_arbiter_away(scene.lab, scene.cluster.site());
}
Status arbiter_back(const Scene& scene) {
  return bring_arbiter_back(scene.lab, scene.cluster.site());
}
// The nodes have noticed that the arbiter is gone before one of them dies.
Status arbiter_away_then_kill(const Scene& scene) {
  if (auto done = arbiter_away(scene); !done) return done;
  if (auto done = wait(arbiter_missed); !done) return done;
  return kill_node(scene);
}
Status kill_with_slow_stop(const Scene& scene) {
  if (auto done = scene.lab.fault({"stop-delay", "25s"}); !done) return done;
  return kill_node(scene);
}

Result<Testimony> hear_what_it_waits_for(const Scene& scene) {
  const auto view = scene.cluster.view(scene.survivor());
  if (!view) return std::unexpected(view.error());
  Testimony testimony{.says = view->waits_for, .broken = {}};
  if (view->owner == scene.survivor()) {
    testimony.broken.push_back(
        fmt::format("{} took {} over without evidence: it is {} there in term {}", scene.survivor(),
                    group_name, view->phase, view->term));
  }
  if (view->waits_for.empty()) {
    testimony.broken.push_back(scene.survivor() + " does not say what it waits for");
  }
  return testimony;
}

constexpr std::array cases = {
    FailureCase{"node-killed", kill_node, 0s, nothing, 8s},
    FailureCase{"planned-move", move, 0s, nothing, 3s},
    FailureCase{"program-killed", kill_program, 0s, nothing, 5s},
    FailureCase{"node-frozen", freeze, 20s, thaw, 25s},
    FailureCase{"node-isolated", isolate, 12s, heal, 18s},
    FailureCase{"interconnect-cut", cut_interconnect, 12s, heal, 18s},
    FailureCase{"one-way-in", deafen, 12s, heal, 18s},
    FailureCase{"one-way-out", silence, 12s, heal, 18s},
    FailureCase{"arbiter-down", arbiter_away, 15s, arbiter_back, 20s},
    FailureCase{"arbiter-down-node-killed", arbiter_away_then_kill, 15s, arbiter_back, 35s,
                hear_what_it_waits_for},
    FailureCase{"slow-forced-stop", kill_with_slow_stop, 0s, nothing, 40s},
    FailureCase{"eip-node-killed", kill_node, 0s, nothing, 8s},
    FailureCase{"dns-node-killed", kill_node, 0s, nothing, 20s},
};

const FailureCase& find(std::string_view name) {
  const auto found = std::ranges::find(cases, name, &FailureCase::name);
  MAINSTAY_CHECK(found != cases.end());
  return *found;
}

Result<Testimony> play(const FailureCase& failure_case, const Scene& scene, Duration delay) {
  const auto failed = [](const Status& done) { return std::unexpected(done.error()); };
  if (auto done = wait(delay); !done) return failed(done);
  if (auto done = failure_case.strike(scene); !done) return failed(done);
  if (auto done = wait(failure_case.lasts); !done) return failed(done);
  Testimony testimony;
  if (failure_case.hear != nullptr) {
    auto heard = failure_case.hear(scene);
    if (!heard) return heard;
    testimony = std::move(*heard);
  }
  if (auto done = failure_case.mend(scene); !done) return failed(done);
  return testimony;
}

// A forced stop takes its time; what it stops cannot be started before.
Status start_again(const Lab& lab, const std::string& instance) {
  const std::int64_t until = monotonic_ns() + form_patience.count();
  while (monotonic_ns() < until) {
    const auto life = lab.life_of(instance);
    if (!life) return std::unexpected(life.error());
    if (*life == "off") return lab.fault({"start", instance});
    if (*life == "running") return {};
    if (auto done = wait(100ms); !done) return done;
  }
  return failure(Code::timed_out, fmt::format("{} was not off {} after its run", instance,
                                              mainstay::to_text(form_patience)));
}

// For the next run: no fault in force, every node up.
Status restore(const Lab& lab, const Site& site) {
  if (auto done = lab.fault({"clear"}); !done) return done;
  for (const SiteNode& node : site.nodes) {
    if (auto done = start_again(lab, node.name); !done) return done;
  }
  return {};
}

// Of the activations that the fault brought about.
struct Since {
  int activations = 0;
  std::set<std::string> nodes;
  std::string evidence = "none";  // of the last one
};

// The survivor, or the owner if a forced stop chose the other one.
Result<std::string> witness(const Scene& scene) {
  const auto life = scene.lab.life_of(scene.survivor());
  if (!life) return life;
  return *life == "running" ? scene.survivor() : scene.owner;
}

Result<Since> activations_since(const Scene& scene, std::int64_t struck_ns) {
  const auto node = witness(scene);
  if (!node) return std::unexpected(node.error());
  const auto activations = scene.cluster.activations(*node);
  if (!activations) return std::unexpected(activations.error());
  Since since;
  for (const ActivationFacts& activation : *activations) {
    if (activation.monotonic_ns < struck_ns) continue;
    if (since.activations == 0) since.evidence = activation.evidence;
    ++since.activations;
    since.nodes.insert(activation.node);
  }
  return since;
}

// For a run that broke what must be. That it cannot be had is no reason to lose the run.
std::string story_since(const Scene& scene, std::int64_t struck_ns) {
  const auto node = witness(scene);
  if (!node) return node.error().message + "\n";
  const auto events = scene.cluster.events(*node, struck_ns);
  return events ? to_text(*events, struck_ns) : events.error().message + "\n";
}

// A ledger that was not written to would show nothing late.
Status check_witness(const Scene& scene, const Measurement& measured, const Since& since) {
  if (scene.cluster.site().shared_ledger.empty()) return {};
  std::set<std::string> nodes = since.nodes;
  nodes.insert(scene.owner);
  for (const std::string& node : nodes) {
    if (measured.shared_lines.contains(node)) continue;
    return failure(Code::corrupt,
                   fmt::format("the shared ledger has no line of {}, which ran the service", node));
  }
  return {};
}

Status check_served(const FailureCase& failure_case, const Scene& scene,
                    const Measurement& measured) {
  if (measured.ended) return {};
  return failure(
      Code::timed_out,
      fmt::format("{}: the client was not served again within {}\n{}", failure_case.name,
                  mainstay::to_text(failure_case.watched), scene.cluster.log_of(scene.survivor())));
}

}  // namespace

const std::vector<std::string>& case_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const FailureCase& one : cases) result.emplace_back(one.name);
    return result;
  }();
  return names;
}

Pattern pattern_of(std::string_view case_name) {
  if (case_name.starts_with("eip-")) return Pattern::eip;
  return case_name.starts_with("dns-") ? Pattern::dns : Pattern::vip;
}

bool applies(std::string_view case_name, std::string_view evidence) {
  if (pattern_of(case_name) != Pattern::vip) return evidence == presumed_evidence;
  if (case_name.starts_with("arbiter-")) return has_arbiter(evidence);
  if (case_name == "slow-forced-stop") return evidence != presumed_evidence;
  return true;
}

bool is_usual(std::string_view case_name, std::string_view evidence) {
  if (evidence != presumed_evidence) return applies(case_name, evidence);
  return applies(case_name, evidence) && case_name != "interconnect-cut" &&
         !case_name.starts_with("one-way-");
}

Result<CaseOutcome> run_case(std::string_view name, const Lab& lab, const Cluster& cluster,
                             const Programs& programs, Duration delay) {
  const FailureCase& failure_case = find(name);
  const auto before = cluster.wait_until_formed(form_patience);
  if (!before) return std::unexpected(before.error());
  const Scene scene{lab, cluster, before->owner};
  auto probe =
      Probe::start(lab, programs, delay + failure_case.watched, service_url(cluster.site()));
  if (!probe) return std::unexpected(probe.error());
  const std::int64_t struck = monotonic_ns() + delay.count();
  auto testimony = play(failure_case, scene, delay);
  if (!testimony) return std::unexpected(testimony.error());
  const auto measured = probe->finish();
  if (!measured) return std::unexpected(measured.error());
  if (auto done = check_served(failure_case, scene, *measured); !done) {
    return std::unexpected(done.error());
  }
  const auto since = activations_since(scene, struck);
  if (!since) return std::unexpected(since.error());
  if (auto done = check_witness(scene, *measured, *since); !done) {
    return std::unexpected(done.error());
  }
  std::string story = story_since(scene, struck);
  if (auto done = restore(lab, cluster.site()); !done) return std::unexpected(done.error());
  return CaseOutcome{.result = {.outage_ms = measured->outage_ms,
                                .both_active_ms = measured->both_active_ms,
                                .activations = since->activations,
                                .late_lines = measured->late_lines,
                                .late_lines_through_vip = measured->late_lines_through_vip},
                     .evidence = since->evidence,
                     .says = testimony->says,
                     .broken = testimony->broken,
                     .story = std::move(story)};
}

}  // namespace mainstay::bench
