// What is mounted on this node, and who keeps it busy. Mounting itself is done by programs of the
// operating system (mount, umount), through the Process port.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "ports/call.h"

namespace mainstay {

struct MountEntry {
  std::string source;  // "/dev/loop3"
  std::string type;    // "ext4"
  bool read_only = false;
  friend bool operator==(const MountEntry&, const MountEntry&) = default;
};

// A process that has a file, its directory or its program below a mount point.
struct MountHolder {
  int pid = 0;
  std::string name;  // "postgres"
  friend bool operator==(const MountHolder&, const MountHolder&) = default;
};

inline constexpr std::size_t holders_max = 4096;

class Mounts {
 public:
  virtual ~Mounts() = default;

  // What is mounted exactly there, the topmost if there are several; nothing: nothing is. Never
  // waits for the file system itself.
  virtual Result<std::optional<MountEntry>> mounted_at(const std::string& point) = 0;
  // Those that we can see, ourselves never. Takes a while where very many processes run.
  virtual Task<Result<std::vector<MountHolder>>> holders(std::string point, Call call) = 0;
  // SIGTERM, or SIGKILL, to the processes that hold it when it is looked at anew. How many.
  enum class Force : std::uint8_t { ask, kill };
  virtual Task<Result<std::size_t>> end_holders(std::string point, Force force, Call call) = 0;
};

}  // namespace mainstay
