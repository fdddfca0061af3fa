#include "runtime/reachability.h"

#include <algorithm>

namespace mainstay {
namespace {

// A server that says it is broken, or a gateway that cannot reach one, shows no way.
constexpr int first_bad_status = 500;

// The race of a check's targets: the first good answer decides, or the last bad one.
struct Race {
  std::size_t missing = 0;
  std::string failures;
  Cancellation others;
  Completion<bool> decided;
};

Status without_value(const Result<Duration>& answer) {
  // Somebody who refuses is somebody.
  if (answer || answer.error().code == Code::conflict) return {};
  return std::unexpected(answer.error());
}

Task<Status> ask_page(const ReachabilityConfig& check, const std::string& url, Host& host,
                      Call call) {
  HttpHead question{
      .url = url, .proxy = check.proxy, .ca_file = check.ca_file, .verify = check.verify};
  const auto status = co_await host.http_head(std::move(question), call);
  if (!status) co_return std::unexpected(status.error());
  if (*status < first_bad_status) co_return Status{};
  co_return failure(Code::unavailable, fmt::format("it answers with status {}", *status));
}

Task<Status> ask_target(const ReachabilityConfig& check, const ReachabilityTarget& target,
                        Host& host, Call call) {
  if (check.kind == ReachabilityKind::http) {
    co_return co_await ask_page(check, target.url, host, call);
  }
  if (check.kind == ReachabilityKind::tcp) {
    co_return without_value(co_await host.connect_tcp(target.host, target.port, call));
  }
  co_return without_value(co_await host.ping(target.host, call));
}

std::string words_of(const ReachabilityTarget& target, ReachabilityKind kind) {
  if (kind == ReachabilityKind::http) return target.url;
  if (kind == ReachabilityKind::tcp) return fmt::format("{}:{}", target.host, target.port);
  return target.host;
}

Task<void> run_target(const ReachabilityConfig& check, ReachabilityTarget target, Host& host,
                      Instant deadline, std::shared_ptr<Race> race) {
  const Call call{deadline, race->others};
  const Status answer = co_await ask_target(check, target, host, call);
  --race->missing;
  if (answer) {
    if (race->decided.set(true)) race->others.request();
    co_return;
  }
  race->failures += fmt::format("{}{}: {}", race->failures.empty() ? "" : "; ",
                                words_of(target, check.kind), answer.error().message);
  if (race->missing == 0) race->decided.set(false);
}

Task<ReachabilityOf> ask_targets(const ReachabilityConfig& check, const ReachabilityAsker& asker,
                                 Cancellation cancellation) {
  const auto& targets = check.targets.at(asker.self);
  const auto race = std::make_shared<Race>();
  race->missing = targets.size();
  const std::uint64_t listener =
      cancellation.on_request([others = race->others] { others.request(); });
  const Instant deadline = asker.clock.now() + check.timeout;
  std::vector<Task<void>> running;
  running.reserve(targets.size());
  for (const auto& target : targets)
    running.push_back(run_target(check, target, asker.host, deadline, race));
  for (auto& task : running) task.start();
  const bool reached = co_await race->decided;
  for (auto& task : running) co_await task.finished();
  cancellation.forget(listener);
  if (reached) co_return ReachabilityOf{check.name, Reachability::reachable, ""};
  co_return ReachabilityOf{check.name, Reachability::unreachable, race->failures};
}

std::string complaint(const std::string& script, const Result<ProgramEnd>& end) {
  if (!end) return fmt::format("{}: {}", script, end.error().message);
  if (end->timed_out) return script + " did not end in time and was killed";
  const std::string said = end->last_line.empty() ? "" : ": " + end->last_line;
  if (end->signal != 0)
    return fmt::format("{} was killed by signal {}{}", script, end->signal, said);
  if (end->exit_code != 0) return fmt::format("{} returned {}{}", script, end->exit_code, said);
  return "";
}

Task<ReachabilityOf> ask_script(const ReachabilityConfig& check, const ReachabilityAsker& asker,
                                Cancellation cancellation) {
  Program program;
  program.argv = {check.script};
  program.environment = {{"MAINSTAY_NODE", asker.self.value}};
  program.family = "reachability-" + check.name;
  program.log_file = fmt::format("{}/reachability-{}.log", asker.log_directory, check.name);
  const Call call{asker.clock.now() + check.timeout, cancellation};
  const auto end = co_await asker.process.run(program, call);
  const std::string why = complaint(check.script, end);
  const auto verdict = why.empty() ? Reachability::reachable : Reachability::unreachable;
  co_return ReachabilityOf{check.name, verdict, why};
}

}  // namespace

Task<ReachabilityAnswer> check_reachability(const ReachabilityAsker& asker,
                                            Cancellation cancellation) {
  std::vector<Task<ReachabilityOf>> checks;
  for (const auto& check : asker.config.arbitration.reachability) {
    checks.push_back(check.kind == ReachabilityKind::script
                         ? ask_script(check, asker, cancellation)
                         : ask_targets(check, asker, cancellation));
  }
  ReachabilityAnswer all{Reachability::reachable, "", {}};
  all.single = co_await when_all(std::move(checks));
  for (const auto& answer : all.single) {
    if (answer.verdict == Reachability::reachable) continue;
    all.verdict = answer.verdict;
    all.why += fmt::format("{}{}: {}", all.why.empty() ? "" : "; ", answer.name, answer.why);
  }
  co_return all;
}

}  // namespace mainstay
