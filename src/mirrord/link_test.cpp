// Tests of the link between two engines: real sockets on loopback, both ends on one thread.
#include "mirrord/link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <doctest/doctest.h>

#include <cstring>

#include "base/check.h"

namespace mainstay::mirrord {
namespace {

using mirror::Message;
using mirror::Operation;

// Longer than anything on loopback takes, even on a busy machine.
constexpr Duration patience = 20s;

struct Listening {
  Fd socket;
  adapters::SocketAddress address;
};

// An address on loopback that nobody else has, held until it is let go.
Listening reserve() {
  Listening reserved{Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
                     *adapters::parse_address("127.0.0.1", 0)};
  const int yes = 1;
  setsockopt(reserved.socket.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  MAINSTAY_CHECK(bind(reserved.socket.number(), reserved.address.data(), reserved.address.size) ==
                 0);
  MAINSTAY_CHECK(
      getsockname(reserved.socket.number(), reserved.address.data(), &reserved.address.size) == 0);
  return reserved;
}

LinkSettings settings(int copy, std::uint8_t key, std::vector<adapters::SocketAddress> addresses) {
  LinkSettings settings{.identity = {.cluster = "mirror test",
                                     .self = NodeName(copy == 0 ? "copy 0" : "copy 1"),
                                     .peers = {NodeName(copy == 0 ? "copy 1" : "copy 0")}},
                        .peer = NodeName(copy == 0 ? "copy 1" : "copy 0"),
                        .dials = copy == 0,
                        .better_path_every = 50ms};
  settings.identity.key.bytes.fill(key);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    settings.peer_texts.push_back("path " + std::to_string(i));
  }
  (copy == 0 ? settings.peers : settings.listen) = std::move(addresses);
  return settings;
}

struct End {
  End(Ring& the_ring, LinkSettings settings)
      : ring(the_ring),
        link(ring, buffers, std::move(settings),
             {.up = [this] { ++ups; },
              .down = [this](const std::string&) { ++downs; },
              .received =
                  [this](Message message) {
                    if (const auto* write = std::get_if<mirror::Write>(&message.body)) {
                      const std::uint8_t* bytes = buffers.at(write->buffer);
                      payloads.emplace_back(bytes, bytes + payload_size(message));
                      buffers.release(write->buffer);
                    }
                    messages.push_back(std::move(message));
                  },
              .note = [this](const std::string& text) { notes.push_back(text); }}) {}

  void write(std::uint32_t sectors, std::uint8_t filler) {
    const auto buffer = buffers.take(Buffers::Owner::front_end, sectors * mirror::sector_size);
    REQUIRE(buffer);
    std::memset(buffers.at(*buffer), filler, sectors * mirror::sector_size);
    link.send({1, 2, mirror::Write{3, Operation::write, {0, sectors}, false, *buffer}});
    buffers.release(*buffer);
  }

