// Performs what the core orders of resources and monitors: finds the recipe, hands it its context,
// runs it under the executor, and watches an active resource that can be lost by itself.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "cluster/action.h"
#include "config/model.h"
#include "resources/resource.h"
#include "runtime/aws_budget.h"
#include "runtime/executor.h"
#include "runtime/node_driver.h"

namespace mainstay {

class Recipes {
 public:
  struct Answers {
    // Called from inside operations: the receiver must not step the core at once.
    std::function<void(Event)> on_event;
    std::function<void(Note)> on_note;
  };

  Recipes(const NodeSetup& setup, const NodePorts& ports, Executor& executor, Answers answers);
  ~Recipes();

  // Begins to look after data that may be behind. Call once, from no operation.
  void begin();
  void activate(const ActivateResource& action);
  void deactivate(const DeactivateResource& action);
  void release(const ReleaseGroup& action);
  void observe(const RunMonitor& action);

 private:
  struct Job;
  struct Watching;

  // A monitor asks within its budget; without a name it is for a recipe.
  std::shared_ptr<Job> job(const GroupName& group, const ResourceName& resource, Term term,
                           const MonitorName& monitor = {});
  // Each role has its own: its account counts calls for itself.
  AwsBudget& budget_of(const Params& params);
  // Runs `verb` of the type and answers the ticket with its outcome.
  void run(std::shared_ptr<Job> job, std::uint64_t ticket, Instant deadline, bool up);
  Task<void> perform(std::shared_ptr<Job> job, std::uint64_t ticket, bool up, Call call);
  Task<void> check(std::shared_ptr<Job> job, MonitorName monitor, std::uint64_t ticket, Call call);
  Task<void> observe(MonitorName monitor, const MonitorConfig& config, std::uint64_t ticket,
                     Call call);
  void judge(std::uint64_t ticket, const MonitorName& monitor, Health health);
  void begin_watch(std::shared_ptr<Job> job);
  void end_watch(const ResourceName& resource);
  Task<void> watch(std::shared_ptr<Job> job);
  Task<void> look_after_data(std::shared_ptr<Job> job);

  const NodeSetup& setup_;
  NodePorts ports_;
  std::map<std::string, std::unique_ptr<AwsBudget>> budgets_;  // by role
  Executor& executor_;
  Answers answers_;
  Random random_;
  std::map<ResourceName, Kept> kept_;
  std::map<ResourceName, std::unique_ptr<Watching>> watching_;
  std::vector<std::unique_ptr<Watching>> ended_;
  std::vector<std::unique_ptr<Watching>> looking_;
};

}  // namespace mainstay
