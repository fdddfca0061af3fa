// Starts a program: a new session, default signals, no descriptor of ours but its three.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "posix/fd.h"

namespace mainstay::adapters {

struct SpawnRequest {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // "NAME=value", the whole of it
  std::string directory;
  int output = -1;  // becomes descriptor 1
  int error = -1;   // becomes descriptor 2
  int cgroup = -1;  // a cgroup v2 directory to start it in; -1: ours
};

struct Spawned {
  int pid = 0;
  Fd pidfd;
  bool in_cgroup = false;  // false although it was asked for: the kernel would not
};

// Waits for the exec of the child, which takes a millisecond, to tell its error; a file system that
// hangs is not waited for (exec_patience), the program then ends with exec_failed_exit.
Result<Spawned> spawn(const SpawnRequest& request);

inline constexpr int exec_failed_exit = 127;

}  // namespace mainstay::adapters
