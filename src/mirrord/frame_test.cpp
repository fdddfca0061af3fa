// Tests of the frames between two engines: whole, in any pieces, and from somebody hostile.
#include "mirrord/frame.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>

namespace mainstay::mirrord {
namespace {

using mirror::BufferId;
using mirror::Message;
using mirror::Operation;

const adapters::Key key{1, 2, 3};

struct Memory {
  std::map<BufferId, Bytes> buffers;
  BufferId last = 5000;
  bool empty = false;

  FrameReader::Memory view() {
    return {[this](std::size_t size) -> std::optional<BufferId> {
              if (empty) return std::nullopt;
              buffers[++last].resize(size);
              return last;
            },
            [this](BufferId buffer) { return buffers.at(buffer).data(); }};
  }
};

Message write_of(std::uint32_t sectors) {
  return {9, 7, mirror::Write{1, Operation::write, {8, sectors}, false, 0}};
}

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  return bytes;
}

Bytes on_wire(FrameWriter& writer, const Message& message, const Bytes& payload) {
  Bytes bytes;
  const ByteView behind = writer.append(message, payload, bytes);
  bytes.insert(bytes.end(), behind.begin(), behind.end());
  return bytes;
}

Bytes sign_of_life() {
  Bytes bytes;
  FrameWriter::append_sign_of_life(bytes);
  return bytes;
}

// Feeds in pieces of at most `piece` bytes; what came out, or the first error.
Result<std::vector<Message>> feed(FrameReader& reader, ByteView bytes, std::size_t piece) {
  std::vector<Message> messages;
  while (true) {
    while (true) {
      auto next = reader.next();
      if (!next) return std::unexpected(next.error());
      if (!*next) break;
      messages.push_back(std::move(**next));
    }
    if (bytes.empty() || reader.stalled()) return messages;
    const auto room = reader.room();
    const std::size_t size = std::min({piece, room.size(), bytes.size()});
    std::ranges::copy(bytes.first(size), room.begin());
    reader.filled(size);
    bytes = bytes.subspan(size);
  }
}

TEST_CASE("messages and payloads arrive whole, however the wire cuts them") {
  for (const PayloadForm form : {PayloadForm::plain, PayloadForm::sealed}) {
    for (const std::size_t piece : {1UL, 7UL, 4096UL, 1UL << 20}) {
      Memory memory;
      FrameWriter writer(key, form);
      FrameReader reader(key, form, memory.view());
      const Bytes small = pattern(512);
      const Bytes large = pattern(payload_size_max);
      Bytes wire = on_wire(writer, write_of(1), small);
      for (const Bytes& next :
           {sign_of_life(), on_wire(writer, {9, 7, mirror::Flush{3}}, {}),
            on_wire(writer, write_of(payload_size_max / mirror::sector_size), large)}) {
        wire.insert(wire.end(), next.begin(), next.end());
      }
      const auto messages = feed(reader, wire, piece);
      REQUIRE(messages);
      REQUIRE(messages->size() == 3);
      const auto& first = std::get<mirror::Write>((*messages)[0].body);
      const auto& last = std::get<mirror::Write>((*messages)[2].body);
      CHECK(memory.buffers.at(first.buffer) == small);
      CHECK(std::get<mirror::Flush>((*messages)[1].body).number == 3);
      CHECK(memory.buffers.at(last.buffer) == large);
      CHECK_FALSE(reader.unfinished());
    }
  }
}

TEST_CASE("a sealed payload is not to be read on the wire, and a plain one is") {
  const Bytes payload = pattern(4096);
  for (const PayloadForm form : {PayloadForm::plain, PayloadForm::sealed}) {
    FrameWriter writer(key, form);
    const Bytes wire = on_wire(writer, write_of(8), payload);
    const bool there = !std::ranges::search(wire, payload).empty();
    CHECK(there == (form == PayloadForm::plain));
  }
}

TEST_CASE("without a buffer a reader waits, and goes on when there is one") {
  Memory memory{.empty = true};
  FrameWriter writer(key, PayloadForm::sealed);
  FrameReader reader(key, PayloadForm::sealed, memory.view());
  const Bytes payload = pattern(4096);
  const auto nothing = feed(reader, on_wire(writer, write_of(8), payload), 1 << 20);
  REQUIRE(nothing);
  CHECK(nothing->empty());
  CHECK(reader.stalled());
  memory.empty = false;
  const auto messages = feed(reader, {}, 1);
  REQUIRE(messages);
  REQUIRE(messages->size() == 1);
  CHECK(memory.buffers.at(std::get<mirror::Write>(messages->front().body).buffer) == payload);
}

TEST_CASE("a frame that was changed, repeated or left out ends the connection") {
  FrameWriter writer(key, PayloadForm::sealed);
  const Bytes first = on_wire(writer, write_of(8), pattern(4096));
  const Bytes second = on_wire(writer, {9, 7, mirror::Flush{3}}, {});
  const auto outcome = [](std::initializer_list<Bytes> frames) {
    Memory memory;
    FrameReader reader(key, PayloadForm::sealed, memory.view());
    Bytes wire;
    for (const Bytes& frame : frames) wire.insert(wire.end(), frame.begin(), frame.end());
    return feed(reader, wire, 1 << 20).has_value();
  };
  CHECK(outcome({first, second}));
  CHECK_FALSE(outcome({second}));
  CHECK_FALSE(outcome({first, first}));
  CHECK_FALSE(outcome({first, second, second}));
  for (std::size_t at = 0; at < first.size(); at += 61) {
    // The sizes alone may make the reader wait for more, which never comes.
    if (at < 8) continue;
    Bytes changed = first;
    changed[at] ^= 1;
    CHECK_FALSE(outcome({changed, second}));
  }
}

TEST_CASE("a payload that its message does not announce, or of an impossible size, is refused") {
  Memory memory;
  FrameWriter writer(key, PayloadForm::plain);
  FrameReader reader(key, PayloadForm::plain, memory.view());
  CHECK_FALSE(feed(reader, on_wire(writer, write_of(8), pattern(512)), 1 << 20));
  ByteWriter head;
  head.u32(100);
  head.u32(payload_size_max + 1);
  FrameReader other(key, PayloadForm::plain, memory.view());
  CHECK_FALSE(feed(other, head.bytes(), 8));
  ByteWriter huge;
  huge.u32(UINT32_MAX);
  huge.u32(0);
  FrameReader third(key, PayloadForm::plain, memory.view());
  CHECK_FALSE(feed(third, huge.bytes(), 8));
}

TEST_CASE("a payload that was changed on the way is not given to anybody") {
  Memory memory;
  FrameWriter writer(key, PayloadForm::sealed);
  FrameReader reader(key, PayloadForm::sealed, memory.view());
  Bytes wire =
      on_wire(writer, write_of(payload_size_max / mirror::sector_size), pattern(payload_size_max));
  wire[wire.size() - 20] ^= 1;
  CHECK_FALSE(feed(reader, wire, 1 << 20));
  CHECK(reader.unfinished() == memory.last);
}

TEST_CASE("whatever bytes come, the reader refuses them or waits") {
  CHECK(rc::check([](const Bytes& bytes) {
    Memory memory;
    FrameReader reader(key, PayloadForm::sealed, memory.view());
    const auto messages = feed(reader, bytes, 64);
    RC_ASSERT(!messages || messages->empty());
    // Whoever gives the reader up releases the one that it has.
    RC_ASSERT(memory.buffers.empty() || reader.unfinished());
  }));
}

}  // namespace
}  // namespace mainstay::mirrord
