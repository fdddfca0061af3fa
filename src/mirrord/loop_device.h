// The kernel's side of the FUSE front end: a mount that appears nowhere, and a loop device on the
// one file in it. Everything here but mount_fuse() waits for the engine to answer FUSE requests.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "posix/fd.h"

namespace mainstay::mirrord {

struct FuseMount {
  Fd fuse;   // what the engine reads and writes
  Fd mount;  // keeps it mounted
};
Result<FuseMount> mount_fuse(std::uint64_t request_max);

struct LoopDevice {
  std::string path;  // "/dev/loop3"
  Fd loop;
};
// `name` is what `losetup` shows besides. The kernel lets go of the device by itself when we, and
// whoever mounted it, are gone.
Result<LoopDevice> attach_loop(const FuseMount& mount, const std::string& name);

// The file has become larger, and so the device does, whoever uses it. How many bytes it has then.
Result<std::uint64_t> refresh_size(const FuseMount& mount, const LoopDevice& device);

enum class Detach : std::uint8_t { unless_used, by_force };
// conflict: a file system is mounted from it, or somebody else claims it; nothing was changed.
// By force it goes away as soon as nobody uses it any more.
Status detach_loop(LoopDevice& device, Detach how);

// `path` becomes a symbolic link to the device. conflict: something else is there.
Status link_device(const std::string& path, const std::string& device);
void unlink_device(const std::string& path, const std::string& device);

}  // namespace mainstay::mirrord
