#include "runtime/recipes.h"

#include <algorithm>

#include "base/check.h"
#include "monitors/registry.h"
#include "resources/registry.h"

namespace mainstay {

// One use of a recipe: what it is told, alive until it has ended.
struct Recipes::Job {
  const ResourceType* type = nullptr;
  const ResourceConfig* config = nullptr;
  const Params* params = nullptr;
  Context context;
};

struct Recipes::Watching {
  Cancellation cancellation;
  std::optional<Task<void>> task;
};

namespace {

// How often data that may be behind is looked at, and how long that may take.
constexpr Duration look_pause = 1s;
constexpr Duration look_max = 5s;

StartCause cause_of(StartReason reason) {
  switch (reason) {
    case StartReason::failover:
      return StartCause::failover;
    case StartReason::restart:
      return StartCause::restart;
    case StartReason::move:
      return StartCause::move;
    case StartReason::start:
      return StartCause::start;
  }
  return StartCause::start;
}

StopCause cause_of(StopReason reason) {
  switch (reason) {
    case StopReason::cleanup:
      return StopCause::cleanup;
    case StopReason::group_stop:
      return StopCause::group_stop;
    case StopReason::group_move:
      return StopCause::group_move;
    case StopReason::group_failover:
      return StopCause::group_failover;
    case StopReason::resource_restart:
      return StopCause::resource_restart;
    case StopReason::node_stop:
    case StopReason::node_must_end:
      return StopCause::node_stop;
    case StopReason::permission_ended:
      return StopCause::permission_ended;
    case StopReason::both_active:
      return StopCause::both_active;
  }
  return StopCause::group_stop;
}

int position(const GroupConfig& group, const NodeName& node) {
  const auto found = std::ranges::find(group.policy, node);
  return static_cast<int>(found - group.policy.begin()) + 1;
}

}  // namespace

Recipes::Recipes(const NodeSetup& setup, const NodePorts& ports, Executor& executor,
                 Answers answers)
    : setup_(setup),
      ports_(ports),
      executor_(executor),
      answers_(std::move(answers)),
      random_(setup.seed) {}

Recipes::~Recipes() = default;

AwsBudget& Recipes::budget_of(const Params& params) {
  const std::string role = role_of(*setup_.config, params);
  auto& budget = budgets_[role];
  if (!budget) {
    const bool own = role.empty() || !ports_.aws_as;
    budget = std::make_unique<AwsBudget>(own ? ports_.aws : ports_.aws_as(role), ports_.clock);
  }
  return *budget;
}

std::shared_ptr<Recipes::Job> Recipes::job(const GroupName& group, const ResourceName& resource,
                                           Term term, const MonitorName& monitor) {
  const GroupConfig* owner = find_group(*setup_.config, group);
  const ResourceConfig* config = find_resource(*owner, resource);
  const ResourceType* type = find_resource_type(config->type);
  MAINSTAY_CHECK(type != nullptr);  // The parser knows no other types than the registry.
  const Params& params = config->params.at(setup_.self);
  AwsBudget& budget = budget_of(params);
  const std::string subject = fmt::format("{}/{}", group, resource);
  const auto say = [this, subject](Severity severity) {
    return [this, subject, severity](std::string text) {
      answers_.on_note({severity, subject, std::move(text)});
    };
  };
  return std::make_shared<Job>(Job{
      .type = type,
      .config = config,
      .params = &params,
      .context =
          Context{.node = setup_.self,
                  .group = group,
                  .resource = resource,
                  .term = term,
                  .call = {},
                  .clock = ports_.clock,
                  .host = ports_.host,
                  .process = ports_.process,
                  .aws = monitor.empty() ? budget.for_recipes() : budget.for_monitor(monitor),
                  .resolver = ports_.resolver,
                  .mirror = ports_.mirror,
                  .mounts = ports_.mounts,
                  .random = random_,
                  .facts = {.policy_position = position(*owner, setup_.self)},
                  .warn = say(Severity::warning),
                  .progress = say(Severity::information),
                  .log_directory = setup_.log_directory,
                  .kept = kept_[resource]},
  });
}

void Recipes::activate(const ActivateResource& action) {
  auto made = job(action.group, action.resource, action.term);
  made->context.facts.cause = cause_of(action.reason);
  made->context.facts.previous_node = action.previous;
  run(std::move(made), action.ticket, action.deadline, true);
}

void Recipes::deactivate(const DeactivateResource& action) {
  end_watch(action.resource);
  auto made = job(action.group, action.resource, action.term);
  made->context.facts.stop_cause = cause_of(action.reason);
  run(std::move(made), action.ticket, action.deadline, false);
}

void Recipes::run(std::shared_ptr<Job> made, std::uint64_t ticket, Instant deadline, bool up) {
  executor_.run(
      {.ticket = ticket,
       .thing = "resource " + made->config->name.value,
       .deadline = deadline,
       .work = [this, made, ticket, up](Call call) { return perform(made, ticket, up, call); },
       .on_overdue =
           [this, ticket](Error error) {
             answers_.on_event(ResourceSettled{ticket, std::unexpected(std::move(error))});
           }});
}

Task<void> Recipes::perform(std::shared_ptr<Job> job, std::uint64_t ticket, bool up, Call call) {
  job->context.call = call;
  Status outcome;
  if (up) {
    outcome = co_await job->type->activate(*job->params, job->context);
  } else {
    outcome = co_await job->type->deactivate(*job->params, job->context);
  }
  if (!executor_.settle(ticket)) co_return;  // Called off, or too late: nobody waits for it.
  if (up && outcome) begin_watch(job);
  answers_.on_event(ResourceSettled{ticket, std::move(outcome)});
}

void Recipes::release(const ReleaseGroup& action) {
  const GroupConfig* group = find_group(*setup_.config, action.group);
  for (auto resource = group->resources.rbegin(); resource != group->resources.rend(); ++resource) {
    if (!resource->params.contains(setup_.self)) continue;
    end_watch(resource->name);
    const auto made = job(action.group, resource->name, 0);
    if (made->type->release) made->type->release(*made->params, made->context);
  }
}

// ---- Monitors.

void Recipes::observe(const RunMonitor& action) {
  const MonitorConfig* config = find_monitor(*setup_.config, action.monitor);
  MAINSTAY_CHECK(config != nullptr);
  const auto ticket = action.ticket;
  Executor::Work work;
  if (!config->checks.empty()) {
    const auto made =
        job(group_of(*setup_.config, config->checks)->name, config->checks, 0, config->name);
    work = [this, made, name = config->name, ticket](Call call) {
      return check(made, name, ticket, call);
    };
  } else {
    work = [this, config, ticket](Call call) {
      return observe(config->name, *config, ticket, call);
    };
  }
  executor_.run({.ticket = ticket,
                 .thing = "monitor " + config->name.value,
                 .deadline = action.deadline,
                 .work = std::move(work),
                 .on_overdue = [this, ticket, name = config->name](Error error) {
                   answers_.on_event(
                       MonitorJudged{ticket, name, Verdict::unknown, error.number, error.message});
                 }});
}

void Recipes::judge(std::uint64_t ticket, const MonitorName& monitor, Health health) {
  if (!executor_.settle(ticket)) return;
  answers_.on_event(
      MonitorJudged{ticket, monitor, health.verdict, health.number, std::move(health.message)});
}

Task<void> Recipes::check(std::shared_ptr<Job> job, MonitorName monitor, std::uint64_t ticket,
                          Call call) {
  job->context.call = call;
  Health health = healthy();  // A resource that is only watched is well until its watch ends.
  if (job->type->check) health = co_await job->type->check(*job->params, job->context);
  judge(ticket, monitor, std::move(health));
}

Task<void> Recipes::observe(MonitorName monitor, const MonitorConfig& config, std::uint64_t ticket,
                            Call call) {
  const MonitorType* type = find_monitor_type(config.type);
  MAINSTAY_CHECK(type != nullptr);
  const Params& params = config.params.at(setup_.self);
  MonitorContext context{.node = setup_.self,
                         .monitor = monitor,
                         .call = call,
                         .clock = ports_.clock,
                         .host = ports_.host,
                         .process = ports_.process,
                         .aws = budget_of(params).for_monitor(monitor),
                         .mirror = ports_.mirror,
                         .log_directory = setup_.log_directory};
  Health health = co_await type->observe(params, context);
  judge(ticket, monitor, std::move(health));
}

// ---- Data that may be behind.

void Recipes::begin() {
  for (const auto& group : setup_.config->groups) {
    for (const auto& resource : group.resources) {
      const ResourceType* type = find_resource_type(resource.type);
      if (!type->behind || !resource.params.contains(setup_.self)) continue;
      auto looking = std::make_unique<Watching>();
      auto made = job(group.name, resource.name, 0, {});
      made->context.call = Call(never, looking->cancellation);
      looking->task.emplace(look_after_data(made));
      looking_.push_back(std::move(looking));
      looking_.back()->task->start();
    }
  }
}

Task<void> Recipes::look_after_data(std::shared_ptr<Job> job) {
  const Cancellation cancellation = job->context.call.cancellation;
  std::string known;
  while (true) {
    job->context.call = Call(ports_.clock.now() + look_max, cancellation);
    auto behind = co_await job->type->behind(*job->params, job->context);
    if (behind && *behind != known) {
      known = std::move(*behind);
      answers_.on_event(CopyJudged{job->context.group, known});
    }
    co_await pause_until(job->context, ports_.clock.now() + look_pause);
  }
}

// ---- Watches.

void Recipes::begin_watch(std::shared_ptr<Job> active) {
  ended_.clear();
  if (!active->type->watch) return;
  end_watch(active->config->name);
  auto watching = std::make_unique<Watching>();
  auto made = job(active->context.group, active->config->name, active->context.term);
  made->context.call = Call(never, watching->cancellation);
  watching->task.emplace(watch(made));
  Watching& kept = *(watching_[active->config->name] = std::move(watching));
  kept.task->start();
}

void Recipes::end_watch(const ResourceName& resource) {
  const auto found = watching_.find(resource);
  if (found == watching_.end()) return;
  // Its frame may be on the stack: cancelling resumes it.
  ended_.push_back(std::move(found->second));
  watching_.erase(found);
  ended_.back()->cancellation.request();
}

Task<void> Recipes::watch(std::shared_ptr<Job> job) {
  const Cancellation cancellation = job->context.call.cancellation;
  const Error lost = co_await job->type->watch(*job->params, job->context);
  if (cancellation.requested() || lost.code == Code::cancelled) co_return;
  for (const auto& monitor : setup_.config->monitors) {
    if (monitor.checks != job->config->name) continue;
    answers_.on_event(
        MonitorJudged{0, monitor.name, Verdict::unhealthy, lost.number, lost.message});
  }
}

}  // namespace mainstay
