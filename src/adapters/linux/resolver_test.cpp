// The resolver against a real name server on loopback, one that answers as the test says.
#include "adapters/linux/resolver.h"

#include <doctest/doctest.h>

#include <netinet/in.h>

#include "adapters/linux/dns_sample.h"
#include "adapters/linux/test_support.h"
#include "posix/fd.h"

namespace mainstay::adapters {
namespace {

using Addresses = std::vector<IpAddress>;

// UDP and TCP on one port, served from the test's own loop.
class NameServer {
 public:
  explicit NameServer(Loop& loop) : loop_(loop), address_(own_loopback(53)) {
    datagrams_ = open(SOCK_DGRAM, 0);
    SocketAddress bound;
    bound.size = sizeof bound.storage;
    REQUIRE(getsockname(datagrams_.number(), bound.data(), &bound.size) == 0);
    port = ntohs(reinterpret_cast<const sockaddr_in*>(bound.data())->sin_port);
    streams_ = open(SOCK_STREAM, port);
    REQUIRE(listen(streams_.number(), 4) == 0);
    loop_.watch(datagrams_.number(), {.readable = true}, [this](Readiness) { on_datagram(); });
    loop_.watch(streams_.number(), {.readable = true}, [this](Readiness) { on_connection(); });
  }
  ~NameServer() {
    for (const Fd* each : {&datagrams_, &streams_, &stream_}) {
      if (*each) loop_.forget(each->number());
    }
  }
  const std::string& address() const { return address_; }

  std::uint16_t port = 0;
  int silent = 0;  // so many datagrams are not answered
  bool too_long = false;
  bool strangers_first = false;
  int datagrams = 0;
  int streams = 0;

