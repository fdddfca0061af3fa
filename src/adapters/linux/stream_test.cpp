// The control stream: who gets in, who does not, and that nothing can be changed.
#include "adapters/linux/stream.h"

#include <doctest/doctest.h>

#include "ports/network.h"

namespace mainstay::adapters {
namespace {

const NodeName a("a");
const NodeName b("b");

StreamIdentity identity(const NodeName& self) {
  StreamIdentity result{.cluster = "test", .self = self, .peers = {a, b}};
  result.key.bytes.fill(5);
  return result;
}

struct World {
  StreamSession left;
  StreamSession right;
  std::vector<std::string> heard;
  Bytes wire;  // all that left said

  explicit World(const StreamIdentity& from = identity(a), const StreamIdentity& to = identity(b),
                 const NodeName& target = b)
      : left(StreamSession::connecting(from, target)), right(StreamSession::accepting(to)) {}

  std::optional<StreamRefusal> to_right(ByteView bytes) {
    wire.insert(wire.end(), bytes.begin(), bytes.end());
    return right.feed(bytes, [&](ByteView message) { heard.emplace_back(as_text(message)); });
  }
  std::optional<StreamRefusal> to_left(ByteView bytes) {
    return left.feed(bytes, [](ByteView) { FAIL("nothing is sent this way"); });
  }
  std::optional<StreamRefusal> shake() {
    if (auto refusal = to_right(left.take_output())) return refusal;
    if (auto refusal = to_left(right.take_output())) return refusal;
    return to_right(left.take_output());
  }
  Bytes frame(std::string_view text) {
    Bytes out;
    left.frame(as_bytes(text), out);
    return out;
  }
};

Drop reason(const std::optional<StreamRefusal>& refusal) {
  REQUIRE(refusal);
  return refusal->reason;
}

TEST_CASE("after the handshake both know each other, and messages arrive in order") {
  World world;
  REQUIRE_FALSE(world.shake());
  CHECK(world.left.ready());
  CHECK(world.right.ready());
  CHECK(world.right.peer() == a);
  CHECK(world.right.version() == 1);
  Bytes both = world.frame("one");
  const Bytes second = world.frame("");
  both.insert(both.end(), second.begin(), second.end());
  CHECK_FALSE(world.to_right(both));
  CHECK(world.heard == std::vector<std::string>{"one", ""});
}

TEST_CASE("bytes may come one at a time") {
  World world;
  const auto trickle = [](const Bytes& bytes, auto&& give) {
    for (const auto byte : bytes) REQUIRE_FALSE(give(ByteView(&byte, 1)));
  };
  trickle(world.left.take_output(), [&](ByteView byte) { return world.to_right(byte); });
  trickle(world.right.take_output(), [&](ByteView byte) { return world.to_left(byte); });
  trickle(world.left.take_output(), [&](ByteView byte) { return world.to_right(byte); });
  trickle(world.frame("slow"), [&](ByteView byte) { return world.to_right(byte); });
  CHECK(world.heard == std::vector<std::string>{"slow"});
}

TEST_CASE("the largest message passes; a larger length ends the connection at once") {
  World world;
  REQUIRE_FALSE(world.shake());
  const std::string largest(stream_message_size_max, 'x');
  CHECK_FALSE(world.to_right(world.frame(largest)));
  CHECK(world.heard.back() == largest);
  ByteWriter length;
  length.u32(static_cast<std::uint32_t>(stream_message_size_max + 1 + seal_tag_size + 1));
  CHECK(reason(world.to_right(length.bytes())) == Drop::oversized);
}

TEST_CASE("a stranger's key, cluster, name or protocol is refused and told apart") {
  StreamIdentity other = identity(a);
  other.key.bytes.fill(6);
  CHECK(reason(World(other).shake()) == Drop::forged);
  other = identity(a);
  other.cluster = "other";
  CHECK(reason(World(other).shake()) == Drop::wrong_cluster);
  CHECK(reason(World(identity(NodeName("c"))).shake()) == Drop::foreign);
  CHECK(reason(World(identity(b)).shake()) == Drop::foreign);
  CHECK(reason(World(identity(a), identity(b), NodeName("c")).shake()) == Drop::foreign);
  World http;
  CHECK(reason(http.to_right(as_bytes("GET / HTTP/1.0\r\n\r\n"))) == Drop::foreign);
}

TEST_CASE("two protocol ranges meet at the highest common version, or say so") {
  StreamIdentity newer = identity(a);
  newer.versions = {.lowest = 1, .highest = 7};
  World world(newer);
  CHECK_FALSE(world.shake());
  CHECK(world.left.version() == 1);
  newer.versions.lowest = 2;
  const auto refusal = World(newer).shake();
  CHECK(reason(refusal) == Drop::other_version);
  CHECK(refusal->why.find("2 to 7") != std::string::npos);
}

TEST_CASE("a recorded connection cannot be played back") {
  World world;
  REQUIRE_FALSE(world.shake());
  REQUIRE_FALSE(world.to_right(world.frame("once")));
  World again;
  CHECK(reason(again.to_right(world.wire)) == Drop::forged);
  CHECK(again.heard.empty());
  CHECK_FALSE(again.right.ready());
}

TEST_CASE("a node's own hello, reflected, is refused") {
  World world;
  const Bytes hello = world.left.take_output();
  CHECK(reason(world.to_left(hello)) == Drop::foreign);
}

TEST_CASE("no byte of the handshake or of a frame can be changed") {
  const auto broken = [](std::size_t stage, std::size_t at) {
    World world;
    const auto damage = [&](Bytes bytes, std::size_t mine) {
      if (stage == mine && at < bytes.size()) bytes[at] ^= 1;
      return bytes;
    };
    bool refused = world.to_right(damage(world.left.take_output(), 0)).has_value();
    refused = refused || world.to_left(damage(world.right.take_output(), 1)).has_value();
    refused = refused || world.to_right(damage(world.left.take_output(), 2)).has_value();
    if (refused || !world.left.ready()) return true;
    refused = world.to_right(damage(world.frame("text"), 3)).has_value();
    return refused || world.heard.empty();
  };
  const std::size_t confirm = 4 + 1 + seal_tag_size;
  for (std::size_t at = 0; at < 97; ++at) CHECK_MESSAGE(broken(0, at), at);
  for (std::size_t at = 0; at < 97 + confirm; ++at) CHECK_MESSAGE(broken(1, at), at);
  for (std::size_t at = 0; at < confirm; ++at) CHECK_MESSAGE(broken(2, at), at);
  for (std::size_t at = 0; at < confirm + 4; ++at) CHECK_MESSAGE(broken(3, at), at);
  CHECK_FALSE(broken(4, 0));
}

TEST_CASE("a frame cannot be repeated or left out") {
  World world;
  REQUIRE_FALSE(world.shake());
  const Bytes first = world.frame("first");
  const Bytes second = world.frame("second");
  REQUIRE_FALSE(world.to_right(first));
  StreamSession fork = world.right;
  CHECK(reason(world.to_right(first)) == Drop::forged);
  world.right = fork;
  world.frame("third");
  CHECK_FALSE(world.to_right(second));
  CHECK(reason(world.to_right(world.frame("fourth"))) == Drop::forged);
}

TEST_CASE("before the proof nobody makes us hold more than a hello and a confirm") {
  World world;
  REQUIRE_FALSE(world.to_right(world.left.take_output()));
  ByteWriter length;
  length.u32(1024);
  CHECK(reason(world.to_right(length.bytes())) == Drop::oversized);
}

}  // namespace
}  // namespace mainstay::adapters
