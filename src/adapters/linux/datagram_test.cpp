// Sealed datagrams: what gets in, what does not, and that a recording never does.
#include "adapters/linux/datagram.h"

#include <doctest/doctest.h>

namespace mainstay::adapters {
namespace {

using Opened = DatagramCodec::Opened;

const NodeName a("a");
const NodeName b("b");
const NodeName c("c");

ClusterKey test_key(std::uint8_t fill = 7) {
  ClusterKey key;
  key.bytes.fill(fill);
  return key;
}

DatagramCodec codec(const NodeName& self, std::string cluster = "test", std::uint8_t fill = 7) {
  return DatagramCodec({.cluster = std::move(cluster),
                        .self = self,
                        .key = test_key(fill),
                        .peers = {a, b, c},
                        .paths = 2});
}

bool dropped(const Opened& opened, Drop why) {
  const auto* drop = std::get_if<Drop>(&opened);
  return drop != nullptr && *drop == why;
}

std::string delivered(const Opened& opened) {
  const auto* delivery = std::get_if<DatagramCodec::Delivery>(&opened);
  return delivery == nullptr ? "(nothing)" : std::string(as_text(delivery->payload));
}

Bytes answer(const Opened& opened) {
  const auto* found = std::get_if<DatagramCodec::Answer>(&opened);
  REQUIRE(found != nullptr);
  return found->wire;
}

struct World {
  DatagramCodec sender = codec(a);
  DatagramCodec receiver = codec(b);
  Instant now = Instant(1h);

