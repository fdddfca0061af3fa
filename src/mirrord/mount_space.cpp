#include "mirrord/mount_space.h"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <ranges>

#include <fmt/format.h>

#include "adapters/linux/errno_text.h"
#include "adapters/linux/mounts.h"
#include "adapters/linux/proc_files.h"
#include "mirrord/fuse_message.h"

namespace mainstay::mirrord {
namespace {

constexpr std::size_t mountinfo_size_max = 16 * 1024 * 1024;
constexpr std::size_t path_size_max = 4096;

// A loop device over the file that an engine serves.
bool is_mirror(const std::string& device) {
  const std::string file = adapters::read_small_file(
      fmt::format("/sys/dev/block/{}/loop/backing_file", device), path_size_max);
  return file == fmt::format("/{}\n", fuse::disk_name);
}

// What lies on a mirror and was mounted before we came. Where mounts are private nobody would tell
// us that the original is gone, and our copy would keep the device in use for ever.
void let_go_of_mirrors() {
  const auto mounts = adapters::mounted_devices(
      adapters::read_small_file("/proc/self/mountinfo", mountinfo_size_max));
  for (const auto& mounted : std::views::reverse(mounts)) {
    if (is_mirror(mounted.device)) umount2(mounted.point.c_str(), MNT_DETACH);
  }
}

}  // namespace

Status leave_mount_space() {
  if (unshare(CLONE_NEWNS) != 0) {
    return adapters::errno_failure(errno, "a mount namespace of its own");
  }
  // What is mounted already goes with its original, and nothing of ours is seen outside.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return adapters::errno_failure(errno, "the mount namespace's propagation");
  }
  let_go_of_mirrors();
  return {};
}

}  // namespace mainstay::mirrord
