#include "cluster/testing.h"

namespace mainstay::testing {

Cores::Cores(ClusterConfig config)
    : config_(std::make_shared<ClusterConfig>(std::move(config))) {
  for (const auto& node : config_->nodes) boot(node.name);
}

Cores::~Cores() = default;

void Cores::boot(const NodeName& name) {
  Core& core = cores_[name];
  const Durable stored = core.stored;
  core.up = true;
  core.frozen = false;
  core.state = begin({config_, name, stored, stored.incarnation + 1, 1, now_});
}

void Cores::kill(const NodeName& name) {
  cores_[name].up = false;
  std::erase_if(queue_, [&](const auto& entry) { return entry.second.to == name; });
}

Ticket Cores::ask(const std::string& name, Command command) {
  run(node(name), OperatorAsked{++last_ask_, std::move(command)});
  return last_ask_;
}

void Cores::run_for(Duration duration) {
  const Instant end = now_ + duration;
  while (true) {
    Instant next = queue_.empty() ? never : queue_.begin()->first;
    for (auto& [name, core] : cores_) {
      if (core.up && !core.frozen) next = std::min(next, next_deadline(core.state));
    }
    if (next > end) break;
    now_ = std::max(now_, next);
    if (!queue_.empty() && queue_.begin()->first <= now_) {
      auto entry = queue_.extract(queue_.begin());
      Core& core = cores_.at(entry.mapped().to);
      if (core.frozen) {
        thawing_.push_back(std::move(entry.mapped()));
      } else if (core.up) {
        run(entry.mapped().to, entry.mapped().event);
      }
      continue;
    }
    for (auto& [name, core] : cores_) {
      if (core.up && !core.frozen && next_deadline(core.state) <= now_) run(name, Tick{});
    }
  }
  now_ = end;
}

void Cores::thaw(const NodeName& name) {
  cores_.at(name).frozen = false;
  for (auto& delivery : std::exchange(thawing_, {})) run(delivery.to, delivery.event);
  run(name, Tick{});
}

void Cores::run(const NodeName& name, const Event& event) {
  Core& core = cores_.at(name);
  if (!core.up) return;
  for (auto& action : step(core.state, event, now_)) {
    std::visit([&](auto& what) { perform(name, core, what); }, action);
  }
}

void Cores::later(const NodeName& to, Event event, Duration delay) {
  queue_.insert({now_ + delay, Delivery{to, std::move(event)}});
}

void Cores::perform(const NodeName& name, Core&, SendBeat& send) {
  for (const auto& other : config_->nodes) {
    if (other.name == name || cuts_.contains({name, other.name})) continue;
    for (std::size_t path = 0; path < config_->paths.size(); ++path) {
      later(other.name, BeatHeard{name, static_cast<std::uint8_t>(path), send.beat});
    }
  }
}

void Cores::perform(const NodeName& name, Core& core, StoreState& store) {
  Status outcome = on_store(name);
  if (outcome) core.stored = store.durable;
  later(name, StateStored{store.number, std::move(outcome)});
}

void Cores::perform(const NodeName& name, Core&, ReadRecord& read) {
  if (!arbiter_up) {
    return later(name, RecordRead{read.ticket, now_, 0, {}, failure(Code::timed_out, "no answer")},
                 read.deadline - now_);
  }
  const auto& record = records[read.key];
  later(name, RecordRead{read.ticket, now_, record.first, record.second, {}});
}

void Cores::perform(const NodeName& name, Core&, SwapRecord& swap) {
  if (!arbiter_up) {
    return later(name,
                 RecordSwapped{swap.ticket, now_, 0, failure(Code::outcome_unknown, "no answer")},
                 swap.deadline - now_);
  }
  auto& record = records[swap.key];
  if (record.first != swap.expected) {
    return later(name, RecordSwapped{swap.ticket, now_, 0, failure(Code::conflict, "changed")});
  }
  record = {record.first + 1, swap.value};
  later(name, RecordSwapped{swap.ticket, now_, record.first, {}});
}

void Cores::perform(const NodeName& name, Core&, CheckReachability& check) {
  later(name, ReachabilityJudged{check.ticket, now_, reachable(name), "", single_checks(name)});
}

void Cores::perform(const NodeName& name, Core&, FencePeer& fence) {
  auto outcome = on_fence(name, fence.peer);
  if (outcome) kill(fence.peer);
  later(name, PeerFenced{fence.ticket, std::move(outcome)});
}

void Cores::perform(const NodeName& name, Core&, CheckFence& check) {
  later(name, FenceChecked{check.ticket, on_fence_check(name, check.peer)});
}

void Cores::perform(const NodeName& name, Core& core, ActivateResource& activate) {
  core.story.push_back("+" + activate.resource.value);
  later(name, ResourceSettled{activate.ticket, on_activate(name, activate)}, activation_time);
}

void Cores::perform(const NodeName& name, Core& core, DeactivateResource& deactivate) {
  core.story.push_back("-" + deactivate.resource.value);
  later(name, ResourceSettled{deactivate.ticket, on_deactivate(name, deactivate)},
        deactivation_time);
}

void Cores::perform(const NodeName&, Core& core, CancelOperation& cancel) {
  core.cancelled.insert(cancel.ticket);
}

void Cores::perform(const NodeName&, Core& core, ReleaseGroup& release) {
  core.released.push_back(release.group.value);
}

void Cores::perform(const NodeName& name, Core&, RunMonitor& monitor) {
  later(name, MonitorJudged{monitor.ticket, monitor.monitor, verdict(name), 0, ""});
}

void Cores::perform(const NodeName& name, Core& core, HaltNode& halt) {
  core.halts.push_back(halt.kind);
  const bool orderly = halt.kind != Halt::reset && core.state.phase != NodePhase::stopped;
  if (orderly) later(name, OperatorAsked{0, StopNode{}});
}

void Cores::perform(const NodeName& name, Core& core, Note& note) {
  core.story.push_back(note.subject + ": " + note.text);
  if (getenv("MAINSTAY_TEST_STORY"))
    fmt::print("{:>8} {} {}: {}\n", (now_ - Instant{}) / 1ms, name, note.subject, note.text);
}

void Cores::perform(const NodeName&, Core& core, RecordActivation& record) {
  core.activations.push_back(record.activation);
}

void Cores::perform(const NodeName&, Core& core, AnswerOperator& answer) {
  core.answers[answer.ticket] = answer.outcome;
}

NodeName node(const std::string& name) { return NodeName(name); }

ClusterConfig two_nodes() {
  ClusterConfig config;
  config.name = "test";
  config.digest = 7;
  for (const std::string name : {"a", "b"}) config.nodes.push_back({node(name), "", ""});
  config.paths.push_back({PathName("lan"), {{node("a"), "10.0.0.1"}, {node("b"), "10.0.0.2"}}});
  GroupConfig group;
  group.name = web;
  group.policy = {node("a"), node("b")};
  for (const std::string name : {"vip", "app"}) {
    ResourceConfig resource;
    resource.name = ResourceName(name);
    resource.type = "script";
    group.resources.push_back(resource);
  }
  group.resources[1].depends_on = {ResourceName("vip")};
  config.groups.push_back(group);
  return config;
}

}  // namespace mainstay::testing
