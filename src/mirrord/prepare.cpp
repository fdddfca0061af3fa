#include "mirrord/prepare.h"

#include <blkid/blkid.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "adapters/linux/errno_text.h"
#include "adapters/linux/seal.h"
#include "base/check.h"
#include "mirror/superblock.h"
#include "mirror/volume.h"
#include "mirrord/pool.h"

namespace mainstay::mirrord {
namespace {

using mirror::block_size;
using mirror::Geometry;
using mirror::Layout;
using mirror::sector_size;

struct FreeProbe {
  void operator()(blkid_probe probe) const { blkid_free_probe(probe); }
};
using Probe = std::unique_ptr<std::remove_pointer_t<blkid_probe>, FreeProbe>;

struct FreeMemory {
  void operator()(std::uint8_t* memory) const { std::free(memory); }
};

class Scratch {
 public:
  explicit Scratch(std::size_t size)
      : memory_(static_cast<std::uint8_t*>(std::aligned_alloc(block_size, size))), size_(size) {
    MAINSTAY_CHECK(memory_ != nullptr);
    std::fill_n(memory_.get(), size_, std::uint8_t{0});
  }
  std::span<std::uint8_t> bytes() { return {memory_.get(), size_}; }

 private:
  std::unique_ptr<std::uint8_t, FreeMemory> memory_;
  std::size_t size_;
};

Result<Bytes> read_block(const Device& device, std::uint64_t offset) {
  if (device.size < offset + block_size) return Bytes(block_size, 0);
  Scratch scratch(block_size);
  const ssize_t size =
      pread(device.file.number(), scratch.bytes().data(), block_size, static_cast<off_t>(offset));
  if (size != static_cast<ssize_t>(block_size)) return adapters::errno_failure(errno, device.path);
  return Bytes(scratch.bytes().begin(), scratch.bytes().end());
}

// `bytes` may be empty: zeroes then.
Status write_at(const Device& device, std::uint64_t offset, ByteView bytes, std::uint64_t size) {
  constexpr std::uint64_t at_once = 1024 * 1024;
  Scratch scratch(at_once);
  for (std::uint64_t done = 0; done < size;) {
    const std::uint64_t part = std::min(size - done, at_once);
    if (!bytes.empty()) std::ranges::copy(bytes.subspan(done, part), scratch.bytes().begin());
    const ssize_t written = pwrite(device.file.number(), scratch.bytes().data(), part,
                                   static_cast<off_t>(offset + done));
    if (written <= 0) return adapters::errno_failure(errno, device.path);
    done += static_cast<std::uint64_t>(written);
  }
  return {};
}

std::string value_of(blkid_probe probe, const char* name) {
  const char* value = nullptr;
  if (blkid_probe_lookup_value(probe, name, &value, nullptr) != 0) return "";
  return value;
}

Geometry new_geometry(std::uint64_t bytes) { return {.sectors = mirror::whole_sectors(bytes)}; }

Result<std::string> mirror_on(const Device& device) {
  for (const std::uint64_t counter : {0U, 1U}) {
    const auto block = read_block(device, Layout::superblock(counter));
    if (!block) return std::unexpected(block.error());
    const auto found = mirror::decode_superblock(*block);
    if (found || found.error().code == Code::invalid) return "a mirror's cluster partition";
  }
  return "";
}

Status nothing_lost(const Device& device, std::string_view what, const std::string& overwrite) {
  const auto found = what_is_on(device);
  if (!found) return std::unexpected(found.error());
  if (found->empty() || (!overwrite.empty() && *found == overwrite)) return {};
  return failure(Code::conflict,
                 fmt::format("{}: the {} holds {}. Choose another partition, empty this one by "
                             "hand (wipefs), or say --overwrite \"{}\"",
                             device.path, what, *found, *found));
}

Result<Geometry> checked_geometry(const Preparation& preparation, const Device& data,
                                  const Device& metadata) {
  const std::uint64_t size = preparation.size == 0 ? data.size : preparation.size;
  if (size > data.size) {
    return failure(Code::invalid, fmt::format("{}: it has {} bytes, the mirror is to have {}",
                                              data.path, data.size, size));
  }
  const Geometry geometry = new_geometry(size);
  if (const Status checked = check(geometry); !checked) return std::unexpected(checked.error());
  const std::uint64_t needed = Layout::size(geometry);
  if (metadata.size < needed) {
    return failure(Code::invalid,
                   fmt::format("{}: it has {} bytes, the cluster partition needs {}; choose a "
                               "larger one",
                               metadata.path, metadata.size, needed));
  }
  return geometry;
}

mirror::Superblock first_superblock(const Preparation& preparation, const Geometry& geometry) {
  const mirror::Settings settings{.mirror = mirror_id(preparation.config.name),
                                  .geometry = geometry,
                                  .self = preparation.config.copy};
  if (preparation.beginning == Beginning::target) return format_target(settings);
  if (preparation.beginning == Beginning::equal) {
    // The same on both nodes.
    return format_source(settings, settings.mirror[0] | 1);
  }
  adapters::sodium_ready();
  std::array<std::uint8_t, 8> random{};
  adapters::random_bytes(random);
  return format_source(settings, ByteReader(random).u64() | 1);
}

}  // namespace

Result<Geometry> geometry_of(const Device& data, const Device& metadata) {
  const auto first = read_block(metadata, Layout::superblock(0));
  if (!first) return std::unexpected(first.error());
  const auto second = read_block(metadata, Layout::superblock(1));
  if (!second) return std::unexpected(second.error());
  const auto one = mirror::decode_superblock(*first);
  const auto other = mirror::decode_superblock(*second);
  // Whether it is this mirror's, and which of the two counts, the core says.
  if (!one && !other) return new_geometry(data.size);
  const bool take_one = one && (!other || one->counter > other->counter);
  const Geometry geometry = take_one ? one->geometry : other->geometry;
  const std::uint64_t region = std::uint64_t{geometry.region_sectors} * sector_size;
  if (geometry.sectors * sector_size > data.size || region > buffer_size_max) {
    return failure(Code::invalid,
                   fmt::format("{}: it has {} bytes, but the mirror {}; give it the "
                               "device it was made for",
                               data.path, data.size, geometry.sectors * sector_size));
  }
  return geometry;
}

Result<std::string> what_is_on(const Device& device) {
  if (auto ours = mirror_on(device); !ours || !ours->empty()) return ours;
  // It reads as it likes, which direct I/O does not allow.
  const Fd file(open(device.path.c_str(), O_RDONLY | O_CLOEXEC));
  const Probe probe(blkid_new_probe());
  if (!file || !probe || blkid_probe_set_device(probe.get(), file.number(), 0, 0) != 0) {
    return adapters::errno_failure(errno, device.path);
  }
  blkid_probe_enable_superblocks(probe.get(), 1);
  blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE);
  blkid_probe_enable_partitions(probe.get(), 1);
  const int outcome = blkid_do_safeprobe(probe.get());
  if (outcome == 1) return "";
  if (outcome == -2) return "several things at once";
  if (outcome < 0) return adapters::errno_failure(errno, device.path);
  const std::string type = value_of(probe.get(), "TYPE");
  if (!type.empty()) return type;
  const std::string table = value_of(probe.get(), "PTTYPE");
  return table.empty() ? "something unknown" : fmt::format("a partition table ({})", table);
}

