// Which processes belong to a family (everything a resource's programs started), found anew in the
// kernel each time, so that a restarted daemon knows the programs its forerunner started.
//
// Where there is a writable cgroup v2 of our own, a family is a cgroup: nothing leaves it, one
// write kills all of it. Else a process belongs to a family if its environment carries the mark
// that the program was started with, or if it is in the session of such a process: what leaves both
// (a daemon that made its own session *and* cleared its environment) is not found.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "posix/fd.h"

namespace mainstay::adapters {

// The cgroup below which families may be made: the one this process is in, if it is writable and
// the kernel's process numbers are ours. In a PID namespace of its own a node may share its cgroup
// with others it cannot see, so there it has none unless it is told.
std::optional<std::filesystem::path> own_cgroup();

class Families {
 public:
  // `cluster` and `node` keep apart the families of several daemons.
  struct Settings {
    std::string cluster;
    std::string node;
    std::optional<std::filesystem::path> cgroup;
  };
  // Where one program is put: its own place within the family, so that it can be ended with all it
  // started and without the rest of the family.
  struct Place {
    std::string family;
    std::string run;                 // unique among all programs ever started
    std::vector<std::string> marks;  // for its environment
    std::optional<std::filesystem::path> cgroup;
    Fd cgroup_fd;  // -1 if there is none
  };

  explicit Families(Settings settings);
  // What lives in them keeps its cgroups; empty ones go.
  ~Families();
  Families(const Families&) = delete;
  Families& operator=(const Families&) = delete;

  Place place(const std::string& family);
  // The kernel would not start the program in the place's cgroup; from here on marks count, too.
  void not_placed(Place& place);
  // The program has ended: forgets its place if nothing lives in it any more.
  void forget(const Place& place);

  // What the environment of every program of this node holds a variable beginning with.
  std::string any_family_mark() const;
  std::vector<int> members(const std::string& family) const;
  // SIGTERM to every member, looked for until no new one appears.
  void ask_to_end(const std::string& family) const;
  // SIGKILL, likewise.
  void kill(const std::string& family) const;
  // The same for one place: the program and what it started.
  void kill(const Place& place) const;

 private:
  std::filesystem::path node_cgroup() const;
  std::filesystem::path cgroup_of(const std::string& family) const;
  std::string family_mark(const std::string& family) const;

  Settings settings_;
  std::string boot_;
  std::uint64_t last_run_ = 0;
  bool unplaced_ = false;  // some program could not be put into its cgroup
};

}  // namespace mainstay::adapters
