// How this node ends itself: the last actions, from a shutdown to an immediate reset.
//
// They are an object that is handed in, so that tests and simulations of disaster hand in harmless
// ones. The real ones act only if they were allowed explicitly. In a PID namespace of its own a
// "machine" is that namespace: there they use nothing but reboot(2), which the kernel turns into
// the end of the namespace's first process. And with MAINSTAY_LAB in the environment they do that
// only if its value names the PID namespace we are in, as /proc/self/ns/pid reads there, and never
// anything else; so a daemon that was meant for a laboratory cannot halt the machine it strayed to.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/power.h"

namespace mainstay::adapters {

struct HaltActions {
  // stop_service is not asked of it. An error: nothing was done, and why.
  std::function<Status(HaltKind)> act;
};

// The means, one function each; real_means() are the only ones that touch the machine.
struct HaltMeans {
  std::function<Status(char command)> sysrq;
  std::function<Status(int command)> reboot;  // RB_AUTOBOOT, RB_POWER_OFF
  std::function<Status(std::vector<std::string> argv)> run;
};
HaltMeans real_means();

// Where we are.
struct HaltPlace {
  bool allowed = false;       // by the configuration
  std::string pid_namespace;  // "pid:[4026531836]"
  bool initial_pid_namespace = true;
  std::optional<std::string> lab;  // MAINSTAY_LAB
};
HaltPlace this_place(bool allowed);

HaltActions real_halts(HaltPlace place, HaltMeans means);

}  // namespace mainstay::adapters
