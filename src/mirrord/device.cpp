#include "mirrord/device.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>

#include <fmt/format.h>

#include "adapters/linux/errno_text.h"
#include "mirror/geometry.h"

namespace mainstay::mirrord {
namespace {

std::unexpected<Error> in_use(const std::string& path) {
  return failure(Code::conflict,
                 fmt::format("{}: it is in use; unmount it, or end the other program", path));
}

// So that no second engine, and nobody who mounts, has it at the same time.
Status claim(const Device& device) {
  if (flock(device.file.number(), LOCK_EX | LOCK_NB) == 0) return {};
  if (errno == EWOULDBLOCK) return in_use(device.path);
  return adapters::errno_failure(errno, device.path);
}

Status measure_block(Device& device) {
  int sector = 0;
  if (ioctl(device.file.number(), BLKGETSIZE64, &device.size) != 0 ||
      ioctl(device.file.number(), BLKSSZGET, &sector) != 0) {
    return adapters::errno_failure(errno, device.path);
  }
  if (sector == static_cast<int>(mirror::sector_size)) return {};
  return failure(Code::invalid, fmt::format("{}: its sectors have {} bytes; only devices with "
                                            "sectors of {} bytes can be mirrored",
                                            device.path, sector, mirror::sector_size));
}

}  // namespace

Result<std::uint64_t> size_of(const Device& device) {
  std::uint64_t bytes = 0;
  if (device.block) {
    if (ioctl(device.file.number(), BLKGETSIZE64, &bytes) == 0) return bytes;
    return adapters::errno_failure(errno, device.path);
  }
  struct stat found{};
  if (fstat(device.file.number(), &found) != 0) return adapters::errno_failure(errno, device.path);
  return static_cast<std::uint64_t>(found.st_size);
}

Result<Device> open_device(const std::string& path, Durability durability) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return adapters::errno_failure(errno, path);
  Device device{.path = path, .block = S_ISBLK(found.st_mode)};
  if (!device.block && !S_ISREG(found.st_mode)) {
    return failure(Code::invalid, fmt::format("{}: it is neither a block device nor a file", path));
  }
  int flags = O_RDWR | O_DIRECT | O_CLOEXEC;
  if (device.block) flags |= O_EXCL;
  if (durability == Durability::each_write) flags |= O_DSYNC;
  device.file = Fd(open(path.c_str(), flags));
  if (!device.file) {
    if (errno == EBUSY) return in_use(path);
    return adapters::errno_failure(errno, path);
  }
  if (const Status claimed = claim(device); !claimed) return std::unexpected(claimed.error());
  if (device.block) {
    if (const Status measured = measure_block(device); !measured) {
      return std::unexpected(measured.error());
    }
  } else {
    device.size = static_cast<std::uint64_t>(found.st_size);
  }
  return device;
}

}  // namespace mainstay::mirrord
