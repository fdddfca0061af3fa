// Tests of the comparison of two copies that are in use.
#include <doctest/doctest.h>

#include <set>

#include "mirror/testing.h"

namespace mainstay::mirror {
namespace {

using namespace testing;

constexpr Checksum one{1, 1};
constexpr Checksum another{2, 2};

struct Pair {
  SumData own;
  Check theirs;
};

// What is asked for now, of both copies; region by region.
std::vector<Pair> asked(Core& core) {
  const auto own = core.all<SumData>();
  const auto theirs = core.said<Check>();
  REQUIRE(own.size() == theirs.size());
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < own.size(); ++i) {
    CHECK(own[i].range == theirs[i].range);
    pairs.push_back({own[i], theirs[i]});
  }
  return pairs;
}

void answer(Core& core, const Pair& pair, const Checksum& theirs) {
  core.tell(DataSummed{pair.own.ticket, true, one});
  core.hear(Checked{pair.theirs.number, true, theirs}, 2);
}

TEST_CASE("a verify compares every region of both copies, and says how many differ") {
  Core core = paired();
  core.tell(Verify{5, false});
  CHECK(core.only<AnswerCluster>().outcome);
  std::set<Sector> seen;
  for (auto pairs = asked(core); !pairs.empty(); pairs = asked(core)) {
    for (const Pair& pair : pairs) {
      seen.insert(pair.own.range.first);
      answer(core, pair, pair.own.range.first == 8 ? another : one);
    }
  }
  CHECK(seen.size() == 16);
  CHECK_FALSE(core.state.verify);
  REQUIRE(core.state.verified);
  CHECK(core.state.verified->compared == 16);
  CHECK(core.state.verified->differing == 1);
  CHECK(core.state.dirty.empty());
}

TEST_CASE("what a write has overtaken is compared again, and then the write waits") {
  Core core = paired();
  core.tell(Verify{5, false});
  const auto pairs = asked(core);
  REQUIRE(pairs[0].own.range == Range{0, 4});
  core.tell(write(1, 1));
  const auto foreground = core.said<Write>();
  REQUIRE(foreground.size() == 1);
  answer(core, pairs[0], another);
  CHECK(core.state.verify->differing == 0);
  CHECK(asked(core).empty());
  core.tell(DataDone{core.only<WriteData>().ticket, true});
  core.hear(Written{foreground[0].number, true}, 2);
  const auto again = asked(core);
  REQUIRE(again.size() == 1);
  CHECK(again[0].own.range == Range{0, 4});
  core.tell(write(2, 1));
  CHECK(core.all<WriteData>().empty());
  answer(core, again[0], one);
  CHECK(core.all<WriteData>().size() == 1);
}

TEST_CASE("a repair sends what differs, and has ended when both have flushed it") {
  Core core = paired();
  core.tell(Verify{5, true});
  for (auto pairs = asked(core); !pairs.empty(); pairs = asked(core)) {
    for (const Pair& pair : pairs) {
      answer(core, pair, pair.own.range.first == 8 ? another : one);
      for (const auto& read : core.all<ReadData>()) core.tell(DataDone{read.ticket, true});
      for (const auto& sent : core.said<Write>()) {
        CHECK(sent.range == Range{8, 4});
        core.hear(Written{sent.number, true}, 2);
      }
    }
  }
  REQUIRE(core.state.verify);
  core.wait(1s);
  core.tell(DataDone{core.only<FlushData>().ticket, true});
  REQUIRE(core.state.verify);
  core.hear(Flushed{core.said<Flush>().at(0).number, true}, 2);
  REQUIRE(core.state.verified);
  CHECK(core.state.verified->differing == 1);
  CHECK(core.state.dirty.empty());
}

TEST_CASE("a verify waits while the peer is away, and leaves nothing out") {
  Core core = paired();
  core.tell(Verify{5, false});
  const auto pairs = asked(core);
  core.tell(DataSummed{pairs[0].own.ticket, true, one});
  core.tell(LinkDown{});
  for (std::size_t i = 1; i < pairs.size(); ++i) {
    core.tell(DataSummed{pairs[i].own.ticket, true, one});
  }
  REQUIRE(core.state.verify);
  CHECK(core.state.verify->compared == 0);
  core.greet(equal_to_us);
  core.hear(Follow{0}, 2);
  REQUIRE(core.state.standing == Standing::paired);
  for (auto rest = asked(core); !rest.empty(); rest = asked(core)) {
    for (const Pair& pair : rest) answer(core, pair, one);
  }
  REQUIRE(core.state.verified);
  CHECK(core.state.verified->compared == 16);
}

TEST_CASE("a verify is refused where nothing can be compared") {
  Core secondary = copy_of(0);
  secondary.tell(Verify{5, false});
  CHECK(secondary.only<AnswerCluster>().outcome.error().message ==
        "this copy is not the primary's; verify where the mirror is used");
  Core lonely = alone();
  lonely.tell(Verify{5, false});
  CHECK(lonely.only<AnswerCluster>().outcome.error().code == Code::conflict);
}

TEST_CASE("a follower says what its own disk says, to its primary only") {
  Core core = copy_of(1);
  core.greet(equal_to_us);
  core.hear(Lead{Joining::pair, equal_to_us}, 5);
  core.hear(Check{9, {4, 4}}, 4);
  CHECK(core.all<SumData>().empty());
  core.hear(Check{9, {4, 4}}, 5);
  const auto sum = core.only<SumData>();
  CHECK(sum.range == Range{4, 4});
  core.tell(DataSummed{sum.ticket, true, another});
  const auto told = core.said<Checked>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].number == 9);
  CHECK(told[0].sum == another);
}

}  // namespace
}  // namespace mainstay::mirror
