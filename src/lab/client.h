// A lab for tests and benchmarks: up in a fraction of a second, gone with its object.
//
// It runs the program mainstay-lab, so it needs nothing of the lab's inside. Not for several
// threads at once, except exec() and start().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace mainstay::lab {

struct LabOptions {
  std::string directory = {};  // run directory; empty: a new one below /tmp
  std::string program =
      {};  // mainstay-lab; empty: $MAINSTAY_LAB_PROGRAM, or near the running program
  std::string layout = {};  // JSON; empty: the built-in layout
  std::vector<std::string> binds = {};
  bool own_clocks = false;  // for `fault clock`
};

struct ExecResult {
  int code = 0;
  std::string out;
  std::string err;
};

class Lab {
 public:
  static Result<Lab> up(const LabOptions& options = {});
  Lab(Lab&& other) noexcept;
  Lab& operator=(Lab&&) = delete;
  ~Lab();  // down

  Status down();

  // Runs it in the instance and waits for its end.
  Result<ExecResult> exec(const std::string& instance, const std::vector<std::string>& argv,
                          Duration patience = std::chrono::seconds(60)) const;
  // Leaves it running there; its output goes to the log (in the instance).
  Status start(const std::string& instance, const std::vector<std::string>& argv,
               const std::string& log = {}) const;
  // What the instance runs at each of its boots from now on; empty: nothing.
  Status boot_command(const std::string& instance, const std::vector<std::string>& argv) const;
  // A command of `mainstay-lab fault`, as words or as one line split at spaces.
  Result<std::string> fault(const std::vector<std::string>& words) const;
  Result<std::string> fault(const std::string& line) const;

  Result<std::string> status_json() const;
  // JSON lines after the given number.
  Result<std::string> events_json(std::uint64_t since = 0) const;
  // A value of the status by its path, for example "instances/server1/eni" or
  // "route_tables/Public-AB/id".
  Result<std::string> look_up(const std::string& path) const;

  const std::string& directory() const { return directory_; }
  const std::string& program() const { return program_; }
  // The directory all instances see as /run/lab.
  std::string shared() const { return directory_ + "/shared"; }
  // Of an instance's file on the machine: "/var/log/x" or "/etc/mainstay/cluster.toml" and the
  // like.
  std::string disk(const std::string& instance) const;

 private:
  Lab(std::string directory, std::string program);

  std::string directory_;
  std::string program_;
  bool running_ = true;
};

}  // namespace mainstay::lab
