#include "sim/mirror/world.h"

#include <doctest/doctest.h>

#include <set>

#include "sim/mirror/campaign.h"
#include "sim/mirror/disk.h"
#include "sim/mirror/ledger.h"

namespace mainstay::mirror_sim {
namespace {

using mirror::Range;

TEST_CASE("a disk that loses power keeps what was flushed, and any version of what was not") {
  std::set<int> found;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    Disk<int> disk(4);
    disk.write(1, 10);
    const std::uint64_t mark = disk.mark();
    disk.write(1, 11);
    disk.flush(mark);
    disk.write(1, 12);
    CHECK(disk.read(1) == 12);
    disk.lose_power(random);
    found.insert(disk.read(1));
  }
  CHECK(found == std::set<int>{10, 11, 12});
}

TEST_CASE("a write that went through is there after a power cut, and nothing older is") {
  Random random(1);
  Disk<int> disk(4);
  disk.write(1, 10);
  disk.write_through(1, 11);
  disk.lose_power(random);
  CHECK(disk.read(1) == 11);
}

constexpr Range first_two{0, 2};

TEST_CASE("an acknowledged write must be read, one under way may be") {
  Ledger ledger(4);
  const auto one = ledger.write_issued(first_two, false);
  CHECK_FALSE(ledger.quiet_since(0, ledger.now()));
  ledger.write_acknowledged(one, false);
  CHECK(ledger.quiet_since(0, ledger.now()));
  CHECK(ledger.read(0, 0).has_value());
  CHECK_FALSE(ledger.read(0, one).has_value());
  const auto two = ledger.write_issued(first_two, false);
  ledger.write_abandoned(two);
  ledger.restart();
  CHECK_FALSE(ledger.read(0, one).has_value());
  CHECK(*ledger.read(0, two) == "sector 0 shows 2, not 1");
  CHECK_FALSE(ledger.read(1, two).has_value());
  CHECK(ledger.read(1, one).has_value());
}

TEST_CASE("a power cut brings back what was not flushed away, and nothing else does") {
  Ledger ledger(4);
  const auto one = ledger.write_issued(first_two, false);
  ledger.write_acknowledged(one, false);
  ledger.flush_acknowledged(ledger.now());
  const auto two = ledger.write_issued(first_two, false);
  ledger.write_acknowledged(two, false);
  ledger.restart();
  CHECK(ledger.read(0, one).has_value());
  ledger.power_lost();
  ledger.restart();
  CHECK(ledger.read(0, 0).has_value());
  CHECK_FALSE(ledger.read(0, one).has_value());
  CHECK(ledger.read(0, two).has_value());
}

TEST_CASE("what a read has shown may be lost by a power cut of the other node before it") {
  Ledger ledger(4);
  const auto one = ledger.write_issued(first_two, false);
  const auto two = ledger.write_issued(first_two, false);
  ledger.write_acknowledged(one, false);
  ledger.write_acknowledged(two, false);
  ledger.power_lost();
  CHECK_FALSE(ledger.read(0, two).has_value());
  CHECK(ledger.read(0, one).has_value());
  ledger.restart();
  CHECK_FALSE(ledger.read(0, one).has_value());
}

TEST_CASE("a flush, and a durable write, end what a power cut may bring back") {
  Ledger ledger(4);
  const auto one = ledger.write_issued(first_two, false);
  ledger.write_acknowledged(one, false);
  ledger.flush_acknowledged(ledger.now());
  const auto two = ledger.write_issued({2, 2}, true);
  ledger.write_acknowledged(two, true);
  ledger.power_lost();
  ledger.restart();
  CHECK(ledger.read(0, 0).has_value());
  CHECK_FALSE(ledger.read(2, 0).has_value());
}

TEST_CASE("an old application hears of a write only if it is there") {
  Ledger ledger(4);
  const auto one = ledger.write_issued(first_two, false);
  ledger.write_abandoned(one);
  ledger.restart();
  CHECK(ledger.acknowledged_late(one, false));
  CHECK_FALSE(ledger.read(0, 0).has_value());
  CHECK_FALSE(ledger.acknowledged_late(one, false));
  // What was not flushed may be lost by a power cut; what is durable may not.
  ledger.power_lost();
  CHECK(ledger.acknowledged_late(one, false));
  CHECK_FALSE(ledger.acknowledged_late(one, true));
}

TEST_CASE("a seed is the same story every time, and seeds differ") {
  const RunOptions told{.story = true, .twice = false};
  const RunResult one = run_seed(11, told);
  const RunResult same = run_seed(11, told);
  CHECK(one.passed());
  CHECK(one.digest == same.digest);
  CHECK(one.story == same.story);
  CHECK(one.story.size() > 10);
  CHECK(run_seed(12, told).digest != one.digest);
}

TEST_CASE("the swarm draws every kind of accident, and copies to be built") {
  std::set<FaultKind> kinds;
  bool built = false;
  bool blank = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Environment environment = draw_environment(random);
    CHECK(mirror::check(environment.geometry));
    for (const Fault& fault : environment.faults) kinds.insert(fault.kind);
    (environment.built ? built : blank) = true;
  }
  CHECK(kinds.size() == fault_kinds);
  CHECK(built);
  CHECK(blank);
}

TEST_CASE("a copy that was never built is built, and then equal") {
  Random random(3);
  Environment environment = draw_environment(random);
  environment.faults.clear();
  environment.built = false;
  environment.faults_for = 5s;
  World world(3, environment, false);
  world.run();
  CHECK(world.violations().empty());
  CHECK(world.in_order());
  CHECK(world.application().acknowledged() > 50);
  CHECK(world.arbiter().record().has(0));
  CHECK(world.arbiter().record().has(1));
}

TEST_CASE("copies whose partitions were enlarged grow when somebody says so, and are used whole") {
  Random random(3);
  Environment environment = draw_environment(random);
  environment.faults = {{FaultKind::enlarged, 1s, 10ms, 0}, {FaultKind::resized, 2s, 2s, 0}};
  environment.faults_for = 5s;
  const std::uint64_t before = environment.geometry.sectors;
  World world(3, environment, false);
  world.run();
  CHECK(world.violations().empty());
  CHECK(world.in_order());
  CHECK(world.engine(0).size() > before);
  CHECK(world.engine(1).size() == world.engine(0).size());
}

}  // namespace
}  // namespace mainstay::mirror_sim
