#include "runtime/forced_stop.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sabotage.h"

namespace mainstay {
namespace {

constexpr Duration first_pause = 250ms;
constexpr Duration pause_max = 500ms;
// How long one description may take, so that a lost answer does not use up the whole time.
constexpr Duration reading_max = 5s;
// An instance that reads as stopped the first time it is looked at may be shown as it was once: it
// must read so again after this.
constexpr Duration settle = 2s;

Call reading(const Clock& clock, const Call& call) {
  return {std::min(call.deadline, clock.now() + reading_max), call.cancellation};
}

bool may_pass(Code code) {
  return code == Code::throttled || code == Code::timed_out || code == Code::unavailable ||
         code == Code::outcome_unknown || code == Code::corrupt;
}

bool ends_here(const Clock& clock, const Call& call) {
  return call.cancellation.requested() || clock.now() >= call.deadline;
}

Error late(const Call& call, std::string message) {
  return {call.cancellation.requested() ? Code::cancelled : Code::timed_out, std::move(message)};
}

bool holds_one_of(const AwsInstance& instance, const std::vector<std::string>& addresses) {
  return std::ranges::any_of(addresses, [&](const std::string& address) {
    return std::ranges::find(instance.addresses, address) != instance.addresses.end();
  });
}

std::string listed(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

Task<Status> nothing_configured(NodeName peer) {
  co_return failure(Code::unavailable, fmt::format("no forced stop of {} is configured", peer));
}

// Waits that grow, none beyond the deadline.
class Pauses {
 public:
  Pauses(Clock& clock, Instant deadline) : clock_(clock), deadline_(deadline) {}
  Task<void> next() {
    const Instant until = std::min(deadline_, clock_.now() + pause_);
    pause_ = std::min(pause_ * 2, pause_max);
    return sleep_until(clock_, until);
  }

 private:
  Clock& clock_;
  Instant deadline_;
  Duration pause_ = first_pause;
};

// What the descriptions since the request add up to.
class Readings {
 public:
  explicit Readings(std::string launched) : launched_(std::move(launched)) {}

  enum class Judgement { unsure, stopped, started_again };
  Judgement judge(const AwsInstance& read, Instant asked) {
    if (read.state == InstanceState::terminated) return Judgement::stopped;
    if (read.launched > launched_) return Judgement::started_again;
    if (read.launched < launched_) return Judgement::unsure;  // the past
    last_ = read.state;
    if (read.state != InstanceState::stopped) {
      seen_before_ = true;
      stopped_since_.reset();
      return Judgement::unsure;
    }
    if (!stopped_since_) stopped_since_ = asked;
    const bool twice = asked >= *stopped_since_ + settle;
    return seen_before_ || twice ? Judgement::stopped : Judgement::unsure;
  }
  std::string words() const {
    if (!last_) return "its state could not be read";
    switch (*last_) {
      case InstanceState::pending:
      case InstanceState::running:
        return "it still runs";
      case InstanceState::stopped:
        return "it was read as stopped only once";
      default:
        return "it is still stopping";
    }
  }

 private:
  std::string launched_;
  std::optional<InstanceState> last_;
  bool seen_before_ = false;  // since the request, in a state before `stopped`
  std::optional<Instant> stopped_since_;
};

}  // namespace

Task<Status> ForcedStop::stop(NodeName peer, Call call) {
  ++stops_under_way_;
  Status outcome = co_await carry_out(std::move(peer), std::move(call));
  --stops_under_way_;
  co_return outcome;
}

Task<Status> ForcedStop::carry_out(NodeName peer, Call call) {
  switch (parts_.config.arbitration.forced_stop.kind) {
    case ForcedStopKind::simulated:
      return parts_.power.fence(std::move(peer), std::move(call));
    case ForcedStopKind::ec2:
      return stop_instance(std::move(peer), std::move(call));
    case ForcedStopKind::script:
      return run_script(std::move(peer), "1", std::move(call));
    case ForcedStopKind::none:
      break;
  }
  return nothing_configured(std::move(peer));
}

Task<Status> ForcedStop::check(NodeName peer, Call call) {
  const ForcedStopConfig& config = parts_.config.arbitration.forced_stop;
  if (config.kind == ForcedStopKind::script) {
    co_return co_await run_script(std::move(peer), "0", std::move(call));
  }
  if (config.kind != ForcedStopKind::ec2) co_return Status{};
  const auto instance = co_await instance_of(peer, call);
  if (!instance) co_return std::unexpected(instance.error());
  if (!has_arbiter()) co_await lower_protection(call);
  Status may = co_await parts_.aws.may_change_instance(InstanceChange::stop, instance->id, call);
  if (may && config.action == ForcedStopAction::reboot) {
    may = co_await parts_.aws.may_change_instance(InstanceChange::start, instance->id, call);
  }
  co_return may;
}

Task<Status> ForcedStop::start_again(NodeName peer, Call call) {
  if (parts_.config.arbitration.forced_stop.action != ForcedStopAction::reboot) co_return Status{};
  const auto known = known_.find(peer);
  if (known == known_.end()) co_return Status{};
  const std::string id = known->second.id;
  Pauses pauses(parts_.clock, call.deadline);
  while (true) {
    const Call one = reading(parts_.clock, call);
    Status started = co_await parts_.aws.start_instance(id, one);
    // To the one that answers, it may be stopping yet.
    const bool later =
        !started && (may_pass(started.error().code) || started.error().code == Code::conflict);
    if (!later || ends_here(parts_.clock, call)) co_return started;
    co_await pauses.next();
  }
}

// ---- Which instance it is.

std::vector<std::string> ForcedStop::addresses_of(const NodeName& peer) const {
  std::vector<std::string> addresses;
  for (const auto& path : parts_.config.paths) addresses.push_back(path.addresses.at(peer));
  return addresses;
}

Task<Status> ForcedStop::learn_self(Call call) {
  if (!own_instance_.empty()) co_return Status{};
  const auto identity = co_await parts_.aws.identity(call);
  if (!identity) co_return std::unexpected(identity.error());
  if (identity->interfaces.empty()) {
    co_return failure(Code::unavailable,
                      "the metadata service names no network interface of this node");
  }
  own_instance_ = identity->instance;
  vpc_ = identity->interfaces.front().vpc;
  co_return Status{};
}

void ForcedStop::remember(const NodeName& peer, const AwsInstance& instance) {
  Known& known = known_[peer];
  if (known.id != instance.id) known = {instance.id, ""};
  known.launched = std::max(known.launched, instance.launched);
}

Task<Result<AwsInstance>> ForcedStop::instance_of(NodeName peer, Call call) {
  const Status learnt = co_await learn_self(call);
  if (!learnt) co_return std::unexpected(learnt.error());
  const std::string given = find_node(parts_.config, peer)->instance;
  Result<AwsInstance> instance = failure(Code::unavailable, "");
  if (given.empty()) {
    instance = co_await found_instance(peer, call);
  } else {
    instance = co_await given_instance(peer, given, call);
  }
  if (instance && instance->id == own_instance_) {
    co_return failure(Code::conflict,
                      fmt::format("{} is this node's own instance, not {}'s: nothing is stopped. "
                                  "Correct the node's \"instance\" or its addresses.",
                                  instance->id, peer));
  }
  if (instance) remember(peer, *instance);
  co_return instance;
}

Task<Result<AwsInstance>> ForcedStop::given_instance(NodeName peer, std::string id, Call call) {
  const Call one = reading(parts_.clock, call);
  auto instance = co_await parts_.aws.instance(id, one);
  if (!instance || instance->state == InstanceState::terminated) co_return instance;
  const auto addresses = addresses_of(peer);
  if (holds_one_of(*instance, addresses)) co_return instance;
  co_return failure(Code::conflict,
                    fmt::format("{} has none of the addresses of {} ({}): it is not stopped. "
                                "Correct the node's \"instance\".",
                                id, peer, listed(addresses)));
}

Task<Result<AwsInstance>> ForcedStop::found_instance(NodeName peer, Call call) {
  std::optional<AwsInstance> found;
  for (const std::string& address : addresses_of(peer)) {
    const Call one = reading(parts_.clock, call);
    auto holder = co_await parts_.aws.instance_with_address(vpc_, address, one);
    if (!holder && holder.error().code == Code::not_found) continue;
    if (!holder) co_return holder;
    if (found && found->id != holder->id) {
      co_return failure(Code::conflict,
                        fmt::format("the addresses of {} belong to {} and {}: neither is stopped. "
                                    "Give the node's \"instance\".",
                                    peer, found->id, holder->id));
    }
    found = std::move(*holder);
  }
  if (found) co_return std::move(*found);
  co_return co_await remembered_instance(peer, call);
}

// A terminated instance has lost its addresses; nobody else has them either.
Task<Result<AwsInstance>> ForcedStop::remembered_instance(NodeName peer, Call call) {
  if (const auto known = known_.find(peer); known != known_.end()) {
    const std::string id = known->second.id;
    const Call one = reading(parts_.clock, call);
    auto instance = co_await parts_.aws.instance(id, one);
    if (!instance || instance->state == InstanceState::terminated) co_return instance;
  }
  co_return failure(Code::not_found,
                    fmt::format("no instance in {} has an address of {} ({}). Give the node's "
                                "\"instance\".",
                                vpc_, peer, listed(addresses_of(peer))));
}

// ---- Stopping it.

Task<Status> ForcedStop::stop_instance(NodeName peer, Call call) {
  const auto instance = co_await instance_of(peer, call);
  if (!instance) co_return std::unexpected(instance.error());
  if (instance->state == InstanceState::terminated) co_return Status{};  // There is no way back.
  if (instance->state == InstanceState::pending) {
    co_return failure(Code::unavailable,
                      fmt::format("{} ({}) is booting; it is not stopped now", instance->id, peer));
  }
  const std::string id = instance->id;
  if (instance->state != InstanceState::shutting_down) {
    Status accepted;
    if (has_arbiter()) {
      accepted = co_await request_stop(id, call);
    } else {
      accepted = co_await request_stop_of_rival(peer, id, call);
    }
    if (!accepted) co_return accepted;
  }
  if (sabotaged(Sabotage::accepted_is_stopped)) co_return Status{};
  co_return co_await confirm_stop(peer, known_.at(peer), call);
}

// An answer that was lost is no acceptance; a second request does no harm.
Task<Status> ForcedStop::request_stop(std::string id, Call call) {
  Pauses pauses(parts_.clock, call.deadline);
  while (true) {
    const Call one = reading(parts_.clock, call);
    Status accepted = co_await parts_.aws.stop_instance(id, one);
    if (accepted || !may_pass(accepted.error().code) || ends_here(parts_.clock, call)) {
      co_return accepted;
    }
    co_await pauses.next();
  }
}

Task<Status> ForcedStop::confirm_stop(NodeName peer, Known known, Call call) {
  Readings readings(known.launched);
  Pauses pauses(parts_.clock, call.deadline);
  std::string trouble;
  while (!ends_here(parts_.clock, call)) {
    const Instant asked = parts_.clock.now();
    const Call one = reading(parts_.clock, call);
    const auto read = co_await parts_.aws.instance(known.id, one);
    if (read) {
      remember(peer, *read);
      const auto judgement = readings.judge(*read, asked);
      if (judgement == Readings::Judgement::stopped) co_return Status{};
      if (judgement == Readings::Judgement::started_again) {
        co_return failure(Code::conflict,
                          fmt::format("{} ({}) was started again at {} while it was being stopped",
                                      known.id, peer, read->launched));
      }
    }
    trouble = read ? "" : "; " + read.error().message;
    if (!ends_here(parts_.clock, call)) co_await pauses.next();
  }
  co_return std::unexpected(late(call, fmt::format("{} ({}) was told to stop, but {}{}", known.id,
                                                   peer, readings.words(), trouble)));
}

Task<Status> ForcedStop::run_script(NodeName peer, std::string mode, Call call) {
  const std::string script = parts_.config.arbitration.forced_stop.script;
  Program program;
  program.argv = {script};
  program.environment = {{"CLP_SERVER_DOWN", peer.value},
                         {"CLP_SERVER_LOCAL", parts_.self.value},
                         {"CLP_FORCESTOP_MODE", mode},
                         {"MAINSTAY_NODE", parts_.self.value}};
  // A check and a stop may run side by side; a stop does not wait for a check that hangs.
  program.family = fmt::format("{}-{}", mode == "1" ? "forced_stop" : "forced_stop_check", peer);
  program.log_file = parts_.log_directory + "/forced_stop.log";
  const auto end = co_await parts_.process.run(program, call);
  if (!end) {
    co_return failure(end.error().code, fmt::format("{}: {}", script, end.error().message));
  }
  if (end->timed_out) {
    co_return failure(Code::timed_out, script + " did not end in time and was killed");
  }
  const std::string said = end->last_line.empty() ? "" : ": " + end->last_line;
  if (end->signal != 0) {
    co_return failure(Code::unavailable,
                      fmt::format("{} was killed by signal {}{}", script, end->signal, said));
  }
  if (end->exit_code == 0) co_return Status{};
  co_return failure(Code::unavailable,
                    fmt::format("{} returned {}{}", script, end->exit_code, said));
}

}  // namespace mainstay
