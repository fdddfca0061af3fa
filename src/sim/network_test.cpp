#include <doctest/doctest.h>

#include "sim/fixture.h"

namespace mainstay::sim {
namespace {

struct Talk {
  explicit Talk(std::uint64_t seed = 1) : bench(seed, 2, 2) {
    bench[1].network().listen(
        {.on_datagram =
             [this](const NodeName& from, PathIndex path, ByteView payload) {
               CHECK(from == NodeName("a"));
               datagrams.push_back(fmt::format("{}:{}", path, as_text(payload)));
             },
         .on_message = [this](const NodeName&,
                              ByteView message) { messages.emplace_back(as_text(message)); }});
  }
  void send(PathIndex path, std::string_view text) {
    bench[0].network().send_datagram(NodeName("b"), path, as_bytes(text));
  }
  Bench bench;
  std::vector<std::string> datagrams;
  std::vector<std::string> messages;
};

TEST_CASE("a datagram arrives once, on its path, and not before its delay") {
  Talk talk;
  talk.bench.world.conditions().link(1, 0, 1).delay = {2s, 2s};
  talk.send(0, "near");
  talk.send(1, "far");
  talk.bench.run(1s);
  CHECK(talk.datagrams == std::vector<std::string>{"0:near"});
  talk.bench.run(1s);
  CHECK(talk.datagrams == std::vector<std::string>{"0:near", "1:far"});
}

TEST_CASE("a cut is one way, of one path") {
  Talk talk;
  talk.bench.world.conditions().link(0, 1, 0).cut = true;
  talk.send(0, "passes");
  talk.bench.world.conditions().link(0, 0, 1).cut = true;
  talk.send(0, "lost");
  talk.send(1, "other path");
  talk.bench.run(1s);
  CHECK(talk.datagrams.size() == 2);
}

TEST_CASE("datagrams are lost, doubled and reordered at the rates of their link") {
  Talk talk;
  auto& link = talk.bench.world.conditions().link(0, 0, 1);
  link.loss = 0.5;
  link.delay = {1ms, 100ms};
  for (int i = 0; i < 1000; ++i) talk.send(0, fmt::format("{:04}", i));
  talk.bench.run(1s);
  CHECK(talk.datagrams.size() > 400);
  CHECK(talk.datagrams.size() < 600);
  CHECK(!std::ranges::is_sorted(talk.datagrams));
  talk.datagrams.clear();
  link.loss = 0;
  link.duplicate = 1;
  talk.send(0, "twice");
  talk.bench.run(1s);
  CHECK(talk.datagrams.size() == 2);
}

TEST_CASE("a stream keeps its order whatever the delay, over the best path that works") {
  Talk talk;
  talk.bench.world.conditions().link(0, 0, 1).delay = {1ms, 500ms};
  for (int i = 0; i < 50; ++i) {
    talk.bench[0].network().send_message(NodeName("b"), as_bytes(fmt::format("{:02}", i)));
  }
  talk.bench.run(10s);
  CHECK(talk.messages.size() == 50);
  CHECK(std::ranges::is_sorted(talk.messages));
  // Half a connection is none.
  talk.bench.world.conditions().link(0, 1, 0).cut = true;
  talk.bench[0].network().send_message(NodeName("b"), as_bytes("99"));
  talk.bench.run(10ms);
  CHECK(talk.messages.size() == 51);
  talk.bench.world.conditions().link(1, 0, 1).cut = true;
  talk.bench[0].network().send_message(NodeName("b"), as_bytes("100"));
  talk.bench.run(1s);
  CHECK(talk.messages.size() == 51);
}

TEST_CASE("nobody hears what arrives at a machine without a daemon") {
  Talk talk;
  talk.bench[1].kill_daemon();
  talk.send(0, "hello");
  talk.bench.run(1s);
  talk.bench[1].start_daemon();
  talk.bench.run(1s);
  CHECK(talk.datagrams.empty());
}

TEST_CASE("the same seed gives the same digest, another one another") {
  const auto digest_of = [](std::uint64_t seed) {
    Talk talk(seed);
    auto& link = talk.bench.world.conditions().link(0, 0, 1);
    link.loss = 0.3;
    link.delay = {1ms, 100ms};
    for (int i = 0; i < 100; ++i) talk.send(0, fmt::format("{}", i));
    talk.bench.run(1s);
    return talk.bench.world.digest();
  };
  CHECK(digest_of(7) == digest_of(7));
  CHECK(digest_of(7) != digest_of(8));
}

}  // namespace
}  // namespace mainstay::sim
