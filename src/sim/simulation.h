// A cluster of production drivers in a fake world, with what befalls it and the laws it is held
// against.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/node_driver.h"
#include "sim/checkers/checker.h"
#include "sim/environment.h"
#include "sim/fault.h"
#include "sim/truth.h"
#include "sim/world.h"

namespace mainstay::sim {

struct StoryLine {
  WorldTime at;
  std::string node;  // "" for what the world does
  std::string text;
};
inline constexpr std::size_t story_max = 50'000;
// "00:11.000  b  a: alive → suspect: ...".
std::string to_text(const StoryLine& line);

struct Ingredients {
  std::uint64_t seed = 0;
  Environment environment;
  std::vector<Fault> faults;
  bool story = false;  // keep what nodes and world say
  // Programs die, too, that no resource type watches; then nobody restarts them.
  bool unwatched_die = false;
  bool person = false;  // somebody looks in now and then, and calls isolated nodes back
};

class Simulation {
 public:
  explicit Simulation(Ingredients ingredients);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // Switches every machine on; the faults of the list come as the time passes.
  void begin();
  // Until then, or until a law is broken (false).
  bool run_until(WorldTime until);
  bool run_for(Duration span) { return run_until(world_->now() + span); }
  // Ends every fault, sees to it that every machine and daemon is started, and demands liveness
  // from now on.
  void heal();
  // Runs until each group is served, and has been for `settled`; breaks everything_served if that
  // takes longer than `bound`.
  bool run_until_served(Duration bound, Duration settled);
  // Tells the checkers that it is over.
  void finish();

  // ---- By hand, for scenarios.
  void begin_fault(const Fault& fault);
  // Ends the oldest running fault of this kind that `matches`.
  bool end_fault(const std::function<bool(const Fault&)>& matches);
  void ask(std::size_t machine, Command command, std::function<void(Status)> done);
  NodeDriver* driver(std::size_t machine) { return drivers_[machine].get(); }

  World& world() { return *world_; }
  const Truth& truth() const { return *truth_; }
  const Scene& scene() const { return *scene_; }
  const std::vector<StoryLine>& story() const { return story_; }
  void tell(std::string node, std::string text);
  // Called with each line of the story as it happens.
  void on_story(std::function<void(const StoryLine&)> listener) { listener_ = std::move(listener); }
  // Called at the end of each moment that changed who runs what.
  void on_runners(std::function<void()> listener) { runners_listener_ = std::move(listener); }
  const ClusterConfig& config() const { return *ingredients_.environment.config; }
  // What people want, group by group: false after a stop by hand.
  const std::vector<bool>& wanted() const { return wanted_; }
  // How long after the last fault everything must be served.
  Duration liveness_bound() const;

 private:
  struct Running {
    Fault fault;
    std::uint64_t id = 0;
  };
  void install_daemon(std::size_t machine);
  void begin_daemon(std::size_t machine);
  std::shared_ptr<const ClusterConfig> config_of(std::size_t machine) const;
  void schedule_faults();
  void strike(const Fault& fault);
  void shut_system_down(std::size_t machine);
  void give_order(const Fault& fault);
  void relieve(const Fault& fault);
  void recompute_conditions();
  void kill_program(const Fault& fault);
  void change_route(const Fault& fault);
  void order(Command command);
  NodeObserver observer(std::size_t machine);
  void on_action(std::size_t machine, const Action& action, Instant now);
  void on_event(std::size_t machine, const Event& event, Instant now);
  void on_sighting(const Sighting& sighting);
  void at_rest();
  void look_in();
  void recover_isolated();
  void help();

  Ingredients ingredients_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Truth> truth_;
  std::unique_ptr<Scene> scene_;
  std::vector<Checker> checkers_;
  std::vector<std::unique_ptr<NodeDriver>> drivers_;
  std::vector<Running> running_;
  std::uint64_t last_fault_ = 0;
  std::vector<bool> wanted_;
  std::uint64_t changes_seen_ = 0;
  std::vector<StoryLine> story_;
  std::function<void(const StoryLine&)> listener_;
  std::function<void()> runners_listener_;
};

}  // namespace mainstay::sim
