#include "mirror/volume.h"

#include <doctest/doctest.h>

#include "mirror/testing.h"

namespace mainstay::mirror {
namespace {

using namespace testing;

// Both copies have a write, and it is acknowledged.
void write_through(Core& core, const RequestArrived& request) {
  core.tell(request);
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  core.hear(Written{core.said<Write>()[0].number, true}, 2);
  CHECK(core.only<Acknowledge>().request == request.id);
}
void flush_both(Core& core, RequestId id) {
  core.tell(flush(id));
  core.tell(DataDone{core.only<FlushData>().ticket, true});
  core.hear(Flushed{core.said<Flush>()[0].number, true}, 2);
  CHECK(core.only<Acknowledge>().request == id);
}

TEST_CASE("a write goes to both copies and is acknowledged when both have it") {
  Core core = paired();
  core.tell(write(1, 8));
  const auto local = core.only<WriteData>();
  const auto sent = core.said<Write>();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].range == Range{8, 1});
  CHECK(sent[0].buffer == 5001);
  core.tell(DataDone{local.ticket, true});
  CHECK(core.all<Acknowledge>().empty());
  core.hear(Written{sent[0].number, true}, 2);
  const auto done = core.only<Acknowledge>();
  CHECK(done.request == 1);
  CHECK(done.ok);
}

TEST_CASE("a write waits until its zone is in the activity log") {
  Core core = paired();
  core.partition_answers = false;
  core.tell(write(1, 8));
  CHECK(core.all<WriteData>().empty());
  core.tell(MetadataWritten{core.only<WriteMetadata>().ticket, true});
  CHECK(core.all<WriteData>().size() == 1);
  core.tell(write(2, 9));
  CHECK(core.all<WriteData>().size() == 1);
}

TEST_CASE("two writes to one sector go one after the other") {
  Core core = paired();
  core.tell(write(1, 8, 2));
  core.tell(write(2, 9, 2));
  const auto first = core.only<WriteData>();
  const auto sent = core.said<Write>();
  core.tell(DataDone{first.ticket, true});
  CHECK(core.all<WriteData>().empty());
  core.hear(Written{sent[0].number, true}, 2);
  CHECK(core.only<WriteData>().range == Range{9, 2});
}

TEST_CASE("a flush needs both copies, and settles what was written before it") {
  Core core = paired();
  core.tell(write(1, 8));
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  core.hear(Written{core.said<Write>()[0].number, true}, 2);
  core.tell(flush(2));
  core.tell(DataDone{core.only<FlushData>().ticket, true});
  CHECK(core.only<Acknowledge>().request == 1);
  CHECK_FALSE(core.state.old.empty());
  core.hear(Flushed{core.said<Flush>()[0].number, true}, 2);
  CHECK(core.only<Acknowledge>().request == 2);
  CHECK(core.state.old.empty());
  CHECK(core.state.young.empty());
}

TEST_CASE("a flush that covers nothing is answered at once, and settles") {
  Core core = paired();
  flush_both(core, 1);
  RequestArrived durable = write(2, 8);
  durable.durable = true;
  write_through(core, durable);
  CHECK_FALSE(core.state.young.empty());
  // This one is not answered yet.
  core.tell(write(3, 32));
  core.all<WriteData>();
  core.said<Write>();
  core.tell(flush(4));
  CHECK(core.only<Acknowledge>().request == 4);
  CHECK(core.seen.empty());
  CHECK_FALSE(core.state.young.has(2));
  CHECK(core.state.young.has(8));
}

TEST_CASE("a new primary's first flush is one, whoever has written") {
  Core core = paired();
  flush_both(core, 1);
  core.tell(flush(2));
  CHECK(core.only<Acknowledge>().request == 2);
  CHECK(core.all<FlushData>().empty());
}

TEST_CASE("a flush does not cover what was answered after it had begun") {
  Core core = paired();
  core.tell(flush(1));
  const auto local = core.only<FlushData>();
  const auto sent = core.said<Flush>();
  write_through(core, write(2, 8));
  core.tell(DataDone{local.ticket, true});
  core.hear(Flushed{sent[0].number, true}, 2);
  CHECK(core.only<Acknowledge>().request == 1);
  flush_both(core, 3);
}

TEST_CASE("a write that is likely to be flushed alone is made durable at once") {
  Core core = paired();
  RequestId id = 0;
  for (int i = 0; i < 8; ++i) {
    write_through(core, write(++id, 8));
    core.tell(flush(++id));
    for (const auto& flushed : core.all<FlushData>()) core.tell(DataDone{flushed.ticket, true});
    for (const auto& sent : core.said<Flush>()) core.hear(Flushed{sent.number, true}, 2);
    CHECK(core.only<Acknowledge>().request == id);
  }
  core.tell(write(++id, 8));
  CHECK(core.only<WriteData>().durable);
  CHECK(core.said<Write>()[0].durable);
  // Another one: neither was alone.
  core.tell(write(++id, 40));
  CHECK_FALSE(core.only<WriteData>().durable);
}

