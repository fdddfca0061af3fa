// The node's network, in a network namespace of its own with nothing in it but what the test puts
// there.
#include "adapters/linux/host.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "adapters/http/test_server.h"
#include "adapters/linux/netlink.h"
#include "adapters/linux/test_support.h"

namespace mainstay::adapters {
namespace {

void set_up(const char* interface) {
  const Fd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::string_view(interface).copy(request.ifr_name, IFNAMSIZ - 1);
  REQUIRE(ioctl(fd.number(), SIOCGIFFLAGS, &request) == 0);
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  REQUIRE(ioctl(fd.number(), SIOCSIFFLAGS, &request) == 0);
}

// A loop and a host in a network namespace that holds nothing but the loopback interface. This
// thread goes back to where it was.
struct World {
  Fd before{open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  std::optional<Loop> loop;
  std::optional<LinuxHost> host;

  World() {
    REQUIRE(before);
    REQUIRE(unshare(CLONE_NEWNET) == 0);
    set_up("lo");
    loop.emplace();
    host.emplace(*loop);
  }
  ~World() {
    host.reset();
    loop.reset();
    CHECK(setns(before.number(), CLONE_NEWNET) == 0);
  }
  Call call(Duration time = test_patience) { return call_within(*loop, time); }
  template <class T>
  T ask(Task<T> task) {
    return finish(*loop, std::move(task));
  }
};

TEST_CASE("an address is added and removed, each as often as one likes") {
  World world;
  for (const IpAddress address : {"10.1.0.20", "fd00:0:0::20"}) {
    CHECK_FALSE(world.ask(world.host->has_address(address, world.call())).value());
    CHECK(world.ask(world.host->remove_address("lo", address, world.call())));
    for (int i = 0; i < 2; ++i) {
      const auto added = world.ask(world.host->add_address("lo", address, world.call()));
      CHECK_MESSAGE(added, added.error().message);
    }
    CHECK(world.ask(world.host->has_address(address, world.call())).value());
    CHECK(world.ask(world.host->interface_with_address(address, world.call())).value() == "lo");
    const auto found = Netlink::open().value().addresses().value();
    const auto canonical = address == "10.1.0.20" ? address : IpAddress("fd00::20");
    const auto facts = std::ranges::find(found, canonical, &AddressFacts::address);
    REQUIRE(facts != found.end());
    CHECK(facts->prefix == (address == "10.1.0.20" ? 32 : 128));
    for (int i = 0; i < 2; ++i) {
      CHECK(world.ask(world.host->remove_address("lo", address, world.call())));
    }
    CHECK_FALSE(world.ask(world.host->has_address(address, world.call())).value());
  }
}

TEST_CASE("what is not there or makes no sense is told with what there is") {
  World world;
  const auto missing = world.ask(world.host->add_address("eth7", "10.1.0.20", world.call()));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::not_found);
  CHECK(missing.error().message.find("there are lo") != std::string::npos);
  CHECK(world.ask(world.host->remove_address("eth7", "10.1.0.20", world.call())));
  CHECK(world.ask(world.host->add_address("lo", "10.1.0.200.1", world.call())).error().code ==
        Code::invalid);
  CHECK(world.ask(world.host->has_address("ten", world.call())).error().code == Code::invalid);
  CHECK(world.ask(world.host->interface_with_address("10.1.0.20", world.call())).error().code ==
        Code::not_found);
}

TEST_CASE("an interface is found by its MAC address, in any case of letters") {
  World world;
  REQUIRE(system("ip link add v0 address 02:ab:00:00:00:01 type veth peer name v1") == 0);
  const auto find = [&](const char* mac) {
    return world.ask(world.host->interface_with_mac(mac, world.call()));
  };
  CHECK(find("02:AB:00:00:00:01").value() == "v0");
  const auto unknown = find("02:ab:00:00:00:02");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Code::not_found);
  CHECK(unknown.error().message.find("v0 (02:ab:00:00:00:01)") != std::string::npos);
}

TEST_CASE("an echo request is answered, or not, or cannot be sent") {
  World world;
  const auto ping = [&](const char* address, Duration time) {
    return world.ask(world.host->ping(address, world.call(time)));
  };
  const auto answered = ping("127.0.0.1", test_patience);
  REQUIRE_MESSAGE(answered, answered.error().message);
  CHECK(*answered > 0ns);
  CHECK(ping("::1", test_patience));
  CHECK(ping("192.0.2.1", test_patience).error().code == Code::unavailable);
  CHECK(ping("nonsense", test_patience).error().code == Code::invalid);
  // A neighbour that exists on the wire and is mute.
  REQUIRE(system("ip link add v0 type veth peer name v1 && ip link set v0 up && "
                 "ip link set v1 up && ip address add 10.9.0.1/24 dev v0 && "
                 "ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev v0") == 0);
  const auto silent = ping("10.9.0.2", 30ms);
  REQUIRE_FALSE(silent);
  CHECK(silent.error().code == Code::timed_out);
}

TEST_CASE("a ping socket does as well as a raw one") {
  World world;
  write_text("/proc/sys/net/ipv4/ping_group_range", "0 0");
  CHECK(world.ask(world.host->ping("127.0.0.1", world.call())));
  CHECK(world.ask(world.host->ping("::1", world.call())));
}

TEST_CASE("many pings at once each take their own answer") {
  World world;
  std::vector<Task<Result<Duration>>> tasks;
  for (int i = 1; i <= 50; ++i) {
    tasks.push_back(world.host->ping(fmt::format("127.0.0.{}", i), world.call()));
  }
  for (const auto& result : world.ask(when_all(std::move(tasks)))) CHECK(result);
}

TEST_CASE("a TCP connection is opened, refused, or not answered") {
  World world;
  const Fd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = parse_address("127.0.0.1", 0).value();
  REQUIRE(bind(server.number(), address.data(), address.size) == 0);
  REQUIRE(listen(server.number(), 1) == 0);
  REQUIRE(getsockname(server.number(), address.data(), &address.size) == 0);
  const int port = ntohs(reinterpret_cast<const sockaddr_in*>(address.data())->sin_port);
  const auto open = [&](const char* host, int number, Duration time = test_patience) {
    return world.ask(world.host->connect_tcp(host, number, world.call(time)));
  };
  const auto opened = open("127.0.0.1", port);
  REQUIRE_MESSAGE(opened, opened.error().message);
  // By name both families are tried; only one of them is served.
  CHECK(open("localhost", port));
  const auto refused = open("127.0.0.1", port == 1 ? 2 : 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::conflict);
  CHECK(open("192.0.2.1", port).error().code == Code::unavailable);
  CHECK(open("127.0.0.1", 0).error().code == Code::invalid);
  CHECK_FALSE(open("name.invalid", port, 5s));
  REQUIRE(system("ip link add v0 type veth peer name v1 && ip link set v0 up && "
                 "ip link set v1 up && ip address add 10.9.0.1/24 dev v0 && "
                 "ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev v0") == 0);
  CHECK(open("10.9.0.2", port, 30ms).error().code == Code::timed_out);
}

TEST_CASE("a call that is called off ends at once") {
  World world;
  REQUIRE(system("ip link add v0 type veth peer name v1 && ip link set v0 up && "
                 "ip link set v1 up && ip address add 10.9.0.1/24 dev v0 && "
                 "ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev v0") == 0);
  const Call call = world.call();
  world.loop->call_at(world.loop->now() + 5ms, [&] { call.cancellation.request(); });
  CHECK(world.ask(world.host->ping("10.9.0.2", call)).error().code == Code::cancelled);
}

TEST_CASE("the answer to a HEAD is its status, and no answer is none") {
  World world;
  TestServer::Answer next;
  std::optional<TestServer> server;
  server.emplace([&](const auto&) { return next; });
  const auto head = [&](Duration limit) {
    return world.ask(world.host->http_head({.url = server->url() + "/up"}, world.call(limit)));
  };
  for (const int status : {200, 404, 503}) {
    next.status = status;
    CHECK(head(test_patience).value() == status);
  }
  CHECK(server->requests().back().method == "HEAD");
  CHECK(server->requests().back().target == "/up");
  next.ending = TestServer::Ending::silence;
  CHECK(head(200ms).error().code == Code::timed_out);
  const std::string url = server->url();
  server.reset();
  const auto refused = world.ask(world.host->http_head({.url = url}, world.call()));
  CHECK(refused.error().code == Code::unavailable);
  CHECK_FALSE(refused.error().message.empty());
}

}  // namespace
}  // namespace mainstay::adapters
