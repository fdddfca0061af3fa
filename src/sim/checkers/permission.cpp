// Where there is an arbiter, no group runs past its node's permission: computed here from what the
// arbiter accepted and what the peers echoed, not from what the node believes.
//
// A session that the arbiter accepted lasts its lease from the moment the renewal was asked for. A
// beat that a peer echoed with its vouch lasts a lease from the moment the beat was sent, and
// counts only if every other node vouches that was not last heard to stop cleanly. The return of
// one that had stopped cleanly counts as its vouch at the moment its return is echoed: it acts
// against nobody before it hears that. And no session is revoked before the permission of its
// holder has ended, unless the revocation came so late that who asked for it had given it up: it
// draws nothing from it, and the others go by their own vouches. (Whoever was revoked may take a
// new session, and is cleared all the same for as long as the one who revoked it keeps its own: it
// would have to revoke that one first.)
#include <fmt/format.h>

#include "cluster/arbitration/session_record.h"
#include "sim/checkers/checker.h"

namespace mainstay::sim {
namespace {

constexpr std::size_t beats_max = 1024;

struct Node {
  Incarnation incarnation = 0;
  WorldTime session_until{};
  std::map<BeatNumber, WorldTime> sent;      // own beats of this life, when they were sent
  std::map<std::size_t, WorldTime> vouched;  // by each peer, until when
  WorldTime permitted_until{};
  std::map<std::size_t, std::pair<Incarnation, BeatNumber>> newest;  // beat heard, by peer
  // Peers that were heard to stop cleanly, in which run, and whose return was not echoed yet.
  std::map<std::size_t, Incarnation> resigned;
};

struct Watch {
  std::vector<Node> nodes;
};

void reckon(Watch& watch, std::size_t machine) {
  Node& node = watch.nodes[machine];
  WorldTime vouches = world_never;
  for (std::size_t other = 0; other < watch.nodes.size(); ++other) {
    if (other == machine || node.resigned.contains(other)) continue;
    vouches = std::min(vouches, node.vouched[other]);
  }
  node.permitted_until = std::max(node.session_until, vouches);
}

WorldTime after(const Scene& scene, std::size_t machine, WorldTime from, Duration span) {
  return from + scene.world.machine(machine).rate().world_span(span);
}

void on_beat_sent(Scene& scene, Watch& watch, std::size_t machine, const Beat& beat) {
  Node& node = watch.nodes[machine];
  node.incarnation = beat.incarnation;
  node.sent[beat.number] = scene.world.now();
  if (node.sent.size() > beats_max) node.sent.erase(node.sent.begin());
  for (const auto& [name, echo] : beat.echoes) {
    const std::size_t peer = scene.world.index_of(name);
    const auto resigned = node.resigned.find(peer);
    if (resigned == node.resigned.end() || echo.incarnation <= resigned->second) continue;
    node.resigned.erase(resigned);
    WorldTime& until = node.vouched[peer];
    until = std::max(until, after(scene, machine, scene.world.now(), scene.config().timing.lease));
    reckon(watch, machine);
  }
}

void on_beat_heard(Scene& scene, Watch& watch, std::size_t machine, const BeatHeard& heard) {
  const std::size_t from = scene.world.index_of(heard.from);
  auto& newest = watch.nodes[machine].newest[from];
  const std::pair age(heard.beat.incarnation, heard.beat.number);
  if (age <= newest) return;  // Overtaken, or the same one by another path.
  newest = age;
  if (heard.beat.phase == NodePhase::stopped) {
    watch.nodes[machine].resigned[from] = heard.beat.incarnation;
    reckon(watch, machine);
  }
  const auto echo = heard.beat.echoes.find(scene.world.machine(machine).name());
  if (echo == heard.beat.echoes.end() || !echo->second.vouched) return;
  Node& node = watch.nodes[machine];
  if (echo->second.incarnation != node.incarnation) return;
  const auto sent = node.sent.find(echo->second.beat);
  if (sent == node.sent.end()) return;
  WorldTime& until = node.vouched[from];
  until = std::max(until, after(scene, machine, sent->second, scene.config().timing.lease));
  reckon(watch, machine);
}

// Nobody may take away what another may still rely on.
void on_revoked(Scene& scene, const Watch& watch, const ArbiterWrite& write) {
  for (std::size_t machine = 0; machine < watch.nodes.size(); ++machine) {
    const NodeName& holder = scene.world.machine(machine).name();
    const WorldTime until = watch.nodes[machine].permitted_until;
    if (write.key != "node/" + holder.value || scene.world.now() >= until) continue;
    scene.violate("permission",
                  fmt::format("{} revokes the session of {}, whose permission lasts until {}",
                              scene.world.machine(write.machine).name(), holder, to_text(until)));
  }
}

void on_write(Scene& scene, Watch& watch, const ArbiterWrite& write) {
  if (!write.key.starts_with("node/")) return;
  const auto record = arbitration::decode_session(write.value);
  if (!record) return;
  const bool revoked = record->standing == arbitration::SessionStanding::revoked;
  if (revoked && write.awaited) on_revoked(scene, watch, write);
  if (write.key != "node/" + scene.world.machine(write.machine).name().value) return;
  Node& node = watch.nodes[write.machine];
  // A renewal may shorten the lease: who is not alone any more lets others in sooner.
  const bool active = record->standing == arbitration::SessionStanding::active;
  node.session_until = active ? after(scene, write.machine, write.asked, record->lease)
                              : std::min(node.session_until, scene.world.now());
  reckon(watch, write.machine);
}

void judge(Scene& scene, const Watch& watch) {
  for (std::size_t group = 0; group < scene.truth.group_count(); ++group) {
    const MachineSet runners = scene.truth.runners(group);
    if (runners == 0) continue;
    for (std::size_t machine = 0; machine < watch.nodes.size(); ++machine) {
      const WorldTime until = watch.nodes[machine].permitted_until;
      if (!holds(runners, machine) || scene.world.now() <= until) continue;
      scene.violate("permission", fmt::format("{} runs {} although its permission ended at {}",
                                              scene.world.machine(machine).name(),
                                              scene.config().groups[group].name, to_text(until)));
    }
  }
}

}  // namespace

Checker permission() {
  const auto watch = std::make_shared<Watch>();
  Checker checker{.law = "permission"};
  checker.on_action = [watch](Scene& scene, std::size_t machine, const Action& action, Instant) {
    const auto* spoken = std::get_if<SendBeat>(&action);
    if (spoken == nullptr) return;
    watch->nodes.resize(scene.world.size());
    on_beat_sent(scene, *watch, machine, spoken->beat);
  };
  checker.on_event = [watch](Scene& scene, std::size_t machine, const Event& event, Instant) {
    const auto* heard = std::get_if<BeatHeard>(&event);
    if (heard == nullptr) return;
    watch->nodes.resize(scene.world.size());
    on_beat_heard(scene, *watch, machine, *heard);
  };
  checker.on_write = [watch](Scene& scene, const ArbiterWrite& write) {
    watch->nodes.resize(scene.world.size());
    on_write(scene, *watch, write);
  };
  checker.on_sighting = [watch](Scene& scene, const Sighting& sighting) {
    watch->nodes.resize(scene.world.size());
    if (sighting.sight == Sight::daemon_changed) watch->nodes[sighting.machine].sent.clear();
  };
  checker.at_rest = [watch](Scene& scene) {
    watch->nodes.resize(scene.world.size());
    judge(scene, *watch);
  };
  return checker;
}

}  // namespace mainstay::sim
