#include "cluster/placement/placement.h"

#include <algorithm>

namespace mainstay::placement {
namespace {

const GroupReport* report(const View& view, const NodeName& node, const GroupName& group) {
  const auto candidate = view.present.find(node);
  if (candidate == view.present.end()) return nullptr;
  const auto found = candidate->second.reports.find(group);
  return found == candidate->second.reports.end() ? nullptr : &found->second;
}

bool owns(GroupPhase phase) {
  return phase == GroupPhase::starting || phase == GroupPhase::running;
}

Intent intent(const View& view, const GroupConfig& group) {
  const auto found = view.intents.find(group.name);
  return found != view.intents.end() ? found->second
                                     : Intent{.run = group.start == Switch::automatic};
}

Term highest_active_term(const View& view, const GroupName& group) {
  Term term = 0;
  for (const auto& [node, candidate] : view.present) {
    const auto found = candidate.reports.find(group);
    if (found != candidate.reports.end() && owns(found->second.phase))
      term = std::max(term, found->second.term);
  }
  return term;
}

bool willing(const Candidate& candidate) { return !candidate.quarantined && !candidate.drained; }

NodeName first_fit(const View& view, const GroupConfig& group, const NodeName& except) {
  NodeName last_resort;
  for (const auto& node : group.policy) {
    if (node == except || !fit(view, node, group.name)) continue;
    if (willing(view.present.at(node))) return node;
    if (last_resort.empty()) last_resort = node;
  }
  return last_resort;
}

// Whom a drained node leaves the group to; nobody if it is no better off there.
NodeName better_than_drained(const View& view, const GroupConfig& group, const NodeName& node) {
  if (!view.present.at(node).drained) return {};
  const NodeName other = first_fit(view, group, node);
  return !other.empty() && willing(view.present.at(other)) ? other : NodeName{};
}

// Where the group is, unless it should go elsewhere.
NodeName keep_or_move(const View& view, const GroupConfig& group, const NodeName& now,
                      const Intent& wish) {
  if (!fit(view, now, group.name)) {
    const NodeName other = first_fit(view, group, now);
    // A member that failed with it keeps trying if nobody else can; one that leaves does not.
    return other.empty() && view.present.at(now).usable ? now : other;
  }
  if (view.present.at(now).drained) {
    const NodeName other = better_than_drained(view, group, now);
    return other.empty() ? now : other;
  }
  const bool settled = report(view, now, group.name)->phase == GroupPhase::running;
  // An operator who moved it here meant it to stay: it would return at once, be stopped, be moved
  // here again by the same wish, and so on.
  const bool meant = wish.to == now;
  const NodeName& best = group.policy.front();
  if (group.failback == Switch::automatic && settled && !meant && now != best &&
      fit(view, best, group.name) && willing(view.present.at(best))) {
    return best;
  }
  return now;
}

}  // namespace

NodeName owner(const View& view, const GroupName& group) {
  NodeName best;
  Term term = 0;
  for (const auto& [node, candidate] : view.present) {
    const auto found = candidate.reports.find(group);
    if (found == candidate.reports.end() || !owns(found->second.phase)) continue;
    if (best.empty() || found->second.term > term) {
      best = node;
      term = found->second.term;
    }
  }
  return best;
}

bool fit(const View& view, const NodeName& node, const GroupName& group) {
  const auto candidate = view.present.find(node);
  if (candidate == view.present.end() || !candidate->second.usable) return false;
  const GroupReport* known = report(view, node, group);
  return known != nullptr && !known->unfit;
}

NodeName decide(const View& view, const GroupConfig& group) {
  const Intent wish = intent(view, group);
  if (!wish.run) return {};
  const Term active = highest_active_term(view, group.name);
  const bool fresh = active <= wish.after;  // the wish has not been fulfilled since it was made
  // A wish for a node that was drained since would call back there what leaves it.
  const bool possible = !wish.to.empty() && fresh && fit(view, wish.to, group.name) &&
                        better_than_drained(view, group, wish.to).empty();
  if (possible) return wish.to;
  const NodeName now = owner(view, group.name);
  if (!now.empty()) return keep_or_move(view, group, now, wish);
  const auto lost = view.owner_lost.find(group.name);
  const bool by_failover = lost != view.owner_lost.end() && lost->second;
  if (by_failover && group.failover == Switch::manual) return {};
  return first_fit(view, group, {});
}

std::map<GroupName, NodeName> decide(const View& view, const ClusterConfig& config) {
  std::map<GroupName, NodeName> wanted;
  for (const auto& group : config.groups) wanted[group.name] = decide(view, group);
  return wanted;
}

}  // namespace mainstay::placement
