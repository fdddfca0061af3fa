// From stopped to starting: a term, a promise from everyone who can speak, evidence against
// everyone who cannot, and at the arbiter the swap of the group's record.
//
// A promise is what makes `reported` safe between two claimants: "I do not run it, and will not
// start it at this term or below". Each node gives one promise per term, to one claimant, and
// stores it before it speaks it. It refuses while it hears somebody run the group: who cannot hear
// the owner itself shall not take it away.
#include <algorithm>

#include "base/sabotage.h"
#include "cluster/arbitration/session_record.h"
#include "cluster/node_parts.h"

namespace mainstay::node {
namespace {

bool somebody_runs(const State& state, const GroupName& name, const NodeName& except) {
  return std::ranges::any_of(state.membership.peers, [&](const auto& entry) {
    const auto& [node, peer] = entry;
    if (node == except || peer.trust != membership::Trust::alive || peer.resigned || !peer.beat)
      return false;
    const auto report = peer.beat->reports.find(name);
    return report != peer.beat->reports.end() && (report->second.phase == GroupPhase::starting ||
                                                  report->second.phase == GroupPhase::running);
  });
}

void yield(group::Group& group, const GroupConfig& config, const NodeName& to, Step& step) {
  group.phase = GroupPhase::stopped;
  group.claim_again_at = step.now + step.config.timing.heartbeat_interval;
  step.note(Severity::information, config.name.value,
            fmt::format("claiming → stopped: {} claims it as well and goes first", to));
}

void consider_claim(State& state, const GroupConfig& config, const NodeName& from, Term term,
                    Step& step) {
  group::Group& group = state.groups.at(config.name);
  const Promise& given = state.durable.promises[config.name];
  if (given.claimant == from && given.term == term) return;
  if (!group::idle(group) || somebody_runs(state, config.name, from)) return;
  if (group.phase == GroupPhase::claiming) {
    const bool first =
        term > group.term ||
        (term == group.term && rank(step.config, from) < rank(step.config, step.self));
    // At one term there is one promise, and we gave ours to ourselves: it asks again, higher.
    if (!first || given.term >= term) return;
    yield(group, config, from, step);
  }
  if (given.term >= term) return;
  promise(state, config.name, {.term = term, .claimant = from}, step);
}

// ---- Our own claims.

// In milliseconds. The incarnation is the time of day of our start, or more.
Term time_of_day(const State& state, Instant now) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - state.began);
  return state.durable.incarnation + static_cast<Term>(since.count());
}

// Who has not heard another node in this run does not know which terms that node has used since,
// and unless the arbiter's record of the group is looked at nobody can tell it. The time of day is
// above them, so that even then a term is not used twice: of two that start without having heard
// each other, the later one has the higher term.
Term unheard_floor(const State& state, const GroupConfig& config, const Step& step) {
  const bool unheard = std::ranges::any_of(config.policy, [&](const NodeName& node) {
    return node != state.self && !state.membership.peers.at(node).beat;
  });
  return unheard ? time_of_day(state, step.now) : 0;
}

// The other one may have started while we waited: what is older than this is claimed again.
constexpr Term fresh_for = 2'000;

bool claims_stale(const State& state, const GroupConfig& config, group::Group& group,
                  const Step& step) {
  if (group.term + fresh_for >= unheard_floor(state, config, step)) return false;
  group.phase = GroupPhase::stopped;
  group.claim_again_at = step.now;
  return true;
}

// An arbiter without a record of the group may have forgotten it: a table that was deleted and made
// anew. If also somebody is missing who could tell, only the time of day is above all terms there
// were.
Term forgotten_floor(const State& state, const GroupConfig& config, const group::Group& group) {
  const bool missing = std::ranges::any_of(config.policy, [&](const NodeName& node) {
    if (node == state.self) return false;
    const membership::Peer& peer = state.membership.peers.at(node);
    return !membership::present(peer) || !peer.beat;
  });
  return group.owner_absent && missing ? time_of_day(state, group.claim_since) : 0;
}

// The claim that follows is later than the one that was too low, and must be above its own floor.
constexpr Term headroom = 60'000;

bool has_arbiter(const ClusterConfig& config) {
  return config.arbitration.arbiter.kind != ArbiterKind::none;
}

