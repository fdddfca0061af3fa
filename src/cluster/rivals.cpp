// A group that is active on two nodes at once: weak evidence let it happen. It is noticed with the
// first beat that says so, recorded on both nodes, and ended by rule: one of the two gives way. The
// other one looks after its resources once the loser has stopped, since whatever the loser still
// had under way may have taken something from it (a route, say).
#include "cluster/node_parts.h"

namespace mainstay::node {
namespace {

std::string evidence_text(const std::optional<Evidence>& weakest) {
  return weakest ? std::string(to_text(*weakest)) : "no";
}

struct Meeting {
  const GroupConfig& config;
  const NodeName& peer;
  const GroupReport& theirs;
};

bool active(const GroupReport& report) {
  return report.phase == GroupPhase::starting || report.phase == GroupPhase::running;
}

// The named survivor stays; else the later activation, and of two with one term the first in the
// order of the nodes.
bool we_stay(const Meeting& meeting, const group::Group& group, const Step& step) {
  const NodeName& survivor = step.config.arbitration.both_active_survivor;
  if (survivor == step.self) return true;
  if (survivor == meeting.peer) return false;
  if (group.term != meeting.theirs.term) return group.term > meeting.theirs.term;
  return rank(step.config, step.self) < rank(step.config, meeting.peer);
}

// Said and counted once for each of the peer's activations. False: it was.
bool record(group::Group& group, const Meeting& meeting, const NodeName& loser, Step& step) {
  const auto [known, is_new] = group.rivals.try_emplace(meeting.peer, meeting.theirs.term);
  if (!is_new && known->second == meeting.theirs.term) return false;
  known->second = meeting.theirs.term;
  ++group.double_runs;
  step.note(Severity::error, meeting.config.name.value,
            fmt::format("was active on {} (term {}, on {} evidence) and on {} (term {}, on {} "
                        "evidence) at once; it stops on {}",
                        step.self, group.term, evidence_text(group.weakest), meeting.peer,
                        meeting.theirs.term, evidence_text(meeting.theirs.weakest), loser));
  return true;
}

void meet(group::Group& group, const Meeting& meeting, Step& step) {
  // It has given way to us already, before we heard of it.
  const bool yielded = meeting.theirs.met == Rival{step.self, group.term};
  if (!active(meeting.theirs) && !yielded) return;
  const bool stay = yielded || we_stay(meeting, group, step);
  const Rival rival{meeting.peer, meeting.theirs.term};
  const bool is_new = record(group, meeting, stay ? meeting.peer : step.self, step);
  if (stay && is_new) group.beaten = rival;
  if (stay) return;
  group.met = rival;
  group::begin_stop(group, meeting.config, StopReason::both_active, step);
}

bool still_active(const State& state, const Rival& rival, const GroupName& group) {
  const membership::Peer& peer = state.membership.peers.at(rival.node);
  if (!membership::present(peer) || !peer.beat) return false;
  const auto report = peer.beat->reports.find(group);
  if (report == peer.beat->reports.end()) return false;
  return report->second.phase != GroupPhase::stopped &&
         report->second.phase != GroupPhase::claiming;
}

}  // namespace

void notice_both_active(State& state, const NodeName& from, const Beat& beat, Step& step) {
  for (const auto& config : step.config.groups) {
    group::Group& group = state.groups.at(config.name);
    const auto report = beat.reports.find(config.name);
    if (!group::runs(group) || report == beat.reports.end()) continue;
    meet(group, {config, from, report->second}, step);
  }
}

void look_after_double_runs(State& state, Step& step) {
  for (const auto& config : step.config.groups) {
    group::Group& group = state.groups.at(config.name);
    if (group.beaten.node.empty() || !group::runs(group)) continue;
    if (still_active(state, group.beaten, config.name)) continue;
    step.note(Severity::information, config.name.value,
              fmt::format("runs on {} alone again; its monitors look at it now", step.self));
    recovery::look_now(state.recovery, config.name, step);
    group.beaten = {};
  }
}

}  // namespace mainstay::node
