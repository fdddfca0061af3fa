// A volume's file and its cache: what a power cut takes, and what it must leave.
#include "lab/volumes/disk.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

using namespace mainstay;
using namespace mainstay::lab;

namespace {

constexpr std::size_t sectors = 4'096;

struct Place {
  std::string file = fmt::format("/tmp/mainstay-volume-{}", ::getpid());
  VolumeDisk disk = *VolumeDisk::open(file, sectors* volume_sector);
  ~Place() { std::filesystem::remove(file); }

  void write(std::uint64_t sector, std::size_t count, std::uint8_t value) {
    REQUIRE(disk.write(sector * volume_sector, Bytes(count * volume_sector, value)));
  }
  std::uint8_t value_at(std::uint64_t sector) const {
    Bytes bytes(volume_sector);
    REQUIRE(disk.read(sector * volume_sector, bytes));
    CHECK(std::ranges::all_of(bytes, [&](std::uint8_t one) { return one == bytes.front(); }));
    return bytes.front();
  }
  std::size_t count(std::uint8_t value) const {
    std::size_t found = 0;
    for (std::uint64_t sector = 0; sector < sectors; ++sector) found += value_at(sector) == value;
    return found;
  }
};

}  // namespace

TEST_CASE("a volume that loses nothing keeps what was written, through a power cut and a new run") {
  Place place;
  place.write(3, 2, 7);
  CHECK(place.disk.unflushed() == 0);
  CHECK(*place.disk.lose_cache() == 0);
  place.disk = *VolumeDisk::open(place.file, sectors * volume_sector);
  CHECK(place.value_at(2) == 0);
  CHECK(place.value_at(3) == 7);
  CHECK(place.value_at(4) == 7);
}

TEST_CASE("what was flushed survives a power cut, the rest survives sector by sector") {
  Place place;
  REQUIRE(place.disk.set_loss({.unflushed = 0.5, .seed = 11}));
  place.write(0, 1'000, 1);
  REQUIRE(place.disk.flush());
  place.write(1'000, 1'000, 2);
  CHECK(place.count(2) == 1'000);  // What is cached is read.
  CHECK(place.disk.unflushed() == 1'000);
  const std::size_t lost = *place.disk.lose_cache();
  CHECK(place.count(1) == 1'000);
  CHECK(lost > 400);
  CHECK(lost < 600);
  CHECK(place.count(2) == 1'000 - lost);
  CHECK(place.disk.unflushed() == 0);
}

TEST_CASE("the same seed loses the same sectors") {
  const auto survivors = [](std::uint64_t seed) {
    Place place;
    REQUIRE(place.disk.set_loss({.unflushed = 0.5, .seed = seed}));
    place.write(0, 64, 1);
    REQUIRE(place.disk.lose_cache());
    std::string kept;
    for (std::uint64_t sector = 0; sector < 64; ++sector)
      kept += place.value_at(sector) ? '#' : '.';
    return kept;
  };
  CHECK(survivors(5) == survivors(5));
  CHECK(survivors(5) != survivors(6));
}

TEST_CASE("of a sector that was written twice, an older content may be what is left") {
  Place place;
  REQUIRE(place.disk.set_loss({.unflushed = 0.5, .seed = 3}));
  place.write(0, 1'000, 1);
  place.write(0, 1'000, 2);
  REQUIRE(place.disk.lose_cache());
  CHECK(place.count(1) > 150);
  CHECK(place.count(2) > 350);
  CHECK(place.count(1) + place.count(2) < 900);
}

TEST_CASE("a write that was under way lands in part, or not at all") {
  Place place;
  REQUIRE(place.disk.land_in_part(0, Bytes(1'000 * volume_sector, 1)));
  CHECK(place.count(1) == 0);
  REQUIRE(place.disk.set_loss({.under_way = 0.5, .seed = 9}));
  REQUIRE(place.disk.land_in_part(0, Bytes(1'000 * volume_sector, 1)));
  CHECK(place.count(1) > 400);
  CHECK(place.count(1) < 600);
}

TEST_CASE("zeroes are cached like writes when they are few, and there at once when they are many") {
  Place place;
  REQUIRE(place.disk.set_loss({.unflushed = 1, .seed = 4}));
  place.write(0, sectors, 1);
  REQUIRE(place.disk.flush());
  REQUIRE(place.disk.zero(0, 8 * volume_sector));
  CHECK(place.value_at(0) == 0);
  REQUIRE(place.disk.lose_cache());
  CHECK(place.value_at(0) == 1);
  place.write(0, 1, 2);
  REQUIRE(place.disk.zero(0, sectors * volume_sector));
  REQUIRE(place.disk.lose_cache());
  CHECK(place.count(0) == sectors);
}

TEST_CASE("a cache that is full is written out") {
  const std::string file = fmt::format("/tmp/mainstay-volume-full-{}", ::getpid());
  auto disk = *VolumeDisk::open(file, (cached_sectors_max + 8) * volume_sector);
  std::filesystem::remove(file);
  REQUIRE(disk.set_loss({.unflushed = 1}));
  REQUIRE(disk.write(0, Bytes((cached_sectors_max + 1) * volume_sector, 1)));
  CHECK(disk.unflushed() == 1);
  CHECK(*disk.lose_cache() == 1);
  Bytes sector(volume_sector);
  REQUIRE(disk.read(0, sector));
  CHECK(sector.front() == 1);
}

TEST_CASE("what does not lie within the volume, or is no whole sectors, is impossible") {
  Place place;
  const std::uint64_t size = place.disk.size();
  CHECK(place.disk.possible(0, size));
  CHECK_FALSE(place.disk.possible(volume_sector, size));
  CHECK_FALSE(place.disk.possible(size + volume_sector, volume_sector));
  CHECK_FALSE(place.disk.possible(1, volume_sector));
  CHECK_FALSE(place.disk.possible(0, 100));
  CHECK_FALSE(place.disk.possible(~std::uint64_t{0} - 511, volume_sector));
}