void begin_claim(State& state, const GroupConfig& config, group::Group& group, Step& step) {
  const Term highest = highest_term(state, config.name);
  group.phase = GroupPhase::claiming;
  group.term = highest + (sabotaged(Sabotage::term_repeats) && highest > 0 ? 0 : 1);
  group.claim_since = step.now;
  if (!has_arbiter(step.config))
    group.term = std::max(group.term, unheard_floor(state, config, step));
  group.owner_won = false;
  group.owner_read = false;
  group.owner_absent = false;
  group.owner_reading = 0;
  group.owner_swapping = 0;
  group.owner_next_at = step.now;
  group.waits_for.clear();
  promise(state, config.name, {.term = group.term, .claimant = step.self}, step);
}

// The others' promises to somebody else, at our term or above, make this claim hopeless: ask again,
// higher.
bool outbid(const State& state, const GroupName& name, const group::Group& group) {
  return std::ranges::any_of(state.membership.peers, [&](const auto& entry) {
    const auto& peer = entry.second;
    if (!membership::present(peer) || !peer.beat) return false;
    const auto report = peer.beat->reports.find(name);
    if (report == peer.beat->reports.end()) return false;
    const Promise& promise = report->second.promise;
    return (promise.term >= group.term && promise.claimant != state.self) ||
           (report->second.term >= group.term && report->second.phase != GroupPhase::claiming);
  });
}

std::optional<Clearance> reported(const NodeName& node, const membership::Peer& peer,
                                  const GroupName& name, const group::Group& group,
                                  const NodeName& self) {
  if (!peer.beat) return std::nullopt;
  const auto report = peer.beat->reports.find(name);
  if (report == peer.beat->reports.end()) return std::nullopt;
  const GroupPhase phase = report->second.phase;
  const bool stopped = phase == GroupPhase::stopped || phase == GroupPhase::claiming;
  if (!stopped) return std::nullopt;
  const bool promised = report->second.promise == Promise{group.term, self};
  if (!promised && !sabotaged(Sabotage::promise_forgotten)) return std::nullopt;
  return Clearance{node, Evidence::reported,
                   fmt::format("it does not run it and promised term {} to us", group.term)};
}

std::optional<Clearance> clearance_of(const State& state, const NodeName& node,
                                      const GroupName& name, const group::Group& group,
                                      const Step& step) {
  const membership::Peer& peer = state.membership.peers.at(node);
  // A promise read at the arbiter is as good as a heard one; it need not be present.
  if (auto found = reported(node, peer, name, group, step.self)) return found;
  return arbitration::clearance(state.arbitration, state.membership, node, step);
}

struct Evidences {
  std::vector<Clearance> clearances;
  std::string missing;
  bool all_nodes_reported = true;  // everybody configured, not only those of the policy
};

Evidences gather(const State& state, const GroupConfig& config, const group::Group& group,
                 const Step& step) {
  Evidences found;
  for (const auto& node : step.config.nodes) {
    if (node.name == step.self) continue;
    auto clearance = clearance_of(state, node.name, config.name, group, step);
    const bool could_run = std::ranges::find(config.policy, node.name) != config.policy.end();
    found.all_nodes_reported =
        found.all_nodes_reported && clearance && clearance->evidence == Evidence::reported;
    if (clearance) {
      found.clearances.push_back(std::move(*clearance));
    } else if (could_run && found.missing.empty()) {
      found.missing = arbitration::waits_for(state.arbitration, state.membership, node.name, step);
    }
  }
  return found;
}

// `minority` holds only if those who agree have promised too: count ourselves and every promise.
bool majority_promised(const Evidences& found, const ClusterConfig& config) {
  const bool used = std::ranges::any_of(found.clearances, [](const Clearance& clearance) {
    return clearance.evidence == Evidence::minority;
  });
  if (!used) return true;
  const auto promised =
      std::ranges::count(found.clearances, Evidence::reported, &Clearance::evidence);
  return (static_cast<std::size_t>(promised) + 1) * 2 > config.nodes.size();
}

bool session_holds(const State& state, const Step& step) {
  const auto& session = state.arbitration.session;
  return session.held && step.now < session.counted_from + session.lease;
}

void ask_owner(group::Group& group, const GroupConfig& config, Step& step) {
  if (group.owner_won || group.owner_reading != 0 || group.owner_swapping != 0 ||
      step.now < group.owner_next_at)
    return;
  const std::string key = "group/" + config.name.value;
  const Instant deadline = step.now + step.config.timing.lease / 2;
  if (!group.owner_read) {
    group.owner_reading = step.new_ticket();
    step.act(ReadRecord{group.owner_reading, key, deadline});
    return;
  }
  group.owner_value = encode(arbitration::OwnerRecord{step.self, group.term});
  group.owner_swapping = step.new_ticket();
  step.act(SwapRecord{group.owner_swapping, key, group.owner_version, group.owner_value, deadline});
}

