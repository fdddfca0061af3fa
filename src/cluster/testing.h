// A few decision cores in one test, with obedient surroundings: beats arrive after a millisecond
// unless a link is cut, stores and resources settle at once unless the test says otherwise.
// Everything else is for the simulator.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "cluster/node.h"

namespace mainstay::testing {

NodeName node(const std::string& name);
inline const GroupName web{"web"};

ClusterConfig two_nodes();

class Cores {
 public:
  struct Core {
    State state;
    bool up = true;
    bool frozen = false;
    std::vector<std::string> story;
    std::vector<Activation> activations;
    std::vector<Halt> halts;
    std::vector<std::string> released;
    std::set<Ticket> cancelled;
    std::map<Ticket, Status> answers;
    Durable stored;
  };

  explicit Cores(ClusterConfig config);
  ~Cores();

  void boot(const NodeName& name);
  void kill(const NodeName& name);
  void cut(const NodeName& from, const NodeName& to) { cuts_.insert({from, to}); }
  void heal() { cuts_.clear(); }
  Core& operator[](const std::string& name) { return cores_.at(node(name)); }
  Instant now() const { return now_; }

  // Answers to what the tests leave open: by default reachable and well.
  std::function<Status(const NodeName&, const ActivateResource&)> on_activate = [](auto&, auto&) {
    return Status{};
  };
  std::function<Status(const NodeName&, const DeactivateResource&)> on_deactivate =
      [](auto&, auto&) { return Status{}; };
  Duration activation_time = 1ms;
  Duration deactivation_time = 1ms;
  std::function<Verdict(const NodeName&)> verdict = [](auto&) { return Verdict::healthy; };
  std::function<Reachability(const NodeName&)> reachable = [](auto&) {
    return Reachability::reachable;
  };
  std::function<Status(const NodeName&)> on_store = [](auto&) { return Status{}; };
  std::function<Status(const NodeName& by, const NodeName& peer)> on_fence = [](auto&, auto&) {
    return Status{};
  };

  std::function<Status(const NodeName& by, const NodeName& peer)> on_fence_check =
      [](auto&, auto&) { return Status{}; };
  std::function<std::vector<ReachabilityOf>(const NodeName&)> single_checks = [](auto&) {
    return std::vector<ReachabilityOf>{};
  };

  void tell(const NodeName& name, const Event& event) { run(name, event); }
  Ticket ask(const std::string& name, Command command);

  void run_for(Duration duration);
  void freeze(const NodeName& name) { cores_.at(name).frozen = true; }
  void thaw(const NodeName& name);
  GroupPhase phase(const std::string& name) { return (*this)[name].state.groups.at(web).phase; }
  // The arbiter's records; `arbiter_up` false: nobody gets an answer.
  std::map<std::string, std::pair<std::uint64_t, Bytes>> records;
  bool arbiter_up = true;

 private:
  struct Delivery {
    NodeName to;
    Event event;
  };

  void run(const NodeName& name, const Event& event);
  void later(const NodeName& to, Event event, Duration delay = 1ms);

  void perform(const NodeName& name, Core&, SendBeat& send);
  void perform(const NodeName& name, Core& core, StoreState& store);
  void perform(const NodeName& name, Core&, ReadRecord& read);
  void perform(const NodeName& name, Core&, SwapRecord& swap);
  void perform(const NodeName& name, Core&, CheckReachability& check);
  void perform(const NodeName& name, Core&, FencePeer& fence);
  void perform(const NodeName& name, Core&, CheckFence& check);
  void perform(const NodeName& name, Core& core, ActivateResource& activate);
  void perform(const NodeName& name, Core& core, DeactivateResource& deactivate);
  void perform(const NodeName&, Core& core, CancelOperation& cancel);
  void perform(const NodeName&, Core& core, ReleaseGroup& release);
  void perform(const NodeName& name, Core&, RunMonitor& monitor);
  void perform(const NodeName&, Core&, ArmWatchdog&) {}
  // As the driver does: what may still be handed over in order is.
  void perform(const NodeName& name, Core& core, HaltNode& halt);
  void perform(const NodeName& name, Core& core, Note& note);
  void perform(const NodeName&, Core& core, RecordActivation& record);
  void perform(const NodeName&, Core& core, AnswerOperator& answer);

  std::shared_ptr<const ClusterConfig> config_;
  Instant now_ = Instant{} + 1h;
  std::map<NodeName, Core> cores_;
  std::multimap<Instant, Delivery> queue_;
  std::vector<Delivery> thawing_;
  std::set<std::pair<NodeName, NodeName>> cuts_;
  Ticket last_ask_ = 0;
};

}  // namespace mainstay::testing
