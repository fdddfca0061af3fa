// The Mounts port: /proc tells what is mounted here and who has files below a mount point.
//
// It sees what this process's mount namespace sees, and the processes of its process namespace.
#pragma once

#include "adapters/linux/loop.h"
#include "adapters/linux/worker.h"
#include "ports/mounts.h"

namespace mainstay::adapters {

class LinuxMounts : public Mounts {
 public:
  explicit LinuxMounts(Loop& loop) : loop_(loop), worker_(loop, Worker::AtEnd::abandon) {}

  Result<std::optional<MountEntry>> mounted_at(const std::string& point) override;
  Task<Result<std::vector<MountHolder>>> holders(std::string point, Call call) override;
  Task<Result<std::size_t>> end_holders(std::string point, Force force, Call call) override;

 private:
  Loop& loop_;
  Worker worker_;
};

// What a text of the form of /proc/self/mountinfo says of a mount point.
std::optional<MountEntry> find_mount(std::string_view mountinfo, std::string_view point);

// What is mounted, by the device's "major:minor", in the order of /proc/PID/mountinfo.
struct MountedDevice {
  std::string device;
  std::string point;
  friend bool operator==(const MountedDevice&, const MountedDevice&) = default;
};
std::vector<MountedDevice> mounted_devices(std::string_view mountinfo);

}  // namespace mainstay::adapters
