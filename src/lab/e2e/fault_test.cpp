// What can be made to go wrong goes wrong in the way it says, and only there.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "lab/analysis.h"
#include "lab/e2e/fixture.h"
#include "lab/files.h"

using namespace mainstay;
using namespace mainstay::lab;

namespace {

// A program that accepts one connection, writes what comes into the file, and "/run/lab/ended" at
// the end.
std::vector<std::string> receiver(int port, const std::string& file) {
  return {"/usr/bin/python3", "-c",
          fmt::format("import socket; s = socket.socket(); s.setsockopt(1, 2, 1); "
                      "s.bind(('', {})); s.listen(); c = s.accept()[0]; f = open('{}', 'wb', 0)\n"
                      "while True:\n  d = c.recv(65536)\n  if not d: break\n  f.write(d)\n"
                      "open('/run/lab/ended', 'w').close()",
                      port, file)};
}

bool listens(const Lab& lab, const std::string& instance, int port) {
  return run(lab, instance, {"sh", "-c", fmt::format("ss -Hltn | grep -q :{}", port)}).code == 0;
}

}  // namespace

TEST_CASE("a one-way cut is one-way") {
  const Lab& lab = shared_lab();
  // What arrives at the client is seen in its own counters; an answer needs both ways.
  const auto received = [&] {
    // Field 10 of the second line "Icmp:": echo requests.
    const std::string text =
        run(lab, "client", {"awk", "/^Icmp: [0-9]/ { print $10 }", "/proc/net/snmp"}).out;
    return std::stol(text);
  };
  fault(lab, "cut client server1 --one-way in");
  const long before = received();
  CHECK_FALSE(pings(lab, "server1", "10.0.200.10"));
  CHECK(received() == before);
  fault(lab, "heal");
  fault(lab, "cut client server1 --one-way out");
  CHECK_FALSE(pings(lab, "server1", "10.0.200.10"));
  CHECK(received() == before + 1);  // the question came, the answer was lost
  CHECK(pings(lab, "client", "10.0.120.10"));
  fault(lab, "heal client server1");
  CHECK(pings(lab, "server1", "10.0.200.10"));
}

TEST_CASE("a zone cut off still works inside") {
  const Lab& lab = shared_lab();
  fault(lab, "cut ap-northeast-1a");
  CHECK(pings(lab, "server1", "10.0.10.5"));
  CHECK_FALSE(pings(lab, "server1", "10.0.120.10"));
  CHECK_FALSE(pings(lab, "client", "10.0.110.10"));
  CHECK(pings(lab, "client", "10.0.120.10"));
  CHECK_FALSE(pings(lab, "visitor", "198.51.100.11"));
  CHECK(pings(lab, "visitor", "198.51.100.12"));
  fault(lab, "heal ap-northeast-1a");
  CHECK(pings(lab, "server1", "10.0.120.10"));
}

TEST_CASE("an instance cut from AWS alone still hears its peers") {
  const Lab& lab = shared_lab();
  fault(lab, "cut server1 aws");
  CHECK(pings(lab, "server1", "10.0.120.10"));
  CHECK(api(lab, "server1", "Action=DescribeVpcs").empty());
  CHECK(api(lab, "server2", "Action=DescribeVpcs").find("<vpcId>") != std::string::npos);
  fault(lab, "heal server1");
  CHECK(api(lab, "server1", "Action=DescribeVpcs").find("<vpcId>") != std::string::npos);
}