TEST_CASE("who loses its peer acknowledges nothing before the arbiter and its own disk know") {
  Core core = paired();
  core.tell(write(1, 8));
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  core.tell(LinkDown{});
  CHECK(core.all<Acknowledge>().empty());
  CHECK(core.state.dirty.test(2));
  const auto swap = core.only<SwapRecord>();
  CHECK(decode_up_to_date(swap.value).value() == only(0, 2));
  core.partition_answers = false;
  core.tell(RecordSwapped{swap.ticket, Swap::done, 4});
  CHECK(core.all<Acknowledge>().empty());
  const auto superblock = core.only<WriteMetadata>();
  CHECK(core.state.wanted.generations.bases == std::vector<Generation>{g1});
  core.tell(MetadataWritten{superblock.ticket, true});
  CHECK(core.only<Acknowledge>().ok);
}

TEST_CASE("a swap whose outcome is unknown is read back and made again") {
  Core core = paired();
  core.tell(LinkDown{});
  core.tell(write(1, 8));
  core.tell(RecordSwapped{core.only<SwapRecord>().ticket, Swap::unknown, 0});
  CHECK(core.all<ReadRecord>().empty());
  core.wait(1s);
  core.tell(RecordRead{core.only<ReadRecord>().ticket, true, 4, encode(only(0, 2))});
  // It says what was meant, but the one of before may still be on its way.
  CHECK(core.all<Acknowledge>().empty());
  core.tell(RecordSwapped{core.only<SwapRecord>().ticket, Swap::done, 5});
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  CHECK(core.only<Acknowledge>().ok);
}

TEST_CASE("a primary that finds a higher term at the arbiter is the primary no more") {
  Core core = paired();
  core.tell(LinkDown{});
  core.state.record.reset();
  core.tell(write(1, 8));
  core.tell(RecordRead{core.only<ReadRecord>().ticket, true, 9, encode(only(1, 3))});
  CHECK_FALSE(core.only<Acknowledge>().ok);
  CHECK(core.state.phase == Phase::secondary);
  CHECK(core.state.durable.term == 3);
}

TEST_CASE("a copy that the arbiter's record does not name is not promoted") {
  Core core = copy_of(0);
  core.tell(Promote{1, 2});
  core.wait(3s);
  core.tell(RecordRead{core.only<ReadRecord>().ticket, true, 3, encode(only(1, 1))});
  const auto answer = core.only<AnswerCluster>();
  REQUIRE_FALSE(answer.outcome);
  CHECK(answer.outcome.error().message ==
        "the peer's copy is newer than ours, says the arbiter; promote it there");
  CHECK(core.state.phase == Phase::secondary);
}

TEST_CASE("a copy that is promoted alone begins a new generation before it serves") {
  Core core = alone();
  CHECK(core.state.durable.generations.current != g1);
  CHECK(core.state.durable.generations.bases == std::vector<Generation>{g1});
  CHECK_FALSE(core.state.durable.shared);
  CHECK(core.state.durable.term == 2);
}

TEST_CASE("an inconsistent copy is not promoted, nor one at a term that is over") {
  Core target{1, format_target(testing::settings(1))};
  target.tell(Promote{1, 2});
  CHECK(target.only<AnswerCluster>().outcome.error().message ==
        "this copy is inconsistent: its resync has not ended");
  Core core = alone();
  core.tell(Demote{2});
  REQUIRE(core.state.phase == Phase::demoting);
  core.tell(DataDone{core.only<FlushData>().ticket, true});
  REQUIRE(core.state.phase == Phase::secondary);
  core.seen.clear();
  core.tell(Promote{3, 1});
  CHECK(core.only<AnswerCluster>().outcome.error().message == "term 1 is over, term 2 is known");
}

TEST_CASE("a follower takes a term durably before it follows, and then no lower one") {
  Core core = copy_of(1);
  core.greet(equal_to_us);
  core.partition_answers = false;
  core.hear(Lead{Joining::pair, equal_to_us}, 5);
  CHECK(core.said<Follow>().empty());
  core.partition_answers = true;
  core.tell(MetadataWritten{core.only<WriteMetadata>().ticket, true});
  CHECK(core.said<Follow>().size() == 1);
  CHECK(core.state.durable.term == 5);
  core.hear(Lead{Joining::pair, equal_to_us}, 4);
  CHECK(core.said<Refuse>().at(0).term == 5);
  core.hear(Write{9, Operation::write, {0, 1}, false, 6000}, 4);
  CHECK(core.all<WriteData>().empty());
  CHECK(core.only<ReleaseBuffer>().buffer == 6000);
}

