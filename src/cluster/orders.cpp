// What people ask for: checked at once, carried out as a wish that every node hears of, answered
// when it has come true.
#include <algorithm>

#include "cluster/node_parts.h"

namespace mainstay::node {
namespace {

void answer(Ticket ticket, Status outcome, Step& step) {
  step.act(AnswerOperator{ticket, std::move(outcome)});
}

std::string known_groups(const ClusterConfig& config) {
  std::string names;
  for (const auto& group : config.groups) names += (names.empty() ? "" : ", ") + group.name.value;
  return names.empty() ? "none" : names;
}

const GroupReport* report_of(const placement::View& seen, const NodeName& node,
                             const GroupName& group) {
  const auto candidate = seen.present.find(node);
  if (candidate == seen.present.end()) return nullptr;
  const auto found = candidate->second.reports.find(group);
  return found == candidate->second.reports.end() ? nullptr : &found->second;
}

Status may_run_on(const State& state, const GroupConfig& group, const NodeName& node) {
  if (std::ranges::find(group.policy, node) == group.policy.end()) {
    return failure(Code::invalid,
                   fmt::format("group {} may not run on {}: its failover policy does not name it",
                               group.name, node));
  }
  const auto seen = view(state);
  const auto candidate = seen.present.find(node);
  if (candidate == seen.present.end() || !candidate->second.usable) {
    return failure(
        Code::unavailable,
        fmt::format("{} takes no groups now: it is not a member of the cluster that this "
                    "node hears",
                    node));
  }
  if (candidate->second.quarantined) {
    return failure(Code::conflict,
                   fmt::format("{} is quarantined: it was lost too often of late. To let it take "
                               "groups again: mainstay node recover {}",
                               node, node));
  }
  if (candidate->second.drained) {
    return failure(Code::conflict,
                   fmt::format("{} is drained: it hands its groups over as long as its monitor "
                               "says so. See: mainstay status",
                               node));
  }
  return {};
}

NodeName next_of_policy(const State& state, const GroupConfig& group, const NodeName& now) {
  for (const auto& node : group.policy) {
    if (node != now && may_run_on(state, group, node)) return node;
  }
  return {};
}

struct Plan {
  Intent wish;
  NodeName to;
};

Result<Plan> plan(const State& state, const GroupConfig& group, const StartGroup& start) {
  const NodeName now = placement::owner(view(state), group.name);
  if (!now.empty() && !start.on.empty() && start.on != now) {
    return failure(Code::conflict,
                   fmt::format("group {} runs on {} already. To move it: mainstay group move {} {}",
                               group.name, now, group.name, start.on));
  }
  if (!start.on.empty()) {
    if (auto possible = may_run_on(state, group, start.on); !possible)
      return std::unexpected(possible.error());
  }
  return Plan{{.run = true, .to = start.on, .after = highest_term(state, group.name)}, start.on};
}

Result<Plan> plan(const State& state, const GroupConfig& group, const StopGroup&) {
  return Plan{{.run = false, .after = highest_term(state, group.name)}, {}};
}

Result<Plan> plan(const State& state, const GroupConfig& group, const MoveGroup& move) {
  const NodeName now = placement::owner(view(state), group.name);
  const NodeName to = move.to.empty() ? next_of_policy(state, group, now) : move.to;
  if (to.empty())
    return failure(Code::unavailable,
                   fmt::format("group {} has no other node to move to", group.name));
  if (to == now)
    return failure(Code::conflict, fmt::format("group {} runs on {} already", group.name, to));
  if (auto possible = may_run_on(state, group, to); !possible)
    return std::unexpected(possible.error());
  return Plan{{.run = true, .to = to, .after = highest_term(state, group.name)}, to};
}

Result<Plan> plan(const State& state, const GroupConfig& group, const RestartGroup&) {
  const auto seen = view(state);
  const NodeName now = placement::owner(seen, group.name);
  if (now.empty())
    return failure(Code::conflict,
                   fmt::format("group {} does not run; start it instead", group.name));
  const Term term = report_of(seen, now, group.name)->term;
  return Plan{{.run = true, .to = now, .after = term, .restart = true}, now};
}

template <class GroupCommand>
void take_group_order(State& state, Ticket ticket, const GroupCommand& command, Step& step) {
  const GroupConfig* group = find_group(step.config, command.group);
  if (group == nullptr) {
    return answer(ticket,
                  failure(Code::not_found, fmt::format("there is no group {}. Groups: {}",
                                                       command.group, known_groups(step.config))),
                  step);
  }
  if (state.phase != NodePhase::member) {
    return answer(ticket,
                  failure(Code::unavailable,
                          fmt::format("{} is not a member of the cluster now ({}); ask a member",
                                      step.self, to_text(state.phase))),
                  step);
  }
  if (state.orders.size() >= orders_max) {
    return answer(ticket,
                  failure(Code::throttled, "too many orders are under way; try again later"), step);
  }
  auto planned = plan(state, *group, command);
  if (!planned) return answer(ticket, std::unexpected(planned.error()), step);
  wish(state, group->name, planned->wish, step);
  state.orders.push_back({ticket, command, group->name, planned->to, planned->wish.after,
                          step.now + step.config.operation_timeout});
}

void take(State& state, Ticket ticket, const StartGroup& command, Step& step) {
  const NodeName now = placement::owner(view(state), command.group);
  if (!now.empty() && (command.on.empty() || command.on == now)) return answer(ticket, {}, step);
  take_group_order(state, ticket, command, step);
}
void take(State& state, Ticket ticket, const StopGroup& command, Step& step) {
  take_group_order(state, ticket, command, step);
}
void take(State& state, Ticket ticket, const MoveGroup& command, Step& step) {
  take_group_order(state, ticket, command, step);
}
void take(State& state, Ticket ticket, const RestartGroup& command, Step& step) {
  take_group_order(state, ticket, command, step);
}

void take(State& state, Ticket ticket, const StopNode& command, Step& step) {
  if (state.phase == NodePhase::stopped) return answer(ticket, {}, step);
  if (state.phase != NodePhase::leaving) {
    state.phase = NodePhase::leaving;
    step.note(Severity::information, step.self.value, "is asked to stop; its groups go first");
  }
  state.orders.push_back({ticket, command, {}, {}, 0, step.now + step.config.operation_timeout});
}

void take(State& state, Ticket ticket, const EndNode&, Step& step) {
  if (state.phase == NodePhase::stopped) return answer(ticket, {}, step);
  begin_departure(state, step);
  state.orders.push_back({ticket, EndNode{}, {}, {}, 0, step.now + step.config.operation_timeout});
}

void take(State& state, Ticket ticket, const RecoverNode&, Step& step) {
  answer(ticket, recover_node(state, step), step);
}

// Done once it is durable: the next shutdown may be soon.
void take(State& state, Ticket ticket, const SetShutdownPolicy& command, Step& step) {
  state.durable.shutdown = command.policy;
  store(state, step);
  state.orders.push_back(
      {ticket, command, {}, {}, state.store_number, step.now + step.config.operation_timeout});
}

void take(State& state, Ticket ticket, const CancelStartWait&, Step& step) {
  if (state.phase != NodePhase::starting) {
    return answer(ticket,
                  failure(Code::conflict, fmt::format("{} does not wait for anybody", step.self)),
                  step);
  }
  state.start_wait_cancelled = true;
  step.note(Severity::warning, step.self.value,
            "an operator cancelled the wait for the other nodes");
  answer(ticket, {}, step);
}

void take(State& state, Ticket ticket, const DeclareStopped& command, Step& step) {
  const auto peer = state.membership.peers.find(command.node);
  if (peer == state.membership.peers.end()) {
    return answer(ticket,
                  failure(Code::not_found, fmt::format("there is no other node {}", command.node)),
                  step);
  }
  if (membership::present(peer->second)) {
    return answer(
        ticket,
        failure(Code::conflict, fmt::format("{} is heard: it speaks for itself", command.node)),
        step);
  }
  state.arbitration.declared[command.node] = {command.who, command.reason};
  step.note(Severity::warning, command.node.value,
            fmt::format("{} says it is stopped: {}", command.who, command.reason));
  answer(ticket, {}, step);
}

bool stopped_everywhere(const placement::View& seen, const GroupName& group) {
  return std::ranges::all_of(seen.present, [&](const auto& entry) {
    const auto found = entry.second.reports.find(group);
    return found == entry.second.reports.end() || found->second.phase == GroupPhase::stopped;
  });
}

// Nothing: still under way.
std::optional<Status> outcome(const State& state, const Order& order, const Step& step) {
  if (std::holds_alternative<StopNode>(order.command) ||
      std::holds_alternative<EndNode>(order.command)) {
    if (state.phase == NodePhase::stopped) return Status{};
  } else if (std::holds_alternative<SetShutdownPolicy>(order.command)) {
    if (state.stored_number >= order.after) return Status{};
  } else {
    const auto seen = view(state);
    if (std::holds_alternative<StopGroup>(order.command)) {
      if (stopped_everywhere(seen, order.group)) return Status{};
    } else {
      const NodeName now = placement::owner(seen, order.group);
      const GroupReport* report = now.empty() ? nullptr : report_of(seen, now, order.group);
      const bool there = order.to.empty() || now == order.to;
      if (report && there && report->phase == GroupPhase::running && report->term > order.after)
        return Status{};
      const GroupReport* target =
          order.to.empty() ? nullptr : report_of(seen, order.to, order.group);
      if (target && target->unfit) {
        return failure(Code::conflict,
                       fmt::format("group {} could not start on {}; see: mainstay events",
                                   order.group, order.to));
      }
    }
  }
  if (step.now < order.deadline) return std::nullopt;
  return failure(Code::outcome_unknown,
                 fmt::format("the order is not carried out after {}; it stands, and may still be. "
                             "See: mainstay status",
                             to_text(step.config.operation_timeout)));
}

}  // namespace

void on_order(State& state, const OperatorAsked& asked, Step& step) {
  std::visit([&](const auto& command) { take(state, asked.ticket, command, step); }, asked.command);
}

void settle_orders(State& state, Step& step) {
  std::erase_if(state.orders, [&](const Order& order) {
    auto settled = outcome(state, order, step);
    if (!settled) return false;
    answer(order.ticket, std::move(*settled), step);
    return true;
  });
}

}  // namespace mainstay::node
