#include "cluster/message.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "cluster/arbitration/session_record.h"
#include "cluster/durable.h"

namespace mainstay {
namespace {

Beat full_beat() {
  Beat beat;
  beat.incarnation = 12;
  beat.number = 345;
  beat.phase = NodePhase::member;
  beat.config_digest = 0xfeedfacecafebeef;
  beat.reports[GroupName("web")] = {.phase = GroupPhase::claiming,
                                    .term = 8,
                                    .promise = {.term = 8, .claimant = NodeName("a")},
                                    .unfit = true,
                                    .weakest = Evidence::presumed,
                                    .met = {.node = NodeName("b"), .term = 9}};
  beat.reports[GroupName("db")] = {};
  beat.intents[GroupName("web")] = {.number = 3,
                                    .by = NodeName("b"),
                                    .run = true,
                                    .to = NodeName("a"),
                                    .after = 7,
                                    .restart = true};
  beat.echoes[NodeName("b")] = {
      .incarnation = 4, .beat = 99, .silence = Duration(250ms), .vouched = true};
  beat.wanted[GroupName("web")] = NodeName("a");
  beat.recoveries = 2;
  beat.quarantined = {NodeName("b"), NodeName("c")};
  beat.drained = true;
  return beat;
}

TEST_CASE("a beat is read as it was written") {
  const auto read = decode_beat(encode(full_beat()));
  REQUIRE(read);
  CHECK(*read == full_beat());
}

TEST_CASE("a beat that lacks any number of bytes is refused") {
  const Bytes whole = encode(full_beat());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(decode_beat(ByteView(whole).first(size)));
  }
}

TEST_CASE("a beat with bytes behind its end is refused") {
  Bytes longer = encode(full_beat());
  longer.push_back(0);
  CHECK_FALSE(decode_beat(longer));
}

TEST_CASE("whatever byte is wrong, the decoder answers, and what it accepts can be written again") {
  Random random(7);
  const Bytes whole = encode(full_beat());
  for (int i = 0; i < 20'000; ++i) {
    Bytes damaged = whole;
    damaged[random.below(damaged.size())] = static_cast<std::uint8_t>(random.next());
    const auto read = decode_beat(damaged);
    if (read) CHECK(decode_beat(encode(*read)) == *read);
  }
}

TEST_CASE("a beat of another version is refused by its version") {
  Bytes other = encode(full_beat());
  other[0] = 9;
  const auto read = decode_beat(other);
  REQUIRE_FALSE(read);
  CHECK(read.error().message.find("version 9") != std::string::npos);
}

TEST_CASE("the durable state is read as it was written, and refused when it is cut short") {
  Durable durable;
  durable.incarnation = 5;
  durable.resigned = true;
  durable.promises[GroupName("web")] = {.term = 4, .claimant = NodeName("b")};
  durable.intents[GroupName("web")] = full_beat().intents.at(GroupName("web"));
  durable.resignations[NodeName("b")] = 3;
  durable.open = true;
  durable.losses = {3, 5};
  durable.recoveries = 1;
  durable.reboots = 2;
  durable.shutdown = ShutdownConfig{ShutdownGroups::stop, 20s};
  durable.parked[GroupName("web")] = 4;
  const Bytes bytes = encode(durable);
  const auto read = decode_durable(bytes);
  REQUIRE(read);
  CHECK(*read == durable);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(decode_durable(ByteView(bytes).first(size)));
  }
}

TEST_CASE("the durable state of the release before is still read") {
  Durable durable;
  durable.incarnation = 5;
  durable.resignations[NodeName("b")] = 3;
  Bytes bytes = encode(durable);
  // What version 2 added, empty: three counts, three numbers, one flag for each of two things.
  bytes.resize(bytes.size() - (1 + 4 + 8 + 8 + 1 + 4));
  CHECK_FALSE(decode_durable(bytes));
  bytes[0] = 1;
  const auto read = decode_durable(bytes);
  REQUIRE(read);
  CHECK(*read == durable);
}

TEST_CASE("a session record is read as it was written; no record is no session") {
  using namespace arbitration;
  const SessionRecord record{.standing = SessionStanding::revoked,
                             .incarnation = 9,
                             .lease = Duration(2400ms),
                             .revoked_by = NodeName("b"),
                             .beat = encode(full_beat())};
  const auto read = decode_session(encode(record));
  REQUIRE(read);
  CHECK(*read == record);
  CHECK(decode_session({})->standing == SessionStanding::none);
}

}  // namespace
}  // namespace mainstay
