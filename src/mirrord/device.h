// A block device, or a file in its place, opened for direct I/O by this process alone.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "posix/fd.h"

namespace mainstay::mirrord {

struct Device {
  Fd file;
  std::string path;
  std::uint64_t size = 0;  // bytes
  bool block = false;
};

enum class Durability : std::uint8_t { cached, each_write };

// How large it is now.
Result<std::uint64_t> size_of(const Device& device);

// conflict: somebody else uses it. invalid: it cannot be used for a mirror.
Result<Device> open_device(const std::string& path, Durability durability);

}  // namespace mainstay::mirrord
