// What arrives on the cluster's ports from anybody: sealed datagrams and the control stream.
//
// The first byte chooses: bytes as they are, or edits (position, change) of something authentic.
// Whatever is not exactly what was sealed must be refused.
#include "adapters/linux/cluster_key.h"
#include "adapters/linux/datagram.h"
#include "adapters/linux/stream.h"
#include "base/check.h"

using namespace mainstay;
using namespace mainstay::adapters;

namespace {

const NodeName a("a");
const NodeName b("b");

DatagramCodec codec_of(const NodeName& self) {
  return DatagramCodec({.cluster = "fuzz", .self = self, .key = {}, .peers = {a, b}, .paths = 1});
}

StreamIdentity identity_of(const NodeName& self) {
  return {.cluster = "fuzz", .self = self, .key = {}, .peers = {a, b}, .versions = {}};
}

// True if anything was changed. Four bytes are one edit: position, what is added, what is cut off.
bool edit(ByteView edits, Bytes& bytes) {
  const Bytes before = bytes;
  ByteReader reader(edits);
  while (reader.rest().size() >= 4 && !bytes.empty()) {
    const std::size_t at = reader.u16() % bytes.size();
    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ reader.u8());
    bytes.resize(bytes.size() - std::min<std::size_t>(reader.u8() / 16, bytes.size()));
  }
  return bytes != before;
}

void raw_datagram(ByteView bytes) {
  DatagramCodec receiver = codec_of(b);
  MAINSTAY_CHECK(std::holds_alternative<Drop>(receiver.open(0, bytes, Instant())));
}

void edited_datagram(ByteView edits) {
  DatagramCodec sender = codec_of(a);
  DatagramCodec receiver = codec_of(b);
  Bytes wire = sender.make(b, 0, as_bytes("a heartbeat, as it were")).value();
  const bool changed = edit(edits, wire);
  const auto opened = receiver.open(0, wire, Instant());
  MAINSTAY_CHECK(std::holds_alternative<Drop>(opened) == changed);
}

void raw_stream(ByteView bytes) {
  StreamSession session = StreamSession::accepting(identity_of(b));
  static_cast<void>(session.feed(bytes, [](ByteView) { MAINSTAY_CHECK(false); }));
  MAINSTAY_CHECK(!session.ready());
}

// The edits fall into the hello, or, after an even first byte, into what follows it.
void edited_stream(ByteView edits) {
  if (edits.empty()) return;
  StreamSession left = StreamSession::connecting(identity_of(a), b);
  StreamSession right = StreamSession::accepting(identity_of(b));
  int heard = 0;
  const auto count = [&](ByteView) { ++heard; };
  Bytes hello = left.take_output();
  const bool in_hello = edits.front() % 2 == 1;
  const bool hello_changed = in_hello && edit(edits.subspan(1), hello);
  if (right.feed(hello, count)) {
    MAINSTAY_CHECK(hello_changed);
    return;
  }
  const auto refused = left.feed(right.take_output(), count);
  MAINSTAY_CHECK(left.ready() == (!refused && !hello_changed));
  if (!left.ready()) return;
  Bytes rest = left.take_output();
  left.frame(as_bytes("a message"), rest);
  const bool changed = !in_hello && edit(edits.subspan(1), rest);
  static_cast<void>(right.feed(rest, count));
  MAINSTAY_CHECK(heard == 0 || !changed);
  MAINSTAY_CHECK(heard == 1 || changed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView rest(data + 1, size - 1);
  switch (*data % 5) {
    case 0:
      raw_datagram(rest);
      break;
    case 1:
      edited_datagram(rest);
      break;
    case 2:
      raw_stream(rest);
      break;
    case 3:
      edited_stream(rest);
      break;
    default:
      static_cast<void>(parse_key(as_text(rest)));
  }
  return 0;
}