TEST_CASE("a frozen instance answers nothing and goes on where it was") {
  const Lab& lab = shared_lab();
  REQUIRE(lab.start("server1",
                    {"sh", "-c", "while :; do date +%s%N >> /run/lab/beat; sleep 0.01; done"}));
  REQUIRE(becomes_true(2s, [&] { return read_file(lab.shared() + "/beat").has_value(); }));
  fault(lab, "freeze server1");
  CHECK_FALSE(pings(lab, "client", "10.0.110.10"));
  const auto still = read_file(lab.shared() + "/beat");
  std::this_thread::sleep_for(100ms);
  CHECK(read_file(lab.shared() + "/beat") == still);
  fault(lab, "thaw server1");
  CHECK(becomes_true(2s, [&] { return read_file(lab.shared() + "/beat") != still; }));
  CHECK(pings(lab, "client", "10.0.110.10"));
  run(lab, "server1", {"pkill", "-f", "beat"});
}

TEST_CASE("a killed instance leaves without a FIN and keeps its disk") {
  const Lab& lab = shared_lab();
  run(lab, "server2",
      {"sh", "-c", "echo kept > /var/lib/mark; echo kept > /etc/mainstay/mark; echo > /tmp/gone"});
  REQUIRE(lab.start("client", receiver(9000, "/run/lab/stream")));
  REQUIRE(becomes_true(2s, [&] { return listens(lab, "client", 9000); }));
  REQUIRE(lab.start("server2",
                    {"bash", "-c", "exec 3>/dev/tcp/10.0.200.10/9000; echo hello >&3; sleep 100"}));
  REQUIRE(becomes_true(2s, [&] { return read_file(lab.shared() + "/stream") == "hello\n"; }));
  fault(lab, "kill server2");
  std::this_thread::sleep_for(200ms);
  CHECK_FALSE(read_file(lab.shared() + "/ended").has_value());  // nobody told the receiver
  CHECK(run(lab, "client", {"sh", "-c", "ss -Htn state established | grep -c 9000"}).out == "1\n");
  CHECK_FALSE(lab.exec("server2", {"true"}).has_value());
  CHECK(value_of(lab, "instances/server2/state") == "running");  // AWS knows nothing of it
  CHECK(value_of(lab, "instances/server2/life") == "off");
  REQUIRE(lab.boot_command("server2", {"sh", "-c", "echo booted > /run/lab/booted"}));
  fault(lab, "start server2");
  CHECK(run(lab, "server2", {"cat", "/var/lib/mark", "/etc/mainstay/mark"}).out == "kept\nkept\n");
  CHECK(run(lab, "server2", {"test", "-e", "/tmp/gone"}).code == 1);
  CHECK(becomes_true(2s, [&] { return read_file(lab.shared() + "/booted") == "booted\n"; }));
  CHECK(pings(lab, "client", "10.0.120.10"));
  REQUIRE(lab.boot_command("server2", {}));
  run(lab, "client", {"pkill", "python3"});
}

TEST_CASE("an instance that reboots itself comes back, and one that halts stays off") {
  const Lab& lab = shared_lab();
  const auto syscall = [&](const char* instance, const char* how) {
    (void)lab.exec(instance, {"/usr/bin/python3", "-c",
                              fmt::format("import ctypes; ctypes.CDLL(None).reboot({})", how)});
  };
  const std::string boots = value_of(lab, "instances/server1/boots");
  syscall("server1", "0x01234567");
  CHECK(becomes_true(5s, [&] {
    return value_of(lab, "instances/server1/boots") != boots &&
           value_of(lab, "instances/server1/life") == "running";
  }));
  syscall("server1", "0x4321fedc");
  CHECK(becomes_true(5s, [&] { return value_of(lab, "instances/server1/state") == "stopped"; }));
  fault(lab, "start server1");
  CHECK(pings(lab, "client", "10.0.110.10"));
}