 private:
  Fd open(int type, std::uint16_t on) {
    Fd fd(socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto where = parse_address(address_, on);
    REQUIRE(bind(fd.number(), where->data(), where->size) == 0);
    return fd;
  }
  static Bytes answer(ByteView question) {
    constexpr std::uint8_t type_ns = 2;
    DnsSample sample(question);
    if (question[question.size() - 3] == type_ns) {
      sample.server("ns-1.example.net");
    } else {
      sample.address(4, {10, 0, 110, 10});
    }
    return sample.bytes();
  }
  void on_datagram() {
    Bytes buffer(512);
    SocketAddress from;
    from.size = sizeof from.storage;
    const ssize_t size =
        recvfrom(datagrams_.number(), buffer.data(), buffer.size(), 0, from.data(), &from.size);
    if (size < 0) return;
    buffer.resize(static_cast<std::size_t>(size));
    if (++datagrams <= silent) return;
    Bytes reply = answer(buffer);
    if (too_long) reply = DnsSample(ByteView(buffer)).truncated().bytes();
    if (strangers_first) {
      Bytes strange = answer(buffer);
      ++strange[0];
      strange.back() = 99;
      sendto(datagrams_.number(), strange.data(), strange.size(), 0, from.data(), from.size);
    }
    sendto(datagrams_.number(), reply.data(), reply.size(), 0, from.data(), from.size);
  }
  void on_connection() {
    stream_ = Fd(accept4(streams_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!stream_) return;
    ++streams;
    loop_.watch(stream_.number(), {.readable = true}, [this](Readiness) { on_stream(); });
  }
  // In two pieces, as a stream may bring them.
  void on_stream() {
    Bytes buffer(512);
    const ssize_t size = recv(stream_.number(), buffer.data(), buffer.size(), 0);
    if (size < 3) return loop_.forget(stream_.number());
    buffer.resize(static_cast<std::size_t>(size));
    const Bytes reply = answer(ByteView(buffer).subspan(2));
    const Bytes length = {static_cast<std::uint8_t>(reply.size() >> 8),
                          static_cast<std::uint8_t>(reply.size() & 0xff)};
    send(stream_.number(), length.data(), length.size(), MSG_NOSIGNAL);
    loop_.post([this, reply] { send(stream_.number(), reply.data(), reply.size(), MSG_NOSIGNAL); });
  }

  Loop& loop_;
  std::string address_;
  Fd datagrams_;
  Fd streams_;
  Fd stream_;
};

struct World {
  Loop loop;
  NameServer server{loop};
  TemporaryDirectory directory;
  std::string settings = directory.path() / "resolv.conf";
  LinuxResolver resolver{loop, server.port, settings};

  void configure(const std::string& text) { std::ofstream(settings) << text; }
  Result<std::vector<std::string>> name_servers() {
    return finish(loop, resolver.name_servers("hz1.local.", call_within(loop, test_patience)));
  }

  Result<Addresses> ask(const std::string& name = "service.hz1.local.",
                        Duration limit = test_patience) {
    return finish(loop,
                  resolver.ask(server.address(), name, IpFamily::v4, call_within(loop, limit)));
  }
};

TEST_CASE("one name server is asked by a datagram") {
  World world;
  CHECK(world.ask().value() == Addresses{"10.0.110.10"});
  CHECK(world.server.datagrams == 1);
  CHECK(world.server.streams == 0);
}

TEST_CASE("a datagram that gets lost is sent again") {
  World world;
  world.server.silent = 1;
  CHECK(world.ask().value() == Addresses{"10.0.110.10"});
  CHECK(world.server.datagrams == 2);
}

TEST_CASE("an answer that does not fit into a datagram is asked for by TCP") {
  World world;
  world.server.too_long = true;
  CHECK(world.ask().value() == Addresses{"10.0.110.10"});
  CHECK(world.server.streams == 1);
}

TEST_CASE("an answer to somebody else's question is not taken for ours") {
  World world;
  world.server.strangers_first = true;
  CHECK(world.ask().value() == Addresses{"10.0.110.10"});
}

TEST_CASE("a name server that is silent is a time-out, one that is not there is told at once") {
  World world;
  world.server.silent = 1000;
  const auto silent = world.ask("service.hz1.local.", 300ms);
  REQUIRE_FALSE(silent.has_value());
  CHECK(silent.error().code == Code::timed_out);
  CHECK(silent.error().message.find(world.server.address()) != std::string::npos);

  const auto absent =
      finish(world.loop, world.resolver.ask(own_loopback(54), "a.b.", IpFamily::v4,
                                            call_within(world.loop, test_patience)));
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().code == Code::unavailable);
}

TEST_CASE("a question to a name server can be called off") {
  World world;
  world.server.silent = 1000;
  const Cancellation cancellation;
  auto task = world.resolver.ask(world.server.address(), "a.b.", IpFamily::v4,
                                 Call(world.loop.now() + test_patience, cancellation));
  task.start();
  cancellation.request();
  REQUIRE(task.done());
  CHECK(task.take().error().code == Code::cancelled);
}

TEST_CASE("whom a domain is delegated to is asked of the system's name servers, in their order") {
  World world;
  world.configure("# ours\nsearch example.net\nnameserver " + own_loopback(54) +
                  "\noptions edns0\nnameserver " + world.server.address() + "\n");
  CHECK(world.name_servers().value() == std::vector<std::string>{"ns-1.example.net"});
  CHECK(world.server.datagrams == 1);
}

TEST_CASE("without name servers in the system's settings nothing is known of a domain") {
  World world;
  CHECK_FALSE(world.name_servers().has_value());
  world.configure("search example.net\n");
  const auto unasked = world.name_servers();
  REQUIRE_FALSE(unasked.has_value());
  CHECK(unasked.error().code == Code::unavailable);
  CHECK(unasked.error().message.find(world.settings) != std::string::npos);
}

TEST_CASE("the system's resolver knows the hosts file, and blocks nobody") {
  World world;
  const auto known = finish(
      world.loop,
      world.resolver.resolve("localhost", IpFamily::v4, call_within(world.loop, test_patience)));
  CHECK(known.value() == Addresses{"127.0.0.1"});
  // The hosts file has no names that end with a dot, and programs ask for none.
  const auto with_dot = finish(
      world.loop,
      world.resolver.resolve("localhost.", IpFamily::v4, call_within(world.loop, test_patience)));
  CHECK(with_dot.value() == Addresses{"127.0.0.1"});
}

}  // namespace
}  // namespace mainstay::adapters
