// Geometry, superblock, bitmap and activity log: what is written is what is read, and nothing else
// is.
#include <doctest/doctest.h>

#include "mirror/activity_log.h"
#include "mirror/bitmap.h"
#include "mirror/superblock.h"

namespace mainstay::mirror {
namespace {

constexpr MirrorId ours{7, 8};

Superblock example(std::uint64_t counter) {
  Superblock superblock;
  superblock.counter = counter;
  superblock.mirror = ours;
  superblock.geometry = {.sectors = 1000};
  superblock.state = CopyState::up_to_date;
  superblock.generations = {5, {4, 3}, {2, 1}};
  superblock.term = 12;
  superblock.primary_term = 11;
  superblock.data_term = 10;
  superblock.choice = 2;
  superblock.given_up = 9;
  return superblock;
}

Geometry small() {
  return {.sectors = 1000, .region_sectors = 8, .zone_regions = 4, .log_slots = 3};
}

Bytes blank() { return Bytes(block_size, 0); }

TEST_CASE("a geometry counts regions and zones upwards, and the last region is shorter") {
  const Geometry geometry = small();
  CHECK(geometry.regions() == 125);
  CHECK(geometry.zones() == 32);
  CHECK(geometry.bitmap_blocks() == 1);
  const Geometry odd{.sectors = 1001, .region_sectors = 8, .zone_regions = 4, .log_slots = 3};
  CHECK(odd.regions() == 126);
  CHECK(odd.range_of(125) == Range{1000, 1});
  CHECK(odd.end_region({0, 8}) == 1);
  CHECK(odd.end_region({7, 2}) == 2);
  CHECK(odd.holds({1000, 1}));
  CHECK_FALSE(odd.holds({1000, 2}));
  CHECK_FALSE(odd.holds({0, 0}));
  CHECK_FALSE(odd.holds({UINT64_MAX, 2}));
}

TEST_CASE("an impossible geometry is refused with the number and the remedy") {
  CHECK(check(small()));
  const Geometry wrong{.sectors = 1000, .region_sectors = 7, .zone_regions = 4, .log_slots = 3};
  REQUIRE_FALSE(check(wrong));
  CHECK(check(wrong).error().message ==
        "mirror: the region's size in sectors is 7; a power of two up to 16384 is possible");
  CHECK_FALSE(check({}));
  CHECK_FALSE(check({.sectors = 1, .log_slots = log_slots_max + 1}));
  CHECK_FALSE(check({.sectors = UINT64_MAX / 2, .region_sectors = 1}));
}

TEST_CASE("the metadata of a terabyte is two mebibytes and a bit") {
  const Geometry terabyte{.sectors = (1ULL << 40) / sector_size};
  CHECK(Layout::size(terabyte) == 3 * 1024 * 1024);
}

TEST_CASE("a superblock is read as it was written") {
  const auto read = decode_superblock(encode(example(3)));
  REQUIRE(read);
  CHECK(*read == example(3));
}

TEST_CASE("a superblock with any byte changed is refused") {
  const Bytes good = encode(example(3));
  for (std::size_t at = 0; at < good.size(); at += at < 256 ? 1 : 97) {
    Bytes bad = good;
    bad[at] ^= 0x10;
    CHECK_FALSE(decode_superblock(bad));
  }
  CHECK_FALSE(decode_superblock(ByteView(good).first(100)));
}

TEST_CASE("the newer of two superblocks is taken, or the one that is whole") {
  const Bytes older = encode(example(2));
  const Bytes newer = encode(example(3));
  CHECK(choose(older, newer, ours).value()->counter == 3);
  CHECK(choose(newer, older, ours).value()->counter == 3);
  CHECK(choose(older, blank(), ours).value()->counter == 2);
  Bytes torn = newer;
  std::fill(torn.begin() + 40, torn.end(), std::uint8_t{0});
  CHECK(choose(older, torn, ours).value()->counter == 2);
}

TEST_CASE("an empty cluster partition is nobody's, a damaged or foreign one is refused") {
  CHECK_FALSE(choose(blank(), blank(), ours).value().has_value());
  Bytes garbage = blank();
  garbage[77] = 1;
  CHECK(choose(garbage, blank(), ours).error().code == Code::corrupt);
  CHECK(choose(blank(), garbage, ours).error().code == Code::corrupt);
  const Bytes good = encode(example(3));
  CHECK(choose(good, good, MirrorId{7, 9}).error().code == Code::conflict);
}

TEST_CASE("a superblock of a newer version is left alone") {
  Bytes newer = encode(example(3));
  newer[8] = 2;
  ByteWriter checksum;
  checksum.u32(crc32c(ByteView(newer).first(block_size - 4)));
  std::ranges::copy(checksum.bytes(), newer.end() - 4);
  CHECK(choose(newer, encode(example(2)), ours).error().code == Code::invalid);
}

TEST_CASE("a bitmap counts its bits, finds the next and survives its blocks") {
  Bitmap bitmap(Geometry::bits_of_block + 70);
  CHECK(bitmap.next(0) == bitmap.size());
  CHECK(bitmap.set(3));
  CHECK_FALSE(bitmap.set(3));
  CHECK(bitmap.set(Geometry::bits_of_block + 69));
  CHECK(bitmap.count() == 2);
  CHECK(bitmap.next(4) == Geometry::bits_of_block + 69);
  Bitmap other(bitmap.size());
  CHECK(other.merge_block(0, bitmap.block(0)));
  CHECK(other.merge_block(1, bitmap.block(1)));
  CHECK(other == bitmap);
  CHECK_FALSE(other.merge_block(2, bitmap.block(1)));
  CHECK(bitmap.clear(3));
  CHECK(bitmap.next(0) == Geometry::bits_of_block + 69);
}

TEST_CASE("a bit behind the bitmap's end is refused") {
  Bitmap bitmap(10);
  Bytes block(block_size, 0);
  block[1] = 4;
  CHECK_FALSE(bitmap.merge_block(0, block));
}

TEST_CASE("a zone is covered once the transaction that names it is durable") {
  ActivityLog log(small());
  log.admit(5);
  CHECK(log.pending());
  CHECK_FALSE(log.covers(5));
  const Bytes block = log.begin_transaction();
  log.admit(6);
  log.transaction_done();
  CHECK(log.covers(5));
  CHECK_FALSE(log.covers(6));
  CHECK(log.pending());

  Bytes ring(log_blocks * block_size, 0);
  std::ranges::copy(block, ring.begin() + block_size);
  ActivityLog restarted(small());
  restarted.load(ring);
  CHECK(restarted.zones() == std::vector<Zone>{5});
  CHECK(restarted.covers(5));
  CHECK(restarted.next_number() == 2);
}

TEST_CASE("the newest whole transaction counts, whatever a torn one left behind") {
  ActivityLog log(small());
  Bytes ring(log_blocks * block_size, 0);
  for (Zone zone = 0; zone < 20; ++zone) {
    if (log.full()) log.evict(log.idle().front());
    log.admit(zone);
    const std::uint64_t place = Layout::log_block(log.next_number()) - Layout::log;
    std::ranges::copy(log.begin_transaction(), ring.begin() + static_cast<long>(place));
    log.transaction_done();
  }
  ActivityLog restarted(small());
  restarted.load(ring);
  CHECK(restarted.zones().size() == 3);
  CHECK(restarted.covers(19));
  ring[(20 % log_blocks) * block_size + 16] ^= 1;
  ActivityLog torn(small());
  torn.load(ring);
  CHECK_FALSE(torn.covers(19));
  CHECK(torn.covers(18));
  CHECK(torn.covers(16));
}

TEST_CASE("the zone that was written to longest ago is the first to go, a busy one never") {
  ActivityLog log(small());
  for (const Zone zone : {1u, 2u, 3u}) log.admit(zone);
  CHECK(log.full());
  log.begin_transaction();
  log.transaction_done();
  log.begin_write(1);
  log.begin_write(2);
  log.end_write(1);
  CHECK(log.idle() == std::vector<Zone>{3, 1});
  log.evict(3);
  CHECK_FALSE(log.has(3));
  CHECK_FALSE(log.full());
}

}  // namespace
}  // namespace mainstay::mirror
