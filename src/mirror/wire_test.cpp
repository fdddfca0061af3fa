#include "mirror/wire.h"

#include <doctest/doctest.h>

#include "mirror/record.h"

namespace mainstay::mirror {
namespace {

std::vector<Message> one_of_each() {
  Bytes bits(block_size, 0);
  bits[9] = 7;
  const Hello hello{
      1, 2, {3, 4}, {.sectors = 99}, {5, {6}, {7, 8}}, CopyState::up_to_date, 9, 10, 3, 4, 5, 6};
  return {{0, 9, hello},
          {1, 9, Lead{Joining::sync, {5, {6}, {}}}},
          {1, 9, DirtyBlock{3, bits}},
          {1, 9, Follow{4}},
          {1, 9, Refuse{11}},
          {1, 9, Write{12, Operation::zero, {13, 14}, true, 0}},
          {1, 9, Written{12, true}},
          {1, 9, Flush{15}},
          {1, 9, Flushed{15, false}},
          {1, 9, Finish{16}},
          {1, 9, Finished{}},
          {1, 9, Check{17, {18, 19}}},
          {1, 9, Checked{17, true, {20, 21}}},
          {1, 9, Measure{}},
          {1, 9, Measured{{22, 23}}},
          {1, 9, Grow{24}},
          {1, 9, Grown{25}}};
}

TEST_CASE("a message of each kind is read as it was written") {
  for (const Message& message : one_of_each()) {
    CAPTURE(message.body.index());
    const Bytes bytes = encode(message);
    CHECK(bytes.size() <= message_size_max);
    const auto read = decode_message(bytes);
    REQUIRE(read);
    CHECK(read->body.index() == message.body.index());
    CHECK(encode(*read) == bytes);
  }
}

TEST_CASE("a message that is cut short or longer than itself is refused") {
  for (const Message& message : one_of_each()) {
    Bytes bytes = encode(message);
    for (std::size_t size = 0; size < bytes.size(); size += size < 200 ? 1 : 101) {
      CHECK_FALSE(decode_message(ByteView(bytes).first(size)));
    }
    bytes.push_back(0);
    CHECK_FALSE(decode_message(bytes));
  }
}

TEST_CASE("a message of another version, of no kind, or with an impossible value is refused") {
  Bytes bytes = encode({1, 9, Finished{}});
  bytes[0] = 1;
  CHECK(decode_message(bytes).error().message ==
        "mirror: the peer speaks version 1, not 3; install the same Mainstay on both nodes");
  bytes[0] = 3;
  bytes[1] = 17;
  CHECK_FALSE(decode_message(bytes));
  CHECK_FALSE(decode_message(encode({1, 9, Write{1, Operation::flush, {0, 1}, false, 0}})));
}

TEST_CASE("only a write has payload behind it, as much as its range") {
  CHECK(payload_size({1, 9, Write{1, Operation::write, {0, 3}, false, 0}}) == 1536);
  CHECK(payload_size({1, 9, Write{1, Operation::zero, {0, 3}, false, 0}}) == 0);
  CHECK(payload_size({1, 9, Flush{1}}) == 0);
}

TEST_CASE("the arbiter's record is read as it was written, and nothing else is") {
  const auto read = decode_up_to_date(encode(only(1, 7)));
  REQUIRE(read);
  CHECK(*read == UpToDate{7, false, true, 0});
  const UpToDate chosen{7, true, false, 3};
  CHECK(decode_up_to_date(encode(chosen)).value() == chosen);
  // As Mainstay wrote it before anybody could choose.
  Bytes older = encode(only(1, 7));
  older[0] = 1;
  older.resize(older.size() - 8);
  CHECK(decode_up_to_date(older).value() == only(1, 7));
  CHECK_FALSE(decode_up_to_date(encode(UpToDate{7, false, false, 0})));
  CHECK_FALSE(decode_up_to_date({}));
}

}  // namespace
}  // namespace mainstay::mirror
