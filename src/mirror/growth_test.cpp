// Both copies become larger: what must be durable before what, and who waits for whom.
#include <doctest/doctest.h>

#include "mirror/testing.h"

namespace mainstay::mirror {
namespace {

using namespace testing;

// Regions for two blocks of the bitmap, where there was one.
constexpr std::uint64_t larger = 200'000;
constexpr Capacity enough{larger, 1 << 21};

Ticket measured(Core& core) { return core.only<MeasureDevices>().ticket; }

// The new part is zero, durably.
void zero_all(Core& core) {
  Sector next = core.state.settings.geometry.sectors;
  for (auto writes = core.all<WriteData>(); !writes.empty(); writes = core.all<WriteData>()) {
    REQUIRE(writes.size() == 1);
    CHECK(writes[0].operation == Operation::zero);
    CHECK(writes[0].range.first == next);
    next = writes[0].range.end();
    core.tell(DataDone{writes[0].ticket, true});
    core.wait(500ms);
  }
  CHECK(next == core.state.growth->sectors);
  CHECK(core.state.durable.geometry == core.state.settings.geometry);
  core.tell(DataDone{core.only<FlushData>().ticket, true});
}

// A primary that was told to grow, and has begun.
Core growing() {
  Core core = paired();
  core.tell(Resize{9});
  CHECK(core.said<Measure>().size() == 1);
  core.tell(DevicesMeasured{measured(core), {larger + 8, 1 << 21}});
  CHECK(core.all<AnswerCluster>().empty());
  core.hear(Measured{enough}, 2);
  CHECK(core.only<AnswerCluster>().outcome);
  return core;
}

// A copy that follows at term 2.
Core follower() {
  Core core = copy_of(1);
  core.greet(equal_to_us);
  core.hear(Lead{Joining::pair, equal_to_us}, 2);
  MAINSTAY_CHECK(core.state.following == 2);
  core.seen.clear();
  return core;
}

std::string refusal(Core& core) {
  const auto answer = core.only<AnswerCluster>();
  CHECK(answer.outcome.error().code == Code::conflict);
  return answer.outcome.error().message;
}

TEST_CASE("a primary grows when the other copy has: zeroes, flush, superblock, then writes") {
  Core core = growing();
  CHECK(core.said<Grow>()[0].sectors == larger);
  zero_all(core);
  CHECK(core.state.settings.geometry.sectors == 64);
  core.tell(write(1, 64));
  CHECK_FALSE(core.only<Acknowledge>().ok);

  core.hear(Grown{larger}, 2);
  CHECK(core.state.durable.geometry.sectors == larger);
  CHECK(core.state.durable.grown_from == 64);
  CHECK(core.state.settings.geometry.sectors == larger);
  CHECK_FALSE(core.state.growth);
  CHECK(core.state.standing == Standing::paired);
  CHECK(core.state.dirty.empty());
  core.tell(write(2, larger - 1));
  const auto begun = core.only<WriteData>();
  CHECK(begun.range == Range{larger - 1, 1});
  CHECK(core.said<Write>()[0].range == begun.range);
}

TEST_CASE("a copy that has grown opens as it was, though its partition held something else") {
  Core core = growing();
  zero_all(core);
  core.hear(Grown{larger}, 2);
  core.tell(write(2, larger - 1));
  core.open_with(larger);
  REQUIRE(core.state.phase == Phase::secondary);
  // The zone that was written to, and no bit of what lay behind the old bitmap.
  CHECK(core.state.dirty.count() == 2);
  CHECK(core.state.dirty.test(core.state.settings.geometry.regions() - 1));
}

TEST_CASE("a follower grows by order and says so when it would survive a power cut") {
  Core core = follower();
  core.hear(Measure{}, 2);
  core.tell(DevicesMeasured{measured(core), enough});
  CHECK(core.said<Measured>()[0].capacity == enough);
  core.hear(Grow{larger}, 2);
  core.tell(DevicesMeasured{measured(core), enough});
  core.partition_answers = false;
  zero_all(core);
  const auto cleared = core.only<WriteMetadata>();
  CHECK(cleared.offset == Layout::bitmap_block(1));
  CHECK(cleared.bytes == Bytes(block_size, 0));
  core.tell(MetadataWritten{cleared.ticket, true});
  const auto superblock = core.only<WriteMetadata>();
  CHECK(decode_superblock(superblock.bytes)->geometry.sectors == larger);
  CHECK(core.said<Grown>().empty());
  core.hear(Write{5, Operation::write, {64, 1}, false, 6000}, 2);
  CHECK(core.all<WriteData>().empty());
  core.tell(MetadataWritten{superblock.ticket, true});
  CHECK(core.said<Grown>()[0].sectors == larger);
  core.hear(Write{6, Operation::write, {64, 1}, false, 6001}, 2);
  CHECK(core.only<WriteData>().range == Range{64, 1});
  // Asked again, it says so again.
  core.hear(Grow{larger}, 2);
  CHECK(core.said<Grown>()[0].sectors == larger);
}

TEST_CASE("partitions that are too small are named, with the numbers") {
  Core core = paired();
  core.tell(Resize{9});
  core.hear(Measured{enough}, 2);
  core.tell(DevicesMeasured{measured(core), {64, 1 << 21}});
  CHECK(refusal(core) ==
        "this node's data partition has 32768 bytes, and the mirror has 32768; enlarge it first");
  CHECK_FALSE(core.state.growth);

  core.tell(Resize{10});
  core.hear(Measured{{64, 1 << 21}}, 2);
  core.tell(DevicesMeasured{measured(core), enough});
  CHECK(refusal(core) ==
        "the other node's data partition has 32768 bytes, and the mirror has 32768; enlarge it "
        "first");

  core.tell(Resize{11});
  core.hear(Measured{{larger, Layout::size(small_geometry())}}, 2);
  core.tell(DevicesMeasured{measured(core), enough});
  CHECK(refusal(core) ==
        "the other node's cluster partition has 1052672 bytes, for 102400000 bytes of data "
        "1056768 are needed");
}

TEST_CASE("nothing grows where it is not used, without the other copy, or beside a verify") {
  Core secondary = follower();
  secondary.tell(Resize{9});
  CHECK(refusal(secondary) == "this copy is not the primary's; resize where the mirror is used");
  Core single = alone();
  single.tell(Resize{9});
  CHECK(refusal(single) == "the other copy is not connected and up to date");
  Core verifying = paired();
  verifying.tell(Verify{8});
  verifying.seen.clear();
  verifying.tell(Resize{9});
  CHECK(refusal(verifying) == "a verify is under way; resize when it has ended");
  Core again = growing();
  again.tell(Resize{10});
  CHECK(refusal(again) == "it is growing already");
}

TEST_CASE("an order ends with a sentence when the other copy is lost or does not answer") {
  for (const bool lost : {true, false}) {
    Core core = paired();
    core.tell(Resize{9});
    if (lost) core.tell(LinkDown{});
    if (!lost) core.wait(30s);
    const auto answer = core.only<AnswerCluster>();
    CHECK(answer.outcome.error().code == Code::unavailable);
    CHECK_FALSE(core.state.growth);
  }
}

TEST_CASE("a link that breaks is waited for, and the order said again") {
  Core core = growing();
  CHECK(core.said<Grow>().size() == 1);
  core.tell(LinkDown{});
  CHECK(core.state.growth);
  core.greet(equal_to_us);
  core.hear(Follow{0}, 2);
  const auto again = core.said<Grow>();
  REQUIRE(again.size() == 1);
  CHECK(again[0].sectors == larger);
}

TEST_CASE("whoever finds the other copy ahead grows before they meet") {
  Core core = copy_of(0);
  core.tell(Promote{1, 2});
  Geometry theirs = small_geometry();
  theirs.sectors = larger;
  const auto greet = [&](std::uint64_t grown_from) {
    core.tell(LinkUp{});
    Hello hello{77,     core.state.session, core.state.settings.mirror,
                theirs, equal_to_us,        CopyState::up_to_date};
    hello.grown_from = grown_from;
    core.hear(hello, 0);
  };
  // Another size, that ours never was, is another mirror's.
  greet(60);
  CHECK_FALSE(core.state.growth);
  greet(64);
  REQUIRE(core.state.growth);
  CHECK_FALSE(core.state.peer);
  core.tell(DevicesMeasured{measured(core), enough});
  zero_all(core);
  CHECK(core.state.durable.geometry.sectors == larger);
  CHECK(core.only<DropLink>().why == "this copy has grown");
  greet(64);
  CHECK(core.state.peer);
}

TEST_CASE("a copy that has grown waits for the one that has not") {
  Core core = growing();
  zero_all(core);
  core.hear(Grown{larger}, 2);
  core.tell(LinkDown{});
  core.tell(LinkUp{});
  core.hear(Hello{77, core.state.session, core.state.settings.mirror, small_geometry(), equal_to_us,
                  CopyState::up_to_date},
            0);
  CHECK_FALSE(core.state.peer);
  CHECK(core.state.standing == Standing::apart);
}

TEST_CASE("a follower that cannot grow says so, and the primary stays as it is") {
  Core core = follower();
  core.hear(Grow{larger}, 2);
  core.tell(DevicesMeasured{measured(core), {100, 1 << 21}});
  CHECK(core.said<Grown>()[0].sectors == 64);
  CHECK_FALSE(core.state.growth);

  Core primary = growing();
  primary.hear(Grown{64}, 2);
  primary.tell(DataDone{primary.only<WriteData>().ticket, true});
  CHECK_FALSE(primary.state.growth);
  CHECK(primary.state.durable.geometry == small_geometry());
}

TEST_CASE("zeroes that cannot be written end the growth, a flush that fails ends the run") {
  Core core = follower();
  core.hear(Grow{larger}, 2);
  core.tell(DevicesMeasured{measured(core), enough});
  core.tell(DataDone{core.only<WriteData>().ticket, false});
  CHECK(core.said<Grown>()[0].sectors == 64);
  CHECK_FALSE(core.state.growth);
  CHECK(core.state.phase == Phase::secondary);

  core.hear(Grow{66}, 2);
  core.tell(DevicesMeasured{measured(core), enough});
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  core.tell(DataDone{core.only<FlushData>().ticket, false});
  CHECK(core.state.phase == Phase::broken);
}

TEST_CASE("a primary takes the size that the other copy has, if it is another one") {
  Core core = growing();
  core.hear(Grown{larger - 800}, 2);
  CHECK(core.state.growth->sectors == larger - 800);
  zero_all(core);
  CHECK(core.state.durable.geometry.sectors == larger - 800);
}

TEST_CASE("what is in hand when a growth is given up is waited for") {
  Core core = growing();
  const auto under_way = core.only<WriteData>();
  core.tell(Demote{10});
  core.tell(DataDone{core.only<FlushData>().ticket, true});
  CHECK(core.state.growth);
  core.tell(DataDone{under_way.ticket, true});
  CHECK_FALSE(core.state.growth);
}

TEST_CASE("a growth waits for the region that is just being sent, when that becomes longer") {
  Superblock superblock = format_source(settings(0), g1);
  superblock.geometry.sectors = 62;
  Core core{0, superblock};
  core.tell(Promote{1, 2});
  core.greet(equal_to_us);
  core.hear(Follow{0}, 2);
  REQUIRE(core.state.standing == Standing::paired);
  core.state.chunks[0] = {.stage = Chunk::Stage::sent, .region = 15, .handle = 99};
  core.hear(Grown{64}, 2);
  core.tell(DevicesMeasured{measured(core), {64, 1 << 21}});
  zero_all(core);
  CHECK(core.state.durable.geometry.sectors == 64);
  CHECK(core.state.settings.geometry.sectors == 62);
  core.state.chunks[0] = {};
  core.wait(1s);
  CHECK(core.state.settings.geometry.sectors == 64);
}

}  // namespace
}  // namespace mainstay::mirror
