// Programs of the user: scripts that run and end, and resident ones that are watched.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "ports/call.h"

namespace mainstay {

struct Program {
  std::vector<std::string> argv;                   // argv[0] is a path
  std::map<std::string, std::string> environment;  // added to a small fixed one (PATH, HOME, LANG)
  std::string directory;                           // where it runs; "" is its script's directory
  // Everything it starts belongs to this family (a resource's name, say), even what outlives the
  // script or left its process group: a cgroup where there is one, else process group, session and
  // an environment mark.
  std::string family;
  // Standard output and error are appended here, rotated; "" drops them.
  std::string log_file;
  std::size_t log_size_max = 1'000'000;
};

struct ProgramEnd {
  int exit_code = 0;       // valid if signal == 0
  int signal = 0;          // what killed it
  bool timed_out = false;  // it was still running at the deadline and was killed
  std::string last_line;   // of its standard error, else output: for messages
};

// One running program. Dropping it does not end the program.
class RunningProgram {
 public:
  virtual ~RunningProgram() = default;
  virtual int pid() const = 0;
  // Waits for its end. At the call's deadline: timed_out, and the program runs on. One waiter at a
  // time.
  virtual Task<Result<ProgramEnd>> wait(Call call) = 0;
};

class Process {
 public:
  virtual ~Process() = default;

  // Starts it. not_found, denied: the file is not there, or not executable.
  virtual Result<std::unique_ptr<RunningProgram>> start(const Program& program) = 0;
  // Starts it, waits for its end, and kills it with all it started if the deadline comes first.
  virtual Task<Result<ProgramEnd>> run(Program program, Call call) = 0;
  // The living programs of a family.
  virtual std::vector<int> members(const std::string& family) = 0;
  // Asks the family to end (SIGTERM) and, at `kill_at`, ends it (SIGKILL). Done when none is left.
  // timed_out: some survive even that (uninterruptible).
  virtual Task<Status> end_family(std::string family, Instant kill_at, Call call) = 0;
  // SIGKILL to the whole family now, without waiting: for a node that has lost its permission.
  virtual void kill_family(const std::string& family) = 0;
};

}  // namespace mainstay
