#include "runtime/aws_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

namespace mainstay {
namespace {

// When monitors may ask again, and what they have read of late.
struct Shared {
  struct Reading {
    Instant asked;
    std::uint64_t changes = 0;
    std::vector<AwsRouteTable> tables;
  };

  Clock& clock;
  Instant held_until{};
  Duration pause{};
  std::uint64_t changes = 0;                // of routes, by this node: earlier readings are void
  std::map<std::string, Reading> readings;  // by VPC
  std::map<std::string, std::vector<Completion<bool>>> asking;  // who waits for whose answer
};

Error refusal(const Shared& shared) {
  return {Code::throttled,
          fmt::format("AWS says that there are too many calls; the monitors of this node ask again "
                      "in {}",
                      to_text(shared.held_until - shared.clock.now()))};
}

template <class T>
void learn(Shared& shared, const Result<T>& answer) {
  if (answer) shared.pause = Duration::zero();
  if (answer || answer.error().code != Code::throttled) return;
  shared.pause = std::clamp(shared.pause * 2, AwsBudget::pause_min, AwsBudget::pause_max);
  shared.held_until = shared.clock.now() + shared.pause;
}

// A task is made before it is known whether it may run; it is lazy.
template <class T>
Task<Result<T>> gated(Shared& shared, Task<Result<T>> task) {
  if (shared.clock.now() < shared.held_until) co_return std::unexpected(refusal(shared));
  Result<T> answer = co_await std::move(task);
  learn(shared, answer);
  co_return answer;
}

const Shared::Reading* recent(const Shared& shared, const std::string& vpc) {
  const auto found = shared.readings.find(vpc);
  if (found == shared.readings.end() || found->second.changes != shared.changes) return nullptr;
  const bool fresh = shared.clock.now() - found->second.asked <= AwsBudget::merge_within;
  return fresh ? &found->second : nullptr;
}

// Until whoever asks has its answer, or this call is over.
Task<void> wait_for_answer(Shared& shared, const std::string& vpc, Call call) {
  const Completion<bool> over;
  shared.asking[vpc].push_back(over);
  const TimerId timer =
      call.deadline == never ? 0 : shared.clock.call_at(call.deadline, [over] { over.set(false); });
  const auto id = call.cancellation.on_request([over] { over.set(false); });
  co_await over;
  shared.clock.cancel(timer);
  call.cancellation.forget(id);
}

void wake(Shared& shared, const std::string& vpc) {
  auto waiting = shared.asking.extract(vpc);
  // Nobody runs on inside somebody else's answer.
  for (const auto& each : waiting.mapped()) {
    shared.clock.call_at(shared.clock.now(), [each] { each.set(true); });
  }
}

}  // namespace

// Everything as it is.
class AwsBudget::Through : public Aws {
 public:
  Through(Aws& aws, Shared& shared) : aws_(aws), shared_(shared) {}

  Task<Result<AwsIdentity>> identity(Call call) override { return aws_.identity(std::move(call)); }
  Task<Result<std::vector<std::string>>> vpc_cidrs(std::string vpc, Call call) override {
    return aws_.vpc_cidrs(std::move(vpc), std::move(call));
  }
  Task<Result<std::vector<AwsRouteTable>>> route_tables(std::string vpc, Call call) override {
    return aws_.route_tables(std::move(vpc), std::move(call));
  }
  Task<Result<AwsInterface>> network_interface(std::string eni, Call call) override {
    return aws_.network_interface(std::move(eni), std::move(call));
  }
  Task<Status> replace_route(std::string table, std::string destination, std::string eni,
                             Call call) override {
    return aws_.replace_route(std::move(table), std::move(destination), std::move(eni),
                              std::move(call));
  }
  Task<Result<AwsAddress>> address(std::string allocation, Call call) override {
    return aws_.address(std::move(allocation), std::move(call));
  }
  Task<Status> associate_address(std::string allocation, std::string eni, std::string private_ip,
                                 Call call) override {
    return aws_.associate_address(std::move(allocation), std::move(eni), std::move(private_ip),
                                  std::move(call));
  }
  Task<Status> disassociate_address(std::string association, Call call) override {
    return aws_.disassociate_address(std::move(association), std::move(call));
  }
  Task<Status> assign_private_ip(std::string eni, std::string address, Call call) override {
    return aws_.assign_private_ip(std::move(eni), std::move(address), std::move(call));
  }
  Task<Result<AwsHostedZone>> hosted_zone(std::string id, Call call) override {
    return aws_.hosted_zone(std::move(id), std::move(call));
  }
  Task<Result<std::optional<AwsRecord>>> record(std::string zone, std::string name, RecordType type,
                                                Call call) override {
    return aws_.record(std::move(zone), std::move(name), type, std::move(call));
  }
  Task<Result<std::string>> change_record(RecordChange change, AwsRecord record,
                                          Call call) override {
    return aws_.change_record(change, std::move(record), std::move(call));
  }
  Task<Result<bool>> change_in_sync(std::string change, Call call) override {
    return aws_.change_in_sync(std::move(change), std::move(call));
  }
  Task<Result<std::vector<AwsNotice>>> notices(Call call) override {
    return aws_.notices(std::move(call));
  }
  Task<Result<AwsZone>> zone(std::string name, Call call) override {
    return aws_.zone(std::move(name), std::move(call));
  }
  Task<Result<AwsInstance>> instance(std::string id, Call call) override {
    return aws_.instance(std::move(id), std::move(call));
  }
  Task<Result<AwsInstance>> instance_with_address(std::string vpc, std::string address,
                                                  Call call) override {
    return aws_.instance_with_address(std::move(vpc), std::move(address), std::move(call));
  }
  Task<Status> stop_instance(std::string instance, Call call) override {
    return aws_.stop_instance(std::move(instance), std::move(call));
  }
  Task<Status> protect_instance(std::string instance, bool on, Call call) override {
    return aws_.protect_instance(std::move(instance), on, std::move(call));
  }
  Task<Status> start_instance(std::string instance, Call call) override {
    return aws_.start_instance(std::move(instance), std::move(call));
  }
  Task<Status> may_change_instance(InstanceChange change, std::string instance,
                                   Call call) override {
    return aws_.may_change_instance(change, std::move(instance), std::move(call));
  }

