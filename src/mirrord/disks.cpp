#include "mirrord/disks.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <sodium.h>

#include "adapters/linux/errno_text.h"
#include "base/check.h"

namespace mainstay::mirrord {
namespace {

using mirror::block_size;
using mirror::sector_size;

constexpr std::size_t zeroes_size = 256 * 1024;

struct Freed {
  void operator()(std::uint8_t* memory) const { std::free(memory); }
};
using Aligned = std::unique_ptr<std::uint8_t, Freed>;

Aligned aligned(std::size_t size) {
  auto* memory = static_cast<std::uint8_t*>(std::aligned_alloc(block_size, size));
  MAINSTAY_CHECK(memory != nullptr);
  return Aligned(memory);
}

std::uint64_t bytes_of(const mirror::Range& range) {
  return std::uint64_t{range.count} * sector_size;
}

mirror::Checksum checksum(ByteView bytes) {
  std::array<std::uint8_t, sizeof(mirror::Checksum)> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes.data(), bytes.size(), nullptr, 0);
  ByteReader reader(hash);
  return {reader.u64(), reader.u64()};
}

// Never written to.
std::span<const std::uint8_t> zeroes() {
  static const void* const memory =
      mmap(nullptr, zeroes_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  MAINSTAY_CHECK(memory != MAP_FAILED);
  return {static_cast<const std::uint8_t*>(memory), zeroes_size};
}

}  // namespace

Disks::Disks(Ring& ring, Buffers& buffers, Device data, Device metadata, Tell tell)
    : ring_(ring),
      buffers_(buffers),
      data_(std::move(data)),
      metadata_(std::move(metadata)),
      tell_(std::move(tell)) {}

bool Disks::fits(const Device& device, std::string_view what, int result, std::uint64_t expected) {
  --under_way_;
  if (result >= 0 && static_cast<std::uint64_t>(result) == expected) return true;
  const std::string why = result < 0
                              ? adapters::errno_text(-result)
                              : fmt::format("it ended after {} of {} bytes", result, expected);
  trouble_ = fmt::format("{}: {}: {}", device.path, what, why);
  return false;
}

void Disks::ended(mirror::Ticket ticket, bool ok) { tell_(mirror::DataDone{ticket, ok}); }

void Disks::read(const mirror::ReadData& read) {
  const std::uint64_t size = bytes_of(read.range);
  buffers_.hold(read.buffer);
  ++under_way_;
  ring_.read(data_.file.number(), {buffers_.at(read.buffer), size}, read.range.first * sector_size,
             [this, read, size](int result) {
               const bool ok = fits(data_, "read", result, size);
               ended(read.ticket, ok);
               buffers_.release(read.buffer);
             });
}

void Disks::sum(const mirror::SumData& sum) {
  const std::uint64_t size = bytes_of(sum.range);
  ++under_way_;
  ring_.read(data_.file.number(), {buffers_.at(sum.buffer), size}, sum.range.first * sector_size,
             [this, sum, size](int result) {
               mirror::DataSummed summed{sum.ticket, fits(data_, "read", result, size), {}};
               if (summed.ok) summed.sum = checksum({buffers_.at(sum.buffer), size});
               tell_(summed);
             });
}

void Disks::write(const mirror::WriteData& write) {
  if (write.operation == mirror::Operation::zero) return zero(write);
  const std::uint64_t size = bytes_of(write.range);
  buffers_.hold(write.buffer);
  ++under_way_;
  ring_.write(data_.file.number(), {buffers_.at(write.buffer), size},
              write.range.first * sector_size, write.durable ? RWF_DSYNC : 0,
              [this, ticket = write.ticket, buffer = write.buffer, size](int result) {
                const bool ok = fits(data_, "write", result, size);
                ended(ticket, ok);
                buffers_.release(buffer);
              });
}

void Disks::zero(const mirror::WriteData& write) {
  if (zeroes_by_hand_) return write_zeroes(write, 0);
  // A file may become smaller by it; what a device is told must not be undone by its own caches.
  const int mode =
      FALLOC_FL_KEEP_SIZE | (data_.block ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE);
  ++under_way_;
  ring_.allocate(data_.file.number(), mode, write.range.first * sector_size, bytes_of(write.range),
                 [this, write](int result) {
                   if (result == -EOPNOTSUPP || result == -EINVAL) {
                     --under_way_;
                     zeroes_by_hand_ = true;
                     return write_zeroes(write, 0);
                   }
                   const bool ok = fits(data_, "write of zeroes", result, 0);
                   if (!ok || !write.durable) return ended(write.ticket, ok);
                   flush(mirror::FlushData{write.ticket});
                 });
}

void Disks::write_zeroes(const mirror::WriteData& write, std::uint64_t done) {
  const std::uint64_t left = bytes_of(write.range) - done;
  if (left == 0) return ended(write.ticket, true);
  const auto part = zeroes().first(std::min<std::uint64_t>(left, zeroes_size));
  ++under_way_;
  ring_.write(data_.file.number(), part, write.range.first * sector_size + done,
              write.durable ? RWF_DSYNC : 0, [this, write, done, part](int result) {
                if (!fits(data_, "write of zeroes", result, part.size())) {
                  return ended(write.ticket, false);
                }
                write_zeroes(write, done + part.size());
              });
}

void Disks::flush(const mirror::FlushData& flush) {
  ++under_way_;
  ring_.sync_data(data_.file.number(), [this, flush](int result) {
    const bool ok = fits(data_, "flush", result, 0);
    ended(flush.ticket, ok);
  });
}

mirror::Capacity Disks::measure() {
  const auto data = size_of(data_);
  const auto metadata = size_of(metadata_);
  for (const auto* each : {&data, &metadata}) {
    if (!*each) trouble_ = each->error().message;
  }
  return {.sectors = mirror::whole_sectors(data.value_or(0)),
          .partition_bytes = metadata.value_or(0)};
}

void Disks::read(const mirror::ReadMetadata& read) {
  Aligned memory = aligned(read.size);
  const std::span<std::uint8_t> into(memory.get(), read.size);
  ++under_way_;
  ring_.read(metadata_.file.number(), into, read.offset,
             [this, read, memory = std::move(memory)](int result) {
               mirror::MetadataRead answer{read.ticket, false, {}};
               answer.ok = fits(metadata_, "read", result, read.size);
               if (answer.ok) answer.bytes.assign(memory.get(), memory.get() + read.size);
               tell_(std::move(answer));
             });
}

void Disks::write(mirror::WriteMetadata write) {
  const std::size_t size = write.bytes.size();
  MAINSTAY_CHECK(size % block_size == 0);
  Aligned memory = aligned(size);
  std::ranges::copy(write.bytes, memory.get());
  const std::span<const std::uint8_t> from(memory.get(), size);
  ++under_way_;
  // The descriptor was opened so that each write is durable when it has ended.
  ring_.write(metadata_.file.number(), from, write.offset, 0,
              [this, ticket = write.ticket, size, memory = std::move(memory)](int result) {
                const bool ok = fits(metadata_, "write", result, size);
                tell_(mirror::MetadataWritten{ticket, ok});
              });
}

}  // namespace mainstay::mirrord
