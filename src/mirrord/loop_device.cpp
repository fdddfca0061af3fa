#include "mirrord/loop_device.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "adapters/linux/errno_text.h"
#include "mirror/geometry.h"
#include "mirrord/fuse_message.h"

namespace mainstay::mirrord {
namespace {

using adapters::errno_failure;

// Somebody else may take the free device that we were told of.
constexpr int attempts_max = 16;

struct Option {
  const char* key;
  std::string value;
};

Status set_option(int context, const Option& option) {
  if (fsconfig(context, FSCONFIG_SET_STRING, option.key, option.value.c_str(), 0) == 0) return {};
  return errno_failure(errno, fmt::format("FUSE: the mount option {}", option.key));
}

loop_config configuration(int file, const std::string& name) {
  loop_config config{};
  config.fd = static_cast<std::uint32_t>(file);
  config.block_size = mirror::sector_size;
  config.info.lo_flags = LO_FLAGS_DIRECT_IO | LO_FLAGS_AUTOCLEAR;
  name.copy(reinterpret_cast<char*>(config.info.lo_file_name), LO_NAME_SIZE - 1);
  return config;
}

}  // namespace

Result<FuseMount> mount_fuse(std::uint64_t request_max) {
  FuseMount mounted{.fuse = Fd(open("/dev/fuse", O_RDWR | O_NONBLOCK | O_CLOEXEC)), .mount = {}};
  if (!mounted.fuse) return errno_failure(errno, "/dev/fuse (is the kernel's fuse module there?)");
  const Fd context(fsopen("fuse", FSOPEN_CLOEXEC));
  if (!context) return errno_failure(errno, "FUSE: a new mount");
  const std::array options{Option{"source", "mainstay-mirrord"},
                           Option{"fd", std::to_string(mounted.fuse.number())},
                           Option{"rootmode", "40000"},
                           Option{"user_id", "0"},
                           Option{"group_id", "0"},
                           Option{"max_read", std::to_string(request_max)}};
  for (const Option& option : options) {
    if (const Status set = set_option(context.number(), option); !set) {
      return std::unexpected(set.error());
    }
  }
  if (fsconfig(context.number(), FSCONFIG_SET_FLAG, "allow_other", nullptr, 0) != 0 ||
      fsconfig(context.number(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return errno_failure(errno, "FUSE: the mount");
  }
  constexpr unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  mounted.mount = Fd(fsmount(context.number(), FSMOUNT_CLOEXEC, attributes));
  if (!mounted.mount) return errno_failure(errno, "FUSE: the mount");
  return mounted;
}

Result<LoopDevice> attach_loop(const FuseMount& mount, const std::string& name) {
  const std::string disk(fuse::disk_name);
  const Fd file(openat(mount.mount.number(), disk.c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return errno_failure(errno, "FUSE: the disk's file");
  const Fd control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) return errno_failure(errno, "/dev/loop-control (is the loop module there?)");
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const int number = ioctl(control.number(), LOOP_CTL_GET_FREE);
    if (number < 0) return errno_failure(errno, "a free loop device");
    LoopDevice device{.path = fmt::format("/dev/loop{}", number), .loop = {}};
    device.loop = Fd(open(device.path.c_str(), O_RDWR | O_CLOEXEC));
    if (!device.loop) return errno_failure(errno, device.path);
    loop_config config = configuration(file.number(), name);
    if (ioctl(device.loop.number(), LOOP_CONFIGURE, &config) == 0) return device;
    if (errno != EBUSY) return errno_failure(errno, device.path);
  }
  return failure(Code::conflict, "loop devices: others take them faster than we do; try again");
}

Result<std::uint64_t> refresh_size(const FuseMount& mount, const LoopDevice& device) {
  const std::string disk(fuse::disk_name);
  // The kernel believes for ever what it was told of the file, unless it is to ask again; the loop
  // device believes the kernel.
  struct statx file{};
  if (statx(mount.mount.number(), disk.c_str(), AT_STATX_FORCE_SYNC, STATX_SIZE, &file) != 0) {
    return errno_failure(errno, "FUSE: the disk's size");
  }
  std::uint64_t bytes = 0;
  if (ioctl(device.loop.number(), LOOP_SET_CAPACITY, 0) != 0 ||
      ioctl(device.loop.number(), BLKGETSIZE64, &bytes) != 0) {
    return errno_failure(errno, device.path);
  }
  if (bytes == file.stx_size) return bytes;
  return failure(Code::unavailable, fmt::format("{}: it has {} bytes, its file {}", device.path,
                                                bytes, file.stx_size));
}

Status detach_loop(LoopDevice& device, Detach how) {
  if (how == Detach::unless_used) {
    // Whoever mounts it has claimed it; what was written to it is flushed before it goes.
    const Fd claim(open(device.path.c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
    if (!claim && errno == EBUSY) {
      return failure(Code::conflict, fmt::format("{}: it is in use; unmount it first, or demote "
                                                 "by force",
                                                 device.path));
    }
    if (!claim) return errno_failure(errno, device.path);
    if (fsync(claim.number()) != 0) return errno_failure(errno, device.path);
  }
  if (ioctl(device.loop.number(), LOOP_CLR_FD) != 0 && errno != ENXIO) {
    return errno_failure(errno, device.path);
  }
  device.loop.reset();
  return {};
}

Status link_device(const std::string& path, const std::string& device) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto status = fs::symlink_status(path, error);
  if (fs::exists(status) && !fs::is_symlink(status)) {
    return failure(Code::conflict,
                   fmt::format("{}: something else is there; choose another device path", path));
  }
  fs::create_directories(fs::path(path).parent_path(), error);
  const std::string fresh = path + ".new";
  fs::remove(fresh, error);
  if (symlink(device.c_str(), fresh.c_str()) != 0) return errno_failure(errno, path);
  if (rename(fresh.c_str(), path.c_str()) != 0) return errno_failure(errno, path);
  return {};
}

void unlink_device(const std::string& path, const std::string& device) {
  std::error_code error;
  if (std::filesystem::read_symlink(path, error) == device) std::filesystem::remove(path, error);
}

}  // namespace mainstay::mirrord
