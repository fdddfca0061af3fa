#include "mirrord/mount_space.h"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>

#include "adapters/linux/errno_text.h"

namespace mainstay::mirrord {

Status leave_mount_space() {
  if (unshare(CLONE_NEWNS) != 0) {
    return adapters::errno_failure(errno, "a mount namespace of its own");
  }
  // What is mounted already goes with its original, and nothing of ours is seen outside.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return adapters::errno_failure(errno, "the mount namespace's propagation");
  }
  return {};
}

}  // namespace mainstay::mirrord
