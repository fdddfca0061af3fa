// The instances' lives: boot, kill, stop, freeze, reboot, each on the namespaces of one instance
// and nothing else.
//
// One thread keeps them all: it starts the inits (which die when that thread dies), hears them, and
// notices at once when one ends. Every operation waits until it is done or its deadline passes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/events.h"
#include "lab/init.h"
#include "lab/network.h"
#include "lab/volumes/volumes.h"

namespace mainstay::lab {

enum class Life { off, booting, running, frozen, stopping };
std::string_view to_text(Life life);

struct InstanceStatus {
  Life life = Life::off;
  int pid = 0;  // of the init, on the machine
  int boots = 0;
  std::string cgroup = {};
};

class Instances {
 public:
  struct Setup {
    std::string lab;     // the run directory
    std::string cgroup;  // parent of the instances' groups; empty: no cgroup v2 we may write to
    Network* network = nullptr;
    Volumes* volumes = nullptr;
    EventLog* events = nullptr;
    // Called when an instance's life changes; must not call back. `own_will`: it switched itself
    // off.
    std::function<void(const std::string& instance, Life life, bool own_will)> on_change;
  };
  static Result<std::unique_ptr<Instances>> start(Setup setup);
  ~Instances();  // Kills all of them and waits for their end.

  void add(InitSpec spec);
  Status boot(const std::string& instance);
  // All that are off, side by side.
  Status boot_all();
  // Death without a word: no packet leaves any more from the instant on.
  Status kill(const std::string& instance);
  // Asks its processes to end, then ends them.
  Status shut_down(const std::string& instance);
  Status reboot(const std::string& instance, bool hard);
  Status freeze(const std::string& instance);
  Status thaw(const std::string& instance);
  Status set_boot_commands(const std::string& instance,
                           std::vector<std::vector<std::string>> commands);

  std::map<std::string, InstanceStatus> status() const;

 private:
  struct State;
  explicit Instances(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The directory of cgroup v2 this process lives in, or nothing.
std::string own_cgroup();
// Ends what is left in the group and removes it with all groups below.
Status remove_cgroup(const std::string& path);

}  // namespace mainstay::lab