Result<std::string> prepare(const Preparation& preparation) {
  const EngineConfig& config = preparation.config;
  auto data = open_device(config.data, Durability::cached);
  if (!data) return std::unexpected(data.error());
  auto metadata = open_device(config.metadata, Durability::each_write);
  if (!metadata) return std::unexpected(metadata.error());
  const auto geometry = checked_geometry(preparation, *data, *metadata);
  if (!geometry) return std::unexpected(geometry.error());
  const std::string& overwrite = preparation.overwrite;
  if (const Status free = nothing_lost(*metadata, "cluster partition", overwrite); !free) {
    return std::unexpected(free.error());
  }
  if (preparation.beginning == Beginning::target) {
    if (const Status free = nothing_lost(*data, "data partition", overwrite); !free) {
      return std::unexpected(free.error());
    }
  }
  // The superblock last: until it is there, there is no copy.
  const mirror::Superblock superblock = first_superblock(preparation, *geometry);
  const std::uint64_t place = Layout::superblock(superblock.counter);
  if (const Status cleared = write_at(*metadata, 0, {}, Layout::size(*geometry)); !cleared) {
    return std::unexpected(cleared.error());
  }
  if (const Status made = write_at(*metadata, place, encode(superblock), block_size); !made) {
    return std::unexpected(made.error());
  }
  return fmt::format("{}: copy {} of the mirror is ready, {} bytes, {}", config.name, config.copy,
                     geometry->sectors * sector_size, to_text(superblock.state));
}

}  // namespace mainstay::mirrord
