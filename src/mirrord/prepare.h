// Making a mirror's copy out of two partitions, without destroying anything that nobody was asked
// about.
#pragma once

#include <string>

#include "mirrord/config.h"
#include "mirrord/device.h"

namespace mainstay::mirrord {

// What the superblock says; of a partition that has none, what a new one would say.
Result<mirror::Geometry> geometry_of(const Device& data, const Device& metadata);

enum class Beginning : std::uint8_t {
  source,  // this copy's data is kept; the other one becomes equal to it
  target,  // becomes equal to the other copy; what is on it is lost
  equal,   // both copies are equal already, byte for byte: both must be prepared so
};

struct Preparation {
  EngineConfig config;
  Beginning beginning = Beginning::source;
  // Bytes of the mirror; 0: as large as the data device is. Both copies must have the same.
  std::uint64_t size = 0;
  // What is found, and may be lost: "ext4", say. Nothing else is overwritten.
  std::string overwrite;
};
// Writes the cluster partition. conflict: something is there already; the message names it. The
// answer is a sentence.
Result<std::string> prepare(const Preparation& preparation);

// "an ext4 file system", or empty: nothing that anybody would miss.
Result<std::string> what_is_on(const Device& device);

}  // namespace mainstay::mirrord