// "" if this is the best node of the policy, or the best one could not be asked.
std::string preferred_but_unfit(const State& state, const GroupConfig& config) {
  const NodeName& best = config.policy.front();
  const placement::View seen = view(state);
  const bool there = best != state.self && seen.present.contains(best);
  if (!there || placement::fit(seen, best, config.name)) return "";
  return fmt::format(": {} could not take it, or its copy of the data is not the latest", best);
}

std::string why_here(const State& state, const GroupConfig& config, group::Group& group,
                     const Step& step) {
  const auto last = state.last_owners.find(config.name);
  const bool known = last != state.last_owners.end() && !last->second.node.empty();
  group.previous = known ? last->second.node : NodeName{};
  const Intent wish = intent(state, config.name);
  if (wish.to == step.self && group.previous != step.self) {
    group.start_reason = StartReason::move;
    return "an operator moved it here";
  }
  if (!known) {
    group.start_reason = StartReason::start;
    return "the coordinator placed the group here" + preferred_but_unfit(state, config);
  }
  if (last->second.node == step.self) {
    group.start_reason = StartReason::restart;
    return "it starts again where it was";
  }
  group.start_reason = StartReason::failover;
  const auto& peer = state.membership.peers.at(last->second.node);
  const bool leaves =
      membership::present(peer) && peer.beat && peer.beat->phase == NodePhase::leaving;
  if (peer.resigned || leaves) return fmt::format("{} is stopped in order", last->second.node);
  if (membership::present(peer)) return fmt::format("it could not stay on {}", last->second.node);
  return fmt::format("{} failed: {}", last->second.node, peer.why);
}

void start(State& state, const GroupConfig& config, group::Group& group, Evidences found,
           Step& step) {
  group.reason = why_here(state, config, group, step);
  group.waits_for.clear();
  for (const auto& clearance : found.clearances) {
    step.note(strong(clearance.evidence) ? Severity::information : Severity::warning,
              config.name.value,
              fmt::format("{} cleared by {}: {}", clearance.node, to_text(clearance.evidence),
                          clearance.why));
  }
  group.weakest = weakest(found.clearances);
  if (sabotaged(Sabotage::clearances_unrecorded)) found.clearances.clear();
  step.act(RecordActivation{
      {config.name, group.term, step.self, std::move(found.clearances), group.reason}});
  state.last_owners[config.name] = {step.self, group.term};
  group::begin_start(group, config, step);
}

void wait(group::Group& group, const GroupConfig& config, std::string missing, Step& step) {
  if (group.waits_for == missing) return;
  // Durations in the sentence change; what is said is said once per claim and cause.
  const auto cause = [](const std::string& text) {
    return text.substr(0, text.find_first_of("0123456789"));
  };
  if (cause(group.waits_for) != cause(missing)) {
    step.note(Severity::information, config.name.value,
              fmt::format("term {} waits: {}", group.term, missing));
  }
  group.waits_for = std::move(missing);
}

// Then it claims again, above the floor.
bool claims_too_low(group::Group& group, Term floor, const Step& step) {
  if (group.term >= floor) return false;
  group.phase = GroupPhase::stopped;
  group.term = floor + headroom;
  group.claim_again_at = step.now;
  return true;
}

void advance_claim(State& state, const GroupConfig& config, group::Group& group, Step& step) {
  if (outbid(state, config.name, group)) {
    group.phase = GroupPhase::stopped;
    group.claim_again_at = step.now + step.random.between(Duration(5ms), Duration(50ms));
    return;
  }
  const bool arbiter = step.config.arbitration.arbiter.kind != ArbiterKind::none;
  const bool session = arbiter && session_holds(state, step);
  if (claims_too_low(group, forgotten_floor(state, config, group), step)) return;
  if (session) ask_owner(group, config, step);
  const auto spoken = state.spoken.find(config.name);
  if (spoken == state.spoken.end() || spoken->second != Promise{group.term, step.self}) {
    return wait(group, config, "our own promise to be stored", step);
  }
  Evidences found = gather(state, config, group, step);
  if (!found.missing.empty()) return wait(group, config, found.missing, step);
  if (!majority_promised(found, step.config))
    return wait(group, config, "a majority to promise", step);
  if (step.now >= permission(state).soft)
    return wait(group, config, fmt::format("permission: {}", permission(state).basis), step);
  if (arbiter && !group.owner_won && (session || !found.all_nodes_reported)) {
    return wait(group, config, "the group's record at the arbiter", step);
  }
  // Without the record, a term above what we cannot know.
  if (!group.owner_won && claims_stale(state, config, group, step)) return;
  start(state, config, group, std::move(found), step);
}

