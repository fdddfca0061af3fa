#include "harness/cases.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/check.h"

namespace mainstay::bench {
namespace {

constexpr Duration form_patience = 60s;

struct Scene {
  const Lab& lab;
  const Cluster& cluster;
  std::string owner;
};

struct FailureCase {
  std::string_view name;
  Status (*strike)(const Scene&);
  Duration lasts;  // until `mend`; zero: there is nothing to mend while the client watches
  Status (*mend)(const Scene&);
  Duration watched;                 // by the client, after the fault
  Status (*restore)(const Scene&);  // after the measurement, for the next run
};

Status nothing(const Scene&) { return {}; }

Status move(const Scene& scene) {
  const auto done = scene.cluster.ask(
      scene.owner, {"group", "move", std::string(group_name), scene.cluster.other(scene.owner)});
  return done ? Status{} : std::unexpected(done.error());
}

Status kill_node(const Scene& scene) { return scene.lab.fault({"kill", scene.owner}); }
Status start_node(const Scene& scene) { return scene.lab.fault({"start", scene.owner}); }
Status kill_program(const Scene& scene) { return scene.cluster.kill_program(scene.owner); }
Status freeze(const Scene& scene) { return scene.lab.fault({"freeze", scene.owner}); }
Status thaw(const Scene& scene) { return scene.lab.fault({"thaw", scene.owner}); }
Status isolate(const Scene& scene) { return scene.lab.fault({"cut", scene.owner}); }
Status heal(const Scene& scene) { return scene.lab.fault({"heal", scene.owner}); }

constexpr std::array cases = {
    FailureCase{"node-killed", kill_node, 0s, nothing, 8s, start_node},
    FailureCase{"planned-move", move, 0s, nothing, 3s, nothing},
    FailureCase{"program-killed", kill_program, 0s, nothing, 5s, nothing},
    FailureCase{"node-frozen", freeze, 20s, thaw, 25s, nothing},
    FailureCase{"node-isolated", isolate, 12s, heal, 18s, nothing},
};

const FailureCase& find(std::string_view name) {
  const auto found = std::ranges::find(cases, name, &FailureCase::name);
  MAINSTAY_CHECK(found != cases.end());
  return *found;
}

Status play(const FailureCase& failure_case, const Scene& scene, Duration delay) {
  if (!pause(delay)) return failure(Code::cancelled, "interrupted");
  if (auto done = failure_case.strike(scene); !done) return done;
  if (failure_case.lasts > Duration::zero() && !pause(failure_case.lasts)) {
    return failure(Code::cancelled, "interrupted");
  }
  return failure_case.mend(scene);
}

// What the activation rested on that the fault brought about; "none" if there was none.
Result<std::string> evidence_since(const Scene& scene, std::int64_t struck_ns) {
  const auto view = scene.cluster.view(scene.cluster.other(scene.owner));
  if (!view) return std::unexpected(view.error());
  const std::string owner = view->owner.empty() ? scene.owner : view->owner;
  const auto activation = scene.cluster.last_activation(owner);
  if (!activation) return std::unexpected(activation.error());
  return activation->monotonic_ns < struck_ns ? "none" : activation->evidence;
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

bool is_case(std::string_view name) {
  return std::ranges::find(case_names(), name) != case_names().end();
}

Result<CaseOutcome> run_case(std::string_view name, const Lab& lab, const Cluster& cluster,
                             const Programs& programs, Duration delay) {
  const FailureCase& failure_case = find(name);
  const auto before = cluster.wait_until_formed(form_patience);
  if (!before) return std::unexpected(before.error());
  const Scene scene{lab, cluster, before->owner};
  const Duration watched = delay + failure_case.watched;
  auto probe = Probe::start(lab, programs, watched);
  if (!probe) return std::unexpected(probe.error());
  const std::int64_t struck = monotonic_ns() + delay.count();
  if (auto done = play(failure_case, scene, delay); !done) return std::unexpected(done.error());
  const auto measured = probe->finish();
  if (!measured) return std::unexpected(measured.error());
  if (!measured->ended) {
    return failure(Code::timed_out, fmt::format("{}: the client was not served again within {}\n{}",
                                                name, mainstay::to_text(failure_case.watched),
                                                cluster.log_of(cluster.other(scene.owner))));
  }
  const auto evidence = evidence_since(scene, struck);
  if (!evidence) return std::unexpected(evidence.error());
  if (auto done = failure_case.restore(scene); !done) return std::unexpected(done.error());
  return CaseOutcome{{measured->outage_ms, measured->both_active_ms}, *evidence};
}

}  // namespace mainstay::bench
