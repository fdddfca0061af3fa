// Tests of the small words: bytes, checksums, chance, durations.
#include <doctest/doctest.h>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"

namespace mainstay {
namespace {

TEST_CASE("what is written is read back") {
  ByteWriter writer;
  writer.u8(7);
  writer.u32(0xdeadbeef);
  writer.i64(-3);
  writer.text("vip");
  writer.boolean(true);
  ByteReader reader(writer.bytes());
  CHECK(reader.u8() == 7);
  CHECK(reader.u32() == 0xdeadbeef);
  CHECK(reader.i64() == -3);
  CHECK(reader.text(10) == "vip");
  CHECK(reader.boolean());
  CHECK(reader.finished());
}

TEST_CASE("a reader that ran past the end stays failed") {
  const Bytes bytes{1, 2};
  ByteReader reader(bytes);
  CHECK(reader.u32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.u8() == 0);
  CHECK_FALSE(reader.finished());
}

TEST_CASE("a length that cannot be true is refused") {
  ByteWriter writer;
  writer.u32(0xffffffff);
  ByteReader text(writer.bytes());
  CHECK(text.text(100).empty());
  CHECK_FALSE(text.ok());
  ByteReader list(writer.bytes());
  CHECK(list.count(1000) == 0);
  CHECK_FALSE(list.ok());
}

TEST_CASE("crc32c agrees with the published check value") {
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283u);
}

TEST_CASE("one seed, one sequence") {
  Random first(42);
  Random second(42);
  Random other(43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto value = first.next();
    CHECK(value == second.next());
    differs |= value != other.next();
  }
  CHECK(differs);
}

TEST_CASE("drawn numbers stay within their bounds and reach both") {
  Random random(1);
  bool low = false;
  bool high = false;
  for (int i = 0; i < 1000; ++i) {
    const auto value = random.between(-2, 2);
    REQUIRE(value >= -2);
    REQUIRE(value <= 2);
    low |= value == -2;
    high |= value == 2;
  }
  CHECK(low);
  CHECK(high);
}

TEST_CASE("durations read like sentences") {
  CHECK(to_text(Duration(1500ms)) == "1.5 s");
  CHECK(to_text(Duration(250ms)) == "250 ms");
  CHECK(to_text(Duration(3min)) == "3 min");
  CHECK(to_text(Duration(20us)) == "20 µs");
  CHECK(to_text(-Duration(2s)) == "-2 s");
  CHECK(to_text(WallTime(std::chrono::milliseconds(1250))) == "1970-01-01T00:00:01.250Z");
}

}  // namespace
}  // namespace mainstay
