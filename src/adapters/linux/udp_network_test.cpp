// Heartbeat datagrams over real sockets on loopback.
#include "adapters/linux/udp_network.h"

#include <doctest/doctest.h>

#include <netinet/in.h>

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

struct Pair {
  Loop loop;
  std::unique_ptr<UdpNetwork> left = UdpNetwork::open(loop, config_of(a)).value();
  std::unique_ptr<UdpNetwork> right = UdpNetwork::open(loop, config_of(b)).value();

  std::uint64_t dropped(Drop why) const { return right->drops()[static_cast<std::size_t>(why)]; }
  bool until(const std::function<bool()>& condition) {
    return loop.run_until(condition, loop.now() + test_patience);
  }
};

TEST_CASE("datagrams arrive on the path they were sent on, once the sender is known") {
  Pair pair;
  std::vector<std::string> heard;
  pair.right->listen([&](const NodeName& from, PathIndex path, ByteView payload) {
    heard.push_back(fmt::format("{} {} {}", from, path, as_text(payload)));
  });
  pair.left->send(b, 0, as_bytes("unknown yet"));
  REQUIRE(pair.until([&] { return pair.dropped(Drop::unverified) == 1; }));
  // The answer to the challenge is on its way; datagrams get through as soon as it is there.
  REQUIRE(pair.until([&] {
    pair.left->send(b, 0, as_bytes("one"));
    return !heard.empty();
  }));
  heard.clear();
  pair.left->send(b, 1, as_bytes("two"));
  REQUIRE(pair.until([&] { return !heard.empty() && heard.back() == "a 1 two"; }));
  CHECK(pair.right->heard_at(a, 1) > Instant::min());
  CHECK(pair.right->heard_at(b, 1) == Instant::min());
}

TEST_CASE("the largest datagram arrives whole") {
  Pair pair;
  const Bytes largest(datagram_size_max, 0xab);
  Bytes heard;
  pair.right->listen([&](const NodeName&, PathIndex, ByteView payload) {
    heard.assign(payload.begin(), payload.end());
  });
  REQUIRE(pair.until([&] {
    pair.left->send(b, 0, largest);
    return heard.size() == largest.size();
  }));
  CHECK(heard == largest);
}

TEST_CASE("foreign datagrams are counted by reason and change nothing") {
  Pair pair;
  Fd stranger(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto target = parse_address(own_loopback(3), 29002).value();
  const auto inject = [&](ByteView bytes) {
    REQUIRE(sendto(stranger.number(), bytes.data(), bytes.size(), 0, target.data(), target.size) ==
            static_cast<ssize_t>(bytes.size()));
  };
  inject(as_bytes("hello"));
  inject(Bytes(65000, 'M'));
  DatagramCodec forger({.cluster = "test", .self = a, .key = {}, .peers = {b}, .paths = 2});
  inject(forger.make(b, 0, as_bytes("x")).value());
  DatagramCodec lost({.cluster = "lost", .self = a, .key = {}, .peers = {b}, .paths = 2});
  inject(lost.make(b, 0, as_bytes("x")).value());
  REQUIRE(pair.until([&] { return pair.dropped(Drop::wrong_cluster) == 1; }));
  CHECK(pair.dropped(Drop::foreign) == 2);
  CHECK(pair.dropped(Drop::forged) == 1);
}

TEST_CASE("a second daemon on the same address is told so") {
  Loop loop;
  const auto first = UdpNetwork::open(loop, config_of(a));
  REQUIRE(first);
  const auto second = UdpNetwork::open(loop, config_of(a));
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("another mainstayd") != std::string::npos);
}

TEST_CASE("an address that is not there yet is no reason to refuse") {
  Loop loop;
  NetworkConfig config = config_of(a);
  config.nodes[a] = {"192.0.2.1", "2001:db8::1"};
  const auto network = UdpNetwork::open(loop, config);
  REQUIRE(network);
  (*network)->send(b, 0, as_bytes("x"));
}

TEST_CASE("an address that is none is named with its node") {
  Loop loop;
  NetworkConfig config = config_of(a);
  config.nodes[b][1] = "10.0.0.999";
  const auto network = UdpNetwork::open(loop, config);
  REQUIRE_FALSE(network);
  CHECK(network.error().message == "node b: '10.0.0.999' is not an IP address");
}

}  // namespace
}  // namespace mainstay::adapters