TEST_CASE("a follower does not promise while a write of before is on its way to its disk") {
  Core core = copy_of(1);
  core.greet(equal_to_us);
  core.hear(Lead{Joining::pair, equal_to_us}, 5);
  core.hear(Write{9, Operation::write, {0, 1}, false, 6000}, 5);
  const auto landing = core.only<WriteData>();
  core.tell(LinkDown{});
  core.greet(equal_to_us);
  core.said<Follow>();
  core.hear(Lead{Joining::pair, equal_to_us}, 6);
  CHECK(core.said<Follow>().empty());
  core.tell(DataDone{landing.ticket, true});
  CHECK(core.said<Follow>().size() == 1);
  CHECK(core.said<Written>().empty());
}

TEST_CASE("a resync sends what differs, flushes both copies and then says that it is over") {
  Core core = alone();
  core.tell(write(1, 8));
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  CHECK(core.only<Acknowledge>().ok);
  core.greet(equal_to_us);
  CHECK(core.said<Lead>().at(0).joining == Joining::sync);
  core.hear(Follow{0}, 2);
  const auto read = core.only<ReadData>();
  CHECK(read.range == Range{8, 4});
  core.tell(DataDone{read.ticket, true});
  core.hear(Written{core.said<Write>().at(0).number, true}, 2);
  core.tell(DataDone{core.only<FlushData>().ticket, true});
  CHECK(core.state.dirty.count() == 1);
  core.hear(Flushed{core.said<Flush>().at(0).number, true}, 2);
  CHECK(core.state.dirty.empty());
  CHECK(core.state.durable.shared);
  CHECK(core.said<Finish>().at(0).current == core.state.durable.generations.current);
  core.hear(Finished{}, 2);
  CHECK(core.state.standing == Standing::paired);
  CHECK(core.state.durable.generations.bases.empty());
}

TEST_CASE("a write that was under way when the peer was lost is acknowledged on the peer's word") {
  Core core = paired();
  core.tell(write(1, 8));
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  core.tell(LinkDown{});
  core.tell(RecordSwapped{core.only<SwapRecord>().ticket, Swap::lost, 0});
  core.tell(RecordRead{core.only<ReadRecord>().ticket, false, 0, {}});
  core.greet(equal_to_us);
  CHECK(core.all<Acknowledge>().empty());
  core.hear(Follow{0}, 2);
  CHECK(core.state.standing == Standing::syncing);
  CHECK(core.only<Acknowledge>().ok);
  CHECK_FALSE(core.state.durable.shared);
}

TEST_CASE("a write to a region that is being read for a resync goes first") {
  Core core = alone();
  core.tell(write(1, 8));
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  core.greet(equal_to_us);
  core.hear(Follow{0}, 2);
  const auto read = core.only<ReadData>();
  core.tell(write(2, 9));
  const auto foreground = core.said<Write>();
  REQUIRE(foreground.size() == 1);
  core.tell(DataDone{read.ticket, true});
  CHECK(core.said<Write>().empty());
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  core.hear(Written{foreground[0].number, true}, 2);
  // It was overtaken once; now writes to it wait until it is sent.
  CHECK(core.only<ReadData>().range == Range{8, 4});
  core.tell(write(3, 10));
  CHECK(core.said<Write>().empty());
  CHECK(core.all<WriteData>().empty());
}

TEST_CASE("after a crash every zone of the log is dirty, and nothing else is") {
  Core core = paired();
  core.tell(write(1, 8));
  core.open();
  CHECK(core.state.phase == Phase::secondary);
  CHECK(core.state.dirty.count() == 2);
  CHECK(core.state.dirty.test(2));
  CHECK(core.state.dirty.test(3));
}

TEST_CASE("a primary whose disk fails is over, and everybody who waits is told") {
  Core core = paired();
  core.tell(write(1, 8));
  core.tell(write(2, 8));
  core.tell(DataDone{core.only<WriteData>().ticket, false});
  CHECK(core.state.phase == Phase::broken);
  const auto answers = core.all<Acknowledge>();
  REQUIRE(answers.size() == 2);
  CHECK_FALSE(answers[0].ok);
  CHECK_FALSE(answers[1].ok);
  CHECK(core.all<DropLink>().size() == 1);
}

TEST_CASE("copies that went on apart are refused, and nothing is written") {
  Core core = alone();
  core.greet({200, {g1}, {}});
  CHECK(core.state.standing == Standing::refused);
  CHECK(core.said<Lead>().empty());
}

TEST_CASE("a message of an earlier session is not taken in") {
  Core core = paired();
  core.tell(write(1, 8));
  const auto sent = core.said<Write>();
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  core.tell(Received{Message{core.state.session + 2, 2, Written{sent[0].number, true}}});
  CHECK(core.all<Acknowledge>().empty());
}

}  // namespace
}  // namespace mainstay::mirror