  Ring& ring;
  Fd memory = *make_lasting_memory();
  Buffers buffers{memory, 1, 4096};
  int ups = 0, downs = 0;
  std::vector<Message> messages;
  std::vector<Bytes> payloads;
  std::vector<std::string> notes;
  Link link;
};

template <class F>
bool turns_until(Ring& ring, std::initializer_list<End*> ends, F condition) {
  const Instant until = Ring::now() + patience;
  while (!condition()) {
    if (Ring::now() >= until) return false;
    Instant limit = Ring::now() + 100ms;
    for (End* end : ends) {
      end->link.tick(Ring::now());
      end->link.flush();
      end->link.resume();
      limit = std::min(limit, end->link.next_deadline());
    }
    ring.turn(limit);
  }
  return true;
}

TEST_CASE("two ends find each other, and payloads arrive as they were sent") {
  const auto ring = std::move(*Ring::open());
  Listening place = reserve();
  End second(*ring, settings(1, 7, {place.address}));
  End first(*ring, settings(0, 7, {place.address}));
  place.socket.reset();
  REQUIRE(second.link.start());
  REQUIRE(first.link.start());
  REQUIRE(turns_until(*ring, {&first, &second}, [&] { return first.ups == 1 && second.ups == 1; }));
  CHECK(first.link.path() == "path 0");

  first.link.send({1, 2, mirror::Flush{9}});
  for (std::uint8_t i = 0; i < 40; ++i) first.write(2048, i);
  second.write(8, 0xee);
  REQUIRE(turns_until(*ring, {&first, &second},
                      [&] { return second.payloads.size() == 40 && first.payloads.size() == 1; }));
  CHECK(std::get<mirror::Flush>(second.messages.front().body).number == 9);
  for (std::uint8_t i = 0; i < 40; ++i) CHECK(second.payloads[i] == Bytes(2048 * 512, i));
  CHECK(first.payloads[0] == Bytes(8 * 512, 0xee));
}

TEST_CASE("who has another key is not let in") {
  const auto ring = std::move(*Ring::open());
  Listening place = reserve();
  End second(*ring, settings(1, 7, {place.address}));
  End first(*ring, settings(0, 8, {place.address}));
  place.socket.reset();
  REQUIRE(second.link.start());
  REQUIRE(first.link.start());
  REQUIRE(turns_until(*ring, {&first, &second}, [&] { return !second.notes.empty(); }));
  CHECK(second.notes.front() == "no connection: its cluster key differs from this node's");
  CHECK(first.ups == 0);
  CHECK(second.ups == 0);
}

TEST_CASE("the first path that answers is used, and a better one as soon as it does") {
  const auto ring = std::move(*Ring::open());
  Listening better = reserve();
  Listening worse = reserve();
  auto second = std::make_unique<End>(*ring, settings(1, 7, {worse.address}));
  End first(*ring, settings(0, 7, {better.address, worse.address}));
  worse.socket.reset();
  REQUIRE(second->link.start());
  REQUIRE(first.link.start());
  REQUIRE(turns_until(*ring, {&first, second.get()}, [&] { return first.ups == 1; }));
  CHECK(first.link.path() == "path 1");

  second.reset();
  REQUIRE(turns_until(*ring, {&first}, [&] { return first.downs == 1; }));
  second = std::make_unique<End>(*ring, settings(1, 7, {better.address, worse.address}));
  better.socket.reset();
  REQUIRE(second->link.start());
  REQUIRE(turns_until(*ring, {&first, second.get()},
                      [&] { return first.link.path() == "path 0" && second->ups > 0; }));
  CHECK(first.downs == 1);
}

TEST_CASE("a better path takes over from the one in use without a moment between") {
  const auto ring = std::move(*Ring::open());
  Listening better = reserve();
  Listening worse = reserve();
  End second(*ring, settings(1, 7, {worse.address}));
  End first(*ring, settings(0, 7, {better.address, worse.address}));
  worse.socket.reset();
  REQUIRE(second.link.start());
  REQUIRE(first.link.start());
  REQUIRE(turns_until(*ring, {&first, &second}, [&] { return first.ups == 1; }));
  // The peer is reached there, too, from now on.
  better.socket.reset();
  End late(*ring, settings(1, 7, {better.address}));
  REQUIRE(late.link.start());
  REQUIRE(turns_until(*ring, {&first, &second, &late}, [&] { return late.ups == 1; }));
  CHECK(first.link.path() == "path 0");
  CHECK(first.ups == 2);
  CHECK(first.downs == 0);
}

TEST_CASE("broken off is broken off, until it may connect again") {
  const auto ring = std::move(*Ring::open());
  Listening place = reserve();
  End second(*ring, settings(1, 7, {place.address}));
  End first(*ring, settings(0, 7, {place.address}));
  place.socket.reset();
  REQUIRE(second.link.start());
  REQUIRE(first.link.start());
  REQUIRE(turns_until(*ring, {&first, &second}, [&] { return second.ups == 1; }));
  second.link.break_off();
  REQUIRE(turns_until(*ring, {&first, &second}, [&] { return first.downs == 1; }));
  CHECK_FALSE(second.link.up());
  second.link.connect();
  REQUIRE(turns_until(*ring, {&first, &second}, [&] { return second.ups == 2; }));
  first.link.drop("as the core asks");
  CHECK(first.downs == 1);
  REQUIRE(turns_until(*ring, {&first, &second}, [&] { return first.ups == 3; }));
}

TEST_CASE("a stranger who talks nonsense is sent away") {
  const auto ring = std::move(*Ring::open());
  Listening place = reserve();
  End second(*ring, settings(1, 7, {place.address}));
  place.socket.reset();
  REQUIRE(second.link.start());
  const Fd stranger(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(connect(stranger.number(), place.address.data(), place.address.size) == 0);
  REQUIRE(send(stranger.number(), "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
  REQUIRE(turns_until(*ring, {&second}, [&] { return !second.notes.empty(); }));
  CHECK(second.notes.front() == "no connection: it does not speak Mainstay's control protocol");
  CHECK(second.ups == 0);
}

}  // namespace
}  // namespace mainstay::mirrord
