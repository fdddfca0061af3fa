// The file is what a power cut leaves: it is the machine's own cache that keeps it, not the disk.
#include "lab/volumes/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/falloc.h>
#include <unistd.h>

#include <algorithm>

namespace mainstay::lab {
namespace {

// What is discarded by the gigabyte is gone at once.
constexpr std::uint64_t zeroes_cached_max = 1024 * 1024;

Status write_whole(const Fd& file, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t done =
        ::pwrite(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done <= 0) return system_failure("write a volume's file");
    offset += static_cast<std::uint64_t>(done);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

}  // namespace

Result<VolumeDisk> VolumeDisk::open(const std::string& file, std::uint64_t size) {
  Fd opened(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!opened) return system_failure("open " + file);
  if (::ftruncate(opened.number(), static_cast<off_t>(size)) != 0) {
    return system_failure("give " + file + " its size");
  }
  return VolumeDisk(std::move(opened), size);
}

bool VolumeDisk::possible(std::uint64_t offset, std::uint64_t size) const {
  return offset % volume_sector == 0 && size % volume_sector == 0 && offset <= size_ &&
         size <= size_ - offset;
}

Status VolumeDisk::read(std::uint64_t offset, std::span<std::uint8_t> into) const {
  for (std::size_t done = 0; done < into.size();) {
    const ssize_t more = ::pread(file_.number(), into.data() + done, into.size() - done,
                                 static_cast<off_t>(offset + done));
    if (more <= 0) return system_failure("read a volume's file");
    done += static_cast<std::size_t>(more);
  }
  const std::uint64_t first = offset / volume_sector;
  const auto end = cache_.lower_bound(first + into.size() / volume_sector);
  for (auto cached = cache_.lower_bound(first); cached != end; ++cached) {
    std::ranges::copy(cached->second, into.begin() + static_cast<std::ptrdiff_t>(
                                                         (cached->first - first) * volume_sector));
  }
  return {};
}

Status VolumeDisk::write_out(std::uint64_t sector, const Sector& content) const {
  return write_whole(file_, sector * volume_sector, content);
}

// What is overwritten in the cache may have reached the disk before.
Status VolumeDisk::remember(std::uint64_t sector, ByteView bytes) {
  if (cache_.size() >= cached_sectors_max) {
    if (auto done = flush(); !done) return done;
  }
  const auto [cached, fresh] = cache_.try_emplace(sector);
  if (!fresh && !random_.chance(loss_.unflushed)) {
    if (auto done = write_out(sector, cached->second); !done) return done;
  }
  std::ranges::copy(bytes, cached->second.begin());
  return {};
}

Status VolumeDisk::write(std::uint64_t offset, ByteView bytes) {
  if (loss_.unflushed <= 0) return write_whole(file_, offset, bytes);
  for (std::size_t done = 0; done < bytes.size(); done += volume_sector) {
    const std::uint64_t sector = (offset + done) / volume_sector;
    if (auto kept = remember(sector, bytes.subspan(done, volume_sector)); !kept) return kept;
  }
  return {};
}

Status VolumeDisk::zero(std::uint64_t offset, std::uint64_t size) {
  if (loss_.unflushed > 0 && size <= zeroes_cached_max) return write(offset, Bytes(size, 0));
  const std::uint64_t first = offset / volume_sector;
  cache_.erase(cache_.lower_bound(first), cache_.lower_bound(first + size / volume_sector));
  if (::fallocate(file_.number(), FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
                  static_cast<off_t>(offset), static_cast<off_t>(size)) != 0) {
    return system_failure("empty a part of a volume's file");
  }
  return {};
}

Status VolumeDisk::flush() {
  for (const auto& [sector, content] : cache_) {
    if (auto done = write_out(sector, content); !done) return done;
  }
  cache_.clear();
  return {};
}

Status VolumeDisk::set_loss(const CacheLoss& loss) {
  if (auto done = flush(); !done) return done;
  if (loss.seed != loss_.seed) random_ = Random(loss.seed);
  loss_ = loss;
  return {};
}

Result<std::size_t> VolumeDisk::lose_cache() {
  std::size_t lost = 0;
  for (const auto& [sector, content] : cache_) {
    if (random_.chance(loss_.unflushed)) {
      ++lost;
    } else if (auto done = write_out(sector, content); !done) {
      return std::unexpected(done.error());
    }
  }
  cache_.clear();
  return lost;
}

Status VolumeDisk::land_in_part(std::uint64_t offset, ByteView bytes) {
  for (std::size_t done = 0; done < bytes.size(); done += volume_sector) {
    if (random_.chance(loss_.under_way)) continue;
    auto landed = write_whole(file_, offset + done, bytes.subspan(done, volume_sector));
    if (!landed) return landed;
  }
  return {};
}

}  // namespace mainstay::lab
