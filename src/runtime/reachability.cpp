#include "runtime/reachability.h"

#include <algorithm>

namespace mainstay {
namespace {

// The race of a check's targets: the first good answer decides, or the last bad one.
struct Race {
  std::size_t missing = 0;
  std::string failures;
  Cancellation others;
  Completion<bool> decided;
};

Task<void> run_target(const ReachabilityConfig& check, ReachabilityTarget target, Host& host,
                      Instant deadline, std::shared_ptr<Race> race) {
  const Call call{deadline, race->others};
  const bool ping = check.kind == ReachabilityKind::ping;
  Result<Duration> answer = failure(Code::unavailable, "");
  if (ping) {
    answer = co_await host.ping(target.host, call);
  } else {
    answer = co_await host.connect_tcp(target.host, target.port, call);
  }
  // Somebody who refuses is somebody.
  const bool reached = answer || answer.error().code == Code::conflict;
  --race->missing;
  if (reached) {
    if (race->decided.set(true)) race->others.request();
    co_return;
  }
  race->failures += fmt::format("{}{}: {}", race->failures.empty() ? "" : "; ",
                                ping ? target.host : fmt::format("{}:{}", target.host, target.port),
                                answer.error().message);
  if (race->missing == 0) race->decided.set(false);
}

Task<ReachabilityAnswer> run_check(const ReachabilityConfig& check, const NodeName& self,
                                   Clock& clock, Host& host, Cancellation cancellation) {
  const auto& targets = check.targets.at(self);
  const auto race = std::make_shared<Race>();
  race->missing = targets.size();
  const std::uint64_t listener =
      cancellation.on_request([others = race->others] { others.request(); });
  const Instant deadline = clock.now() + check.timeout;
  std::vector<Task<void>> running;
  running.reserve(targets.size());
  for (const auto& target : targets)
    running.push_back(run_target(check, target, host, deadline, race));
  for (auto& task : running) task.start();
  const bool reached = co_await race->decided;
  for (auto& task : running) co_await task.finished();
  cancellation.forget(listener);
  if (reached) co_return ReachabilityAnswer{Reachability::reachable, ""};
  co_return ReachabilityAnswer{Reachability::unreachable,
                               fmt::format("{}: {}", check.name, race->failures)};
}

}  // namespace

Task<ReachabilityAnswer> check_reachability(const ClusterConfig& config, const NodeName& self,
                                            Clock& clock, Host& host, Cancellation cancellation) {
  std::vector<Task<ReachabilityAnswer>> checks;
  for (const auto& check : config.arbitration.reachability) {
    checks.push_back(run_check(check, self, clock, host, cancellation));
  }
  ReachabilityAnswer all{Reachability::reachable, ""};
  for (const auto& answer : co_await when_all(std::move(checks))) {
    if (answer.verdict == Reachability::reachable) continue;
    all.verdict = answer.verdict;
    all.why += (all.why.empty() ? "" : "; ") + answer.why;
  }
  co_return all;
}

}  // namespace mainstay
