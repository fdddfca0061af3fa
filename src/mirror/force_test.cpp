// Tests of a person's choice between two copies.
#include <doctest/doctest.h>

#include "mirror/testing.h"

namespace mainstay::mirror {
namespace {

using namespace testing;

// A copy that did not follow while the other one went on, and has opened again.
Core left_behind(CopyState copy) {
  Superblock superblock = format_source(settings(0), g1);
  superblock.state = copy;
  superblock.term = 2;
  return {0, superblock};
}
const Generations went_on{200, {g1}, {}};

TEST_CASE("a copy that a person chooses counts when the record, the disk and its metadata say so") {
  Core core = left_behind(CopyState::inconsistent);
  core.tell(Force{7, 5});
  CHECK(core.all<FlushData>().empty());
  core.tell(RecordRead{core.only<ReadRecord>().ticket, true, 3, encode(only(1, 5))});
  const auto swap = core.only<SwapRecord>();
  CHECK(decode_up_to_date(swap.value).value() == UpToDate{5, true, false, 1});
  core.tell(RecordSwapped{swap.ticket, Swap::done, 4});
  CHECK(core.state.durable.state == CopyState::inconsistent);
  core.tell(DataDone{core.only<FlushData>().ticket, true});
  const auto answer = core.only<AnswerCluster>();
  CHECK(answer.ticket == 7);
  CHECK(answer.outcome);
  CHECK(core.state.durable.state == CopyState::up_to_date);
  CHECK(core.state.durable.given_up == 5);
  CHECK(core.state.durable.generations.current != g1);
  CHECK(core.state.durable.generations.bases == std::vector<Generation>{g1});
}

TEST_CASE("a choice is refused if more is known than the person knew, or if nobody knows") {
  Core core = left_behind(CopyState::up_to_date);
  core.tell(Force{7, 4});
  core.tell(RecordRead{core.only<ReadRecord>().ticket, true, 3, encode(only(1, 5))});
  CHECK(core.only<AnswerCluster>().outcome.error().message ==
        "term 5 is known, which is higher than the one that the order names: look at the mirror's "
        "status again");
  core.tell(Force{8, 5});
  core.tell(RecordRead{core.only<ReadRecord>().ticket, false, 0, {}});
  CHECK(core.only<AnswerCluster>().outcome.error().code == Code::unavailable);
  core.tell(Force{9, 5});
  core.tell(RecordRead{core.only<ReadRecord>().ticket, true, 3, encode(only(1, 5))});
  core.tell(RecordSwapped{core.only<SwapRecord>().ticket, Swap::lost, 0});
  core.tell(RecordRead{core.only<ReadRecord>().ticket, true, 4, encode(only(1, 6))});
  CHECK(core.only<AnswerCluster>().outcome.error().code == Code::conflict);
  CHECK(core.state.durable.given_up == 0);
  CHECK_FALSE(core.state.forcing);
}

TEST_CASE("a choice whose record is never known to be written is given up, and can be made again") {
  Core core = left_behind(CopyState::up_to_date);
  core.tell(Force{7, 5});
  core.tell(RecordRead{core.only<ReadRecord>().ticket, true, 3, encode(only(1, 5))});
  core.tell(RecordSwapped{core.only<SwapRecord>().ticket, Swap::unknown, 0});
  core.wait(1s);
  // It was written after all.
  core.tell(
      RecordRead{core.only<ReadRecord>().ticket, true, 4, encode(UpToDate{5, true, false, 1})});
  core.tell(RecordSwapped{core.only<SwapRecord>().ticket, Swap::unknown, 0});
  core.wait(6s);
  CHECK(core.only<AnswerCluster>().outcome.error().code == Code::unavailable);
}

TEST_CASE("a copy that follows, or was never built, cannot be chosen") {
  Core follower = copy_of(1);
  follower.greet(equal_to_us);
  follower.hear(Lead{Joining::pair, equal_to_us}, 5);
  follower.tell(Force{7, 0});
  CHECK(follower.only<AnswerCluster>().outcome.error().message ==
        "the other copy is the primary's at term 5, and this one follows it; stop the group there "
        "first");
  Core blank{1, format_target(settings(1))};
  blank.tell(Force{7, 0});
  CHECK(blank.only<AnswerCluster>().outcome.error().message ==
        "this copy was never built: it has nothing that could count");
}

TEST_CASE("a chosen primary has the other copy made equal, by both bitmaps if they know") {
  Core core = alone();
  core.greet({200, {g1}, {}});
  REQUIRE(core.state.standing == Standing::refused);
  core.tell(Force{7, 0});
  CHECK(core.only<AnswerCluster>().outcome);
  const auto asked = core.said<Lead>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].joining == Joining::sync);
  CHECK(compare({200, {g1}, {}}, asked[0].generations) == Relation::behind);
  // What the other one wrote alone is in its own bitmap, and comes with its answer.
  CHECK(core.state.dirty.empty());
}

TEST_CASE("what the other copy has of a later term was not given up") {
  Core core = left_behind(CopyState::up_to_date);
  core.tell(Force{7, 5});
  core.tell(RecordRead{core.only<ReadRecord>().ticket, true, 3, encode(only(1, 5))});
  core.tell(RecordSwapped{core.only<SwapRecord>().ticket, Swap::done, 4});
  core.tell(DataDone{core.only<FlushData>().ticket, true});
  core.tell(Promote{8, 9});
  const auto meet = [&](Term term) {
    core.tell(LinkUp{});
    const auto& s = core.state.settings;
    core.hear(Hello{77, core.state.session, s.mirror, s.geometry, went_on, CopyState::up_to_date, 8,
                    0, term, 0, 0},
              0);
    return core.said<Lead>();
  };
  CHECK(meet(6).empty());
  CHECK(core.state.phase == Phase::secondary);
  core.tell(Promote{9, 10});
  CHECK(meet(5).size() == 1);
}

}  // namespace
}  // namespace mainstay::mirror
