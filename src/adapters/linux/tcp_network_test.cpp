// Control messages over real connections on loopback.
#include "adapters/linux/tcp_network.h"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include "adapters/linux/network.h"
#include "adapters/linux/test_support.h"

namespace mainstay::adapters {
namespace {

const NodeName a("a");
const NodeName b("b");

NetworkConfig config_of(const NodeName& self) {
  NetworkConfig config{.cluster = "test", .self = self};
  config.key.bytes.fill(3);
  config.nodes[a] = {own_loopback(1), own_loopback(2)};
  config.nodes[b] = {own_loopback(3), own_loopback(4)};
  return config;
}

struct World {
  Loop loop;
  std::unique_ptr<TcpNetwork> left = open(a);
  std::unique_ptr<TcpNetwork> right = open(b);
  std::vector<std::string> heard;

  std::unique_ptr<TcpNetwork> open(const NodeName& self) {
    auto network =
        TcpNetwork::open(loop, config_of(self), [](const NodeName&, PathIndex) { return false; });
    REQUIRE_MESSAGE(network, network.error().message);
    (*network)->listen([this](const NodeName& from, ByteView message) {
      heard.push_back(fmt::format("{} {}", from, as_text(message)));
    });
    return std::move(*network);
  }
  void say(std::string_view text) { left->send(b, as_bytes(text)); }
  bool until(const std::function<bool()>& condition) {
    return loop.run_until(condition, loop.now() + test_patience);
  }
  bool until_heard(std::size_t count) {
    return until([this, count] { return heard.size() >= count; });
  }
};

TEST_CASE("messages arrive in order, in both directions at once") {
  World world;
  for (int i = 0; i < 200; ++i) world.say(std::to_string(i));
  world.right->send(a, as_bytes("back"));
  REQUIRE(world.until_heard(201));
  std::erase(world.heard, "b back");
  REQUIRE(world.heard.size() == 200);
  for (int i = 0; i < 200; ++i)
    CHECK(world.heard[static_cast<std::size_t>(i)] == fmt::format("a {}", i));
  CHECK(world.left->counts().connected == 1);
}

TEST_CASE("the largest message arrives whole, with others around it") {
  World world;
  world.say("before");
  const std::string largest(stream_message_size_max, 'L');
  world.say(largest);
  world.say("after");
  REQUIRE(world.until_heard(3));
  CHECK(world.heard[1] == "a " + largest);
  CHECK(world.heard[2] == "a after");
}

TEST_CASE("a restarted peer is reached again") {
  World world;
  world.say("one");
  REQUIRE(world.until_heard(1));
  world.right.reset();
  REQUIRE(world.until([&] { return world.left->counts().broken == 1; }));
  world.right = world.open(b);
  world.say("two");
  REQUIRE(world.until_heard(2));
  CHECK(world.heard.back() == "a two");
}

TEST_CASE("while a peer is away messages are dropped, and it is found again") {
  World world;
  world.right.reset();
  world.say("lost");
  REQUIRE(world.until([&] { return world.left->counts().messages_dropped == 1; }));
  CHECK(world.left->problem(b).find("refused") != std::string::npos);
  world.say("also lost");
  REQUIRE(world.until([&] { return world.left->counts().messages_dropped == 2; }));
  world.right = world.open(b);
  world.say("found");
  REQUIRE(world.until_heard(1));
  CHECK(world.heard == std::vector<std::string>{"a found"});
  CHECK(world.left->problem(b).empty());
}

TEST_CASE("tries get rarer while they fail") {
  World world;
  world.right.reset();
  const Instant end = world.loop.now() + 650ms;
  world.loop.run_until(
      [&] {
        world.say("x");
        world.loop.call_at(world.loop.now() + 10ms, [] {});
        return false;
      },
      end);
  // At once, and after 100 and 200 ms more; the next would come 400 ms later.
  CHECK(world.left->counts().rounds_failed <= 3);
  CHECK(world.left->counts().rounds_failed >= 1);
}

TEST_CASE("a peer's new connection takes the place of its old one") {
  World world;
  world.say("old");
  REQUIRE(world.until_heard(1));
  NetworkConfig config = config_of(a);
  config.nodes[a] = {own_loopback(7), own_loopback(8)};
  const auto again = TcpNetwork::open(world.loop, config, [](auto&&...) { return false; });
  REQUIRE(again);
  (*again)->send(b, as_bytes("new"));
  REQUIRE(world.until_heard(2));
  CHECK(world.until([&] { return world.left->counts().broken == 1; }));
  CHECK((*again)->counts().broken == 0);
}

TEST_CASE("a peer that does not read fills the queue, and what is too much is dropped") {
  World world;
  world.right.reset();
  // Somebody listens on both paths but never answers: the round takes its time.
  std::vector<Fd> deaf;
  for (const int host : {3, 4}) {
    const auto address = parse_address(own_loopback(host), 29001).value();
    deaf.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(deaf.back().number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    REQUIRE(bind(deaf.back().number(), address.data(), address.size) == 0);
    REQUIRE(listen(deaf.back().number(), 1) == 0);
  }
  const Instant begin = world.loop.now();  // The first message begins the round.
  for (std::size_t i = 0; i < stream_queue_max; ++i) world.say("x");
  CHECK(world.left->counts().messages_dropped == 0);
  world.say("one too many");
  CHECK(world.left->counts().messages_dropped == 1);
  REQUIRE(
      world.until([&] { return world.left->counts().messages_dropped == stream_queue_max + 1; }));
  CHECK(world.loop.now() - begin >= 2 * connect_patience);
  CHECK(world.left->problem(b).find("no answer within 1 s") != std::string::npos);
}

TEST_CASE("the first path that works is used") {
  World world;
  NetworkConfig config = config_of(b);
  // Nobody listens on the first path of b.
  config.nodes[b][0] = own_loopback(9);
  world.right.reset();
  auto right = TcpNetwork::open(world.loop, config, [](auto&&...) { return false; });
  REQUIRE(right);
  (*right)->listen([&](const NodeName&, ByteView) { world.heard.emplace_back("over path 1"); });
  world.say("x");
  REQUIRE(world.until_heard(1));
}

TEST_CASE("strangers are refused, counted, and do not keep their connection") {
  World world;
  const auto address = parse_address(own_loopback(3), 29001).value();
  const auto stranger = [&] {
    Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(fd.number(), address.data(), address.size) == 0);
    return fd;
  };
  const Fd talker = stranger();
  REQUIRE(write(talker.number(), "GET / HTTP/1.0\r\n\r\n", 18) == 18);
  const auto foreign = static_cast<std::size_t>(Drop::foreign);
  REQUIRE(world.until([&] { return world.right->counts().refused[foreign] == 1; }));
  std::vector<Fd> silent;
  for (std::size_t i = 0; i < strangers_max + 10; ++i) {
    silent.push_back(stranger());
    world.loop.run_until([] { return false; }, world.loop.now() + 1ms);
  }
  world.say("still served");
  REQUIRE(world.until_heard(1));
  const auto closed = [](const Fd& fd) {
    char byte = 0;
    return recv(fd.number(), &byte, 1, MSG_DONTWAIT) == 0;
  };
  CHECK(world.until([&] { return closed(silent.front()); }));
  world.loop.call_at(world.loop.now() + 2 * connect_patience, [] {});
  CHECK(world.until([&] { return closed(silent.back()); }));
}

TEST_CASE("a peer with another cluster key is told what is wrong") {
  World world;
  world.right.reset();
  NetworkConfig config = config_of(b);
  config.key.bytes.fill(4);
  const auto right = TcpNetwork::open(world.loop, config, [](auto&&...) { return false; });
  REQUIRE(right);
  world.say("x");
  const auto forged = static_cast<std::size_t>(Drop::forged);
  REQUIRE(world.until([&] { return (*right)->counts().refused[forged] >= 1; }));
  CHECK(world.until(
      [&] { return world.left->problem(b).find("another cluster key") != std::string::npos; }));
}

TEST_CASE("the Network port joins datagrams and messages") {
  Loop loop;
  auto left = LinuxNetwork::open(loop, config_of(a));
  auto right = LinuxNetwork::open(loop, config_of(b));
  REQUIRE((left && right));
  std::string heard;
  (*right)->listen({.on_datagram = [&](auto&&, auto, ByteView) { heard += 'd'; },
                    .on_message = [&](auto&&, ByteView) { heard += 'm'; }});
  (*left)->send_message(b, as_bytes("x"));
  const auto both = [&] {
    (*left)->send_datagram(b, 1, as_bytes("y"));
    return heard.contains('d') && heard.contains('m');
  };
  CHECK(loop.run_until(both, loop.now() + test_patience));
  NetworkConfig wrong = config_of(a);
  wrong.nodes[b].pop_back();
  CHECK_FALSE(LinuxNetwork::open(loop, wrong));
  wrong = config_of(NodeName("c"));
  CHECK(LinuxNetwork::open(loop, wrong).error().message == "node c is not among the nodes");
}

}  // namespace
}  // namespace mainstay::adapters