  Bytes make(std::string_view text, PathIndex path = 0) {
    return sender.make(b, path, as_bytes(text)).value();
  }
  Opened give(ByteView wire, PathIndex path = 0) { return receiver.open(path, wire, now); }
  // The sender's present boot answers the receiver's challenge.
  Bytes introduce() {
    now += challenge_interval;
    const Bytes asked = answer(give(make("first")));
    const Bytes response = answer(sender.open(0, asked, now));
    CHECK(std::holds_alternative<DatagramCodec::Nothing>(give(response)));
    return response;
  }
};

TEST_CASE("a new sender is challenged once and then delivered, on every path") {
  World world;
  const Opened first = world.give(world.make("one"));
  CHECK(std::get<DatagramCodec::Answer>(first).drop == Drop::unverified);
  CHECK(dropped(world.give(world.make("two")), Drop::unverified));
  world.introduce();
  CHECK(delivered(world.give(world.make("three"))) == "three");
  CHECK(delivered(world.give(world.make("four", 1), 1)) == "four");
}

TEST_CASE("a datagram is delivered once; a reordered one still is") {
  World world;
  world.introduce();
  const Bytes first = world.make("first");
  const Bytes second = world.make("second");
  CHECK(delivered(world.give(second)) == "second");
  CHECK(delivered(world.give(first)) == "first");
  CHECK(dropped(world.give(first), Drop::replayed));
  CHECK(dropped(world.give(second), Drop::replayed));
}

TEST_CASE("what was sealed before the response is not let in after it, on any path") {
  World world;
  const Bytes early = world.make("early");
  const Bytes early_other = world.make("early", 1);
  world.introduce();
  CHECK(dropped(world.give(early), Drop::replayed));
  CHECK(dropped(world.give(early_other, 1), Drop::replayed));
}

TEST_CASE("a recorded session cannot be played back, not even with its response") {
  World world;
  const Bytes response = world.introduce();
  const Bytes recorded = world.make("recorded");
  CHECK(delivered(world.give(recorded)) == "recorded");

  world.receiver = codec(b);  // The receiver was restarted and knows nothing.
  CHECK(std::holds_alternative<DatagramCodec::Answer>(world.give(recorded)));
  CHECK(dropped(world.give(response), Drop::replayed));
  world.now += challenge_interval;
  CHECK(std::get<DatagramCodec::Answer>(world.give(recorded)).drop == Drop::unverified);
}

TEST_CASE("a restarted sender is let in, and its past boot is not let in again") {
  World world;
  world.introduce();
  const Bytes old = world.make("old");
  world.sender = codec(a);
  world.introduce();
  CHECK(delivered(world.give(world.make("new"))) == "new");
  CHECK(dropped(world.give(old), Drop::replayed));
}

TEST_CASE("a boot that is too old to be remembered is challenged, and its replay gains nothing") {
  World world;
  world.introduce();
  const Bytes ancient = world.make("ancient");
  for (std::size_t i = 0; i <= retired_boots_max; ++i) {
    world.sender = codec(a);
    world.introduce();
  }
  world.now += challenge_interval;
  const Bytes asked = answer(world.give(ancient));
  world.give(answer(world.sender.open(0, asked, world.now)));
  CHECK(delivered(world.give(world.make("present"))) == "present");
  CHECK_FALSE(delivered(world.give(ancient)) == "ancient");
}

TEST_CASE("a response counts for the life of its token, and once") {
  World world;
  const Bytes asked = answer(world.give(world.make("one")));
  const Bytes response = answer(world.sender.open(0, asked, world.now));
  world.now += challenge_lifetime;
  CHECK(dropped(world.give(response), Drop::replayed));
  const Bytes late = answer(world.sender.open(0, answer(world.give(world.make("x"))), world.now));
  world.now += challenge_lifetime - 1ms;
  CHECK(std::holds_alternative<DatagramCodec::Nothing>(world.give(late)));
  CHECK(dropped(world.give(late), Drop::replayed));
}

TEST_CASE("datagrams under a stranger's key, cluster, name or address are dropped and told apart") {
  World world;
  world.introduce();
  DatagramCodec other_key = codec(a, "test", 8);
  CHECK(dropped(world.give(other_key.make(b, 0, {}).value()), Drop::forged));
  DatagramCodec other_cluster = codec(a, "other");
  CHECK(dropped(world.give(other_cluster.make(b, 0, {}).value()), Drop::wrong_cluster));
  CHECK(dropped(world.give(world.sender.make(c, 0, {}).value()), Drop::foreign));
  CHECK(dropped(world.give(world.make("x", 1), 0), Drop::foreign));
  CHECK(dropped(world.give(world.make("x", 0), 1), Drop::foreign));
  // Its own datagram, reflected.
  CHECK(dropped(world.sender.open(0, world.make("x"), world.now), Drop::foreign));
  DatagramCodec stranger(
      {.cluster = "test", .self = NodeName("d"), .key = test_key(), .peers = {b}, .paths = 2});
  CHECK(dropped(world.give(stranger.make(b, 0, {}).value()), Drop::foreign));
  CHECK(dropped(world.give(as_bytes("GET / HTTP/1.1\r\n\r\n")), Drop::foreign));
  CHECK(dropped(world.give({}), Drop::foreign));
}

TEST_CASE("no byte of a datagram can be changed, and none be left out or added") {
  World world;
  world.introduce();
  const Bytes good = world.make("payload");
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 1;
    CHECK(delivered(world.give(bad)) == "(nothing)");
    CHECK(delivered(world.give(ByteView(good).first(i))) == "(nothing)");
  }
  Bytes longer = good;
  longer.push_back(0);
  CHECK(dropped(world.give(longer), Drop::forged));
  CHECK(delivered(world.give(good)) == "payload");
}

TEST_CASE("the largest payload passes and one byte more does not") {
  World world;
  world.introduce();
  const Bytes largest(datagram_size_max, 1);
  const auto wire = world.sender.make(b, 0, largest);
  REQUIRE(wire);
  CHECK(wire->size() == datagram_wire_max);
  CHECK(delivered(world.give(*wire)).size() == datagram_size_max);
  CHECK_FALSE(world.sender.make(b, 0, Bytes(datagram_size_max + 1)));
  CHECK_FALSE(world.sender.make(NodeName("nobody"), 0, {}));
  CHECK_FALSE(world.sender.make(b, 2, {}));
  Bytes too_large = *wire;
  too_large.push_back(0);
  CHECK(dropped(world.give(too_large), Drop::oversized));
}

TEST_CASE("a version that is not ours is told apart") {
  World world;
  Bytes wire = world.make("x");
  wire[4] = 2;
  CHECK(dropped(world.give(wire), Drop::other_version));
}

TEST_CASE("the replay window admits each counter once and forgets the old ones") {
  ReplayWindow window;
  CHECK_FALSE(window.admit(0));
  CHECK(window.admit(100));
  for (std::uint64_t counter = 100 - replay_window_size + 1; counter < 100; ++counter) {
    CHECK(window.admit(counter));
    CHECK_FALSE(window.admit(counter));
  }
  CHECK_FALSE(window.admit(100 - replay_window_size));
  CHECK(window.admit(100 + replay_window_size));
  CHECK_FALSE(window.admit(100));
  CHECK(window.admit(101));
  CHECK(window.admit(~std::uint64_t{0}));
  CHECK_FALSE(window.admit(102));
}

}  // namespace
}  // namespace mainstay::adapters
