#include "mirror/superblock.h"

#include <algorithm>

#include <fmt/format.h>

namespace mainstay::mirror {
namespace {

constexpr std::uint64_t magic = 0x31726f7272694d4dULL;  // "MMirror1"
constexpr std::uint16_t version = 1;
constexpr std::size_t checksum_size = 4;

void write_list(ByteWriter& writer, const std::vector<Generation>& list) {
  writer.u32(static_cast<std::uint32_t>(list.size()));
  for (const Generation each : list) writer.u64(each);
}

std::vector<Generation> read_list(ByteReader& reader, std::size_t max) {
  std::vector<Generation> list(reader.count(max));
  for (Generation& each : list) each = reader.u64();
  return list;
}

void write_geometry(ByteWriter& writer, const Geometry& geometry) {
  writer.u64(geometry.sectors);
  writer.u32(geometry.region_sectors);
  writer.u32(geometry.zone_regions);
  writer.u32(geometry.log_slots);
}

Geometry read_geometry(ByteReader& reader) {
  Geometry geometry;
  geometry.sectors = reader.u64();
  geometry.region_sectors = reader.u32();
  geometry.zone_regions = reader.u32();
  geometry.log_slots = reader.u32();
  return geometry;
}

Superblock read_body(ByteReader& reader) {
  Superblock superblock;
  superblock.counter = reader.u64();
  for (auto& half : superblock.mirror) half = reader.u64();
  superblock.geometry = read_geometry(reader);
  superblock.state = reader.enumerator<CopyState>(2);
  superblock.shared = reader.boolean();
  superblock.term = reader.u64();
  superblock.primary_term = reader.u64();
  superblock.generations.current = reader.u64();
  superblock.generations.bases = read_list(reader, bases_max);
  superblock.generations.history = read_list(reader, history_max);
  // Where an older Mainstay wrote nothing there are zeroes.
  superblock.data_term = reader.u64();
  superblock.choice = reader.u64();
  superblock.given_up = reader.u64();
  superblock.grown_from = reader.u64();
  if (superblock.data_term == 0) superblock.data_term = superblock.term;
  return superblock;
}

bool blank(ByteView block) {
  return std::ranges::all_of(block, [](std::uint8_t byte) { return byte == 0; });
}

std::unexpected<Error> damaged(std::string_view fact) {
  return failure(Code::corrupt, fmt::format("cluster partition: {}; build this copy anew", fact));
}

}  // namespace

std::string_view to_text(CopyState state) {
  return state == CopyState::up_to_date ? "up to date" : "inconsistent";
}

Bytes encode(const Superblock& superblock) {
  ByteWriter writer;
  writer.u64(magic);
  writer.u16(version);
  writer.u64(superblock.counter);
  for (const auto half : superblock.mirror) writer.u64(half);
  write_geometry(writer, superblock.geometry);
  writer.u8(static_cast<std::uint8_t>(superblock.state));
  writer.boolean(superblock.shared);
  writer.u64(superblock.term);
  writer.u64(superblock.primary_term);
  writer.u64(superblock.generations.current);
  write_list(writer, superblock.generations.bases);
  write_list(writer, superblock.generations.history);
  writer.u64(superblock.data_term);
  writer.u64(superblock.choice);
  writer.u64(superblock.given_up);
  writer.u64(superblock.grown_from);
  Bytes block = writer.take();
  block.resize(block_size - checksum_size);
  ByteWriter checksum;
  checksum.u32(crc32c(block));
  block.insert(block.end(), checksum.bytes().begin(), checksum.bytes().end());
  return block;
}

Result<Superblock> decode_superblock(ByteView block) {
  if (block.size() != block_size) return damaged("a superblock is cut short");
  ByteReader reader(block.first(block_size - checksum_size));
  if (reader.u64() != magic) return damaged("there is no superblock of Mainstay");
  ByteReader checksum(block.last(checksum_size));
  if (checksum.u32() != crc32c(block.first(block_size - checksum_size))) {
    return damaged("a superblock's checksum is wrong");
  }
  const std::uint16_t found = reader.u16();
  if (found != version) {
    return failure(Code::invalid,
                   fmt::format("cluster partition: its superblock has version {}, this Mainstay "
                               "reads version {}; install the Mainstay that wrote it",
                               found, version));
  }
  Superblock superblock = read_body(reader);
  if (!reader.ok() || !check(superblock.geometry)) return damaged("a superblock is impossible");
  return superblock;
}

Result<std::optional<Superblock>> choose(ByteView first, ByteView second,
                                         const MirrorId& expected) {
  if (blank(first) && blank(second)) return std::nullopt;
  const auto one = decode_superblock(first);
  const auto other = decode_superblock(second);
  for (const auto* each : {&one, &other}) {
    if (!*each && each->error().code == Code::invalid) return std::unexpected(each->error());
  }
  if (!one && !other) return std::unexpected(blank(first) ? other.error() : one.error());
  const bool take_one = one && (!other || one->counter > other->counter);
  const Superblock& newest = take_one ? *one : *other;
  if (newest.mirror != expected) {
    return failure(Code::conflict,
                   "cluster partition: it belongs to another mirror; choose another partition, or "
                   "empty this one by hand");
  }
  return newest;
}

}  // namespace mainstay::mirror