TEST_CASE("an instance that resets itself says good-bye to nobody") {
  const Lab& lab = shared_lab();
  REQUIRE(lab.start("client", receiver(9002, "/run/lab/before-reset")));
  REQUIRE(becomes_true(2s, [&] { return listens(lab, "client", 9002); }));
  const std::string boots = value_of(lab, "instances/server1/boots");
  (void)lab.exec("server1",
                 {"bash", "-c",
                  "exec 3>/dev/tcp/10.0.200.10/9002; echo hello >&3; exec /usr/bin/python3 -c "
                  "'import ctypes; ctypes.CDLL(None).reboot(0x01234567)'"});
  REQUIRE(becomes_true(5s, [&] {
    return value_of(lab, "instances/server1/boots") != boots &&
           value_of(lab, "instances/server1/life") == "running";
  }));
  CHECK(run(lab, "client", {"sh", "-c", "ss -Htn state established | grep -c 9002"}).out == "1\n");
  run(lab, "client", {"pkill", "python3"});
}

TEST_CASE("an instance's time of day can be wrong, and only its own") {
  const auto lab = Lab::up({.own_clocks = true});
  REQUIRE_MESSAGE(lab.has_value(), (lab ? "" : lab.error().message));
  const auto now = [&](const char* instance) {
    return std::stol(run(*lab, instance, {"date", "+%s"}).out);
  };
  fault(*lab, "clock server1 -1h");
  const long difference = now("server2") - now("server1");
  CHECK(difference >= 3599);
  CHECK(difference <= 3605);
  // Its signatures are too old for AWS then.
  const std::string answer = api(*lab, "server1", "Action=DescribeVpcs");
  CHECK(answer.find("<Code>RequestExpired</Code>") != std::string::npos);
  fault(*lab, "clock server1 0s");
  CHECK(api(*lab, "server1", "Action=DescribeVpcs").find("<vpcId>") != std::string::npos);
}

TEST_CASE("nothing an instance does reaches the machine") {
  const Lab& lab = shared_lab();
  CHECK(run(lab, "server1", {"sh", "-c", "touch /usr/mark"}).code != 0);
  CHECK(run(lab, "server1", {"sh", "-c", "echo 1 > /proc/sys/kernel/panic"}).code != 0);
  CHECK(run(lab, "server1", {"sh", "-c", "date -s 2001-01-01"}).code != 0);
  CHECK(run(lab, "server1", {"sh", "-c", "mknod /tmp/disk b 254 0"}).code != 0);
  CHECK(run(lab, "server1", {"sh", "-c", "ls /dev/watchdog /dev/vda /dev/sda /dev/nvme0"})
            .out.empty());
  CHECK(run(lab, "server1", {"hostname"}).out == "server1\n");
  CHECK(run(lab, "server1", {"sh", "-c", "ls /proc | grep -c '^[0-9]'"}).out.size() <= 3);
  // Its own network's settings are its own.
  CHECK(run(lab, "server1", {"sysctl", "-qw", "net.ipv4.ip_forward=0"}).code == 0);
}

TEST_CASE("a shaped line is late, and a lossy one loses") {
  const Lab& lab = shared_lab();
  const auto round_trip_ms = [&] {
    const auto began = std::chrono::steady_clock::now();
    CHECK(pings(lab, "client", "10.0.110.10"));
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
        .count();
  };
  fault(lab, "line server1 --delay 60ms --jitter 5ms");
  const double late = round_trip_ms();
  CHECK(late > 110);
  // Large segments with unfinished checksums survive the detour.
  REQUIRE(lab.start("server1", receiver(9001, "/run/lab/big")));
  REQUIRE(becomes_true(2s, [&] { return listens(lab, "server1", 9001); }));
  run(lab, "client", {"bash", "-c", "head -c 3000000 /dev/zero > /dev/tcp/10.0.110.10/9001"});
  CHECK(becomes_true(5s, [&] {
    const auto got = read_file(lab.shared() + "/big");
    return got && got->size() == 3'000'000;
  }));
  fault(lab, "reboot server1 --hard");  // the line stays as bad as it was
  CHECK(round_trip_ms() > 110);
  fault(lab, "line server1 --loss 100%");
  CHECK_FALSE(pings(lab, "client", "10.0.110.10"));
  fault(lab, "line server1 --clear");
  CHECK(round_trip_ms() < late);
}