bool should_claim(const State& state, const GroupConfig& config, const group::Group& group,
                  const Step& step) {
  const auto wanted = state.wanted.find(config.name);
  return state.phase == NodePhase::member && wanted != state.wanted.end() &&
         wanted->second == step.self && !group::unfit(group) && step.now < permission(state).soft;
}

void on_owner_read(group::Group& group, const RecordRead& read, Step& step) {
  group.owner_reading = 0;
  group.owner_next_at = step.now + step.config.timing.lease / 16;
  if (!read.outcome) return;
  const auto owner = arbitration::decode_owner(read.value);
  if (!owner) return;
  if (!group.owner_value.empty() && read.value == group.owner_value && owner->term == group.term) {
    group.owner_won = true;  // The reply was lost, the swap was not.
    return;
  }
  group.owner_read = true;
  group.owner_absent = read.value.empty();
  group.owner_version = read.version;
  group.owner_next_at = step.now;
  if (owner->term >= group.term && group.phase == GroupPhase::claiming) {
    // Somebody was active at our term or above without our knowing: ask again, above it.
    group.term = owner->term;
    group.phase = GroupPhase::stopped;
    group.claim_again_at = step.now;
  }
}

void on_owner_swapped(group::Group& group, const RecordSwapped& swapped, Step& step) {
  group.owner_swapping = 0;
  if (swapped.outcome) {
    group.owner_won = true;
    return;
  }
  group.owner_read = false;  // Lost, or unknown: look.
  group.owner_next_at = step.now;
}

}  // namespace

void consider_claims(State& state, const NodeName& from, const Beat& beat, Step& step) {
  for (const auto& config : step.config.groups) {
    const auto report = beat.reports.find(config.name);
    if (report == beat.reports.end() || report->second.phase != GroupPhase::claiming) continue;
    consider_claim(state, config, from, report->second.term, step);
  }
}

void reconsider_claims(State& state, Step& step) {
  for (const auto& config : step.config.groups) {
    const auto said = state.said.reports.find(config.name);
    const bool ran = said != state.said.reports.end() &&
                     said->second.phase != GroupPhase::stopped &&
                     said->second.phase != GroupPhase::claiming;
    if (!ran || !group::idle(state.groups.at(config.name))) continue;
    for (const auto& [node, peer] : state.membership.peers) {
      if (!membership::present(peer) || !peer.beat) continue;
      const auto report = peer.beat->reports.find(config.name);
      const bool claims =
          report != peer.beat->reports.end() && report->second.phase == GroupPhase::claiming;
      if (claims) consider_claim(state, config, node, report->second.term, step);
    }
  }
}

void advance_claims(State& state, Step& step) {
  for (const auto& config : step.config.groups) {
    group::Group& group = state.groups.at(config.name);
    const bool should = should_claim(state, config, group, step);
    if (group.phase == GroupPhase::claiming && !should) {
      group.phase = GroupPhase::stopped;
      group.waits_for.clear();
    }
    if (group.phase == GroupPhase::stopped && should && step.now >= group.claim_again_at) {
      begin_claim(state, config, group, step);
    }
    if (group.phase == GroupPhase::claiming) advance_claim(state, config, group, step);
    // Started while the arbiter did not answer: its record is brought up to date when it does.
    const bool running = group.phase == GroupPhase::starting || group.phase == GroupPhase::running;
    const bool arbiter = step.config.arbitration.arbiter.kind != ArbiterKind::none;
    if (running && arbiter && session_holds(state, step)) ask_owner(group, config, step);
  }
}

bool on_owner_answer(State& state, const Event& event, Step& step) {
  const auto* read = std::get_if<RecordRead>(&event);
  const auto* swapped = std::get_if<RecordSwapped>(&event);
  for (auto& [name, group] : state.groups) {
    if (read && read->ticket != 0 && read->ticket == group.owner_reading) {
      on_owner_read(group, *read, step);
      return true;
    }
    if (swapped && swapped->ticket != 0 && swapped->ticket == group.owner_swapping) {
      on_owner_swapped(group, *swapped, step);
      return true;
    }
  }
  return false;
}

}  // namespace mainstay::node