 protected:
  Aws& aws_;
  Shared& shared_;
};

class AwsBudget::ForRecipes : public Through {
 public:
  using Through::Through;

  Task<Status> replace_route(std::string table, std::string destination, std::string eni,
                             Call call) override {
    ++shared_.changes;
    const Status replaced = co_await aws_.replace_route(std::move(table), std::move(destination),
                                                        std::move(eni), std::move(call));
    ++shared_.changes;
    co_return replaced;
  }
};

class AwsBudget::ForMonitor : public Through {
 public:
  using Through::Through;

  Task<Result<std::vector<AwsRouteTable>>> route_tables(std::string vpc, Call call) override {
    if (const auto* reading = news(vpc)) co_return reading->tables;
    if (shared_.asking.contains(vpc)) {
      co_await wait_for_answer(shared_, vpc, call);
      if (const auto* reading = news(vpc)) co_return reading->tables;
    }
    if (shared_.clock.now() < shared_.held_until) co_return std::unexpected(refusal(shared_));
    const bool first = shared_.asking.try_emplace(vpc).second;
    Shared::Reading reading;
    reading.asked = shared_.clock.now();
    reading.changes = shared_.changes;
    auto answer = co_await aws_.route_tables(vpc, std::move(call));
    learn(shared_, answer);
    if (answer) {
      reading.tables = *answer;
      shown_[vpc] = reading.asked;
      shared_.readings[vpc] = std::move(reading);
    }
    if (first) wake(shared_, vpc);
    co_return answer;
  }
  Task<Result<AwsInterface>> network_interface(std::string eni, Call call) override {
    return gated(shared_, aws_.network_interface(std::move(eni), std::move(call)));
  }
  Task<Result<AwsAddress>> address(std::string allocation, Call call) override {
    return gated(shared_, aws_.address(std::move(allocation), std::move(call)));
  }
  Task<Result<AwsHostedZone>> hosted_zone(std::string id, Call call) override {
    return gated(shared_, aws_.hosted_zone(std::move(id), std::move(call)));
  }
  Task<Result<std::optional<AwsRecord>>> record(std::string zone, std::string name, RecordType type,
                                                Call call) override {
    return gated(shared_, aws_.record(std::move(zone), std::move(name), type, std::move(call)));
  }
  Task<Result<AwsZone>> zone(std::string name, Call call) override {
    return gated(shared_, aws_.zone(std::move(name), std::move(call)));
  }

 private:
  // What this monitor has not been shown yet.
  const Shared::Reading* news(const std::string& vpc) {
    const auto* reading = recent(shared_, vpc);
    if (reading == nullptr) return nullptr;
    const auto [shown, first] = shown_.try_emplace(vpc, reading->asked);
    if (!first && shown->second >= reading->asked) return nullptr;
    shown->second = reading->asked;
    return reading;
  }

  std::map<std::string, Instant> shown_;  // by VPC: when the last one was asked for
};

struct AwsBudget::Parts {
  Parts(Aws& the_aws, Clock& clock)
      : aws(the_aws), shared{.clock = clock, .readings = {}, .asking = {}}, recipes(aws, shared) {}

  Aws& aws;
  Shared shared;
  ForRecipes recipes;
  std::map<MonitorName, ForMonitor> monitors;
};

AwsBudget::AwsBudget(Aws& aws, Clock& clock) : parts_(std::make_unique<Parts>(aws, clock)) {}
AwsBudget::~AwsBudget() = default;

Aws& AwsBudget::for_recipes() { return parts_->recipes; }
Aws& AwsBudget::for_monitor(const MonitorName& monitor) {
  return parts_->monitors.try_emplace(monitor, parts_->aws, parts_->shared).first->second;
}

}  // namespace mainstay
