// The Power port and the service manager's protocol. Nothing here touches the machine: the means of
// halting are feigned, but for one test inside a PID namespace of its own.
#include "adapters/linux/watchdog.h"

#include <doctest/doctest.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>

#include "adapters/linux/test_support.h"

namespace mainstay::adapters {
namespace {

using Log = std::vector<std::string>;

HaltMeans feigned_means(Log& log, bool works = true) {
  const auto note = [&log, works](std::string what) -> Status {
    log.push_back(std::move(what));
    if (works) return {};
    return failure(Code::unavailable, "feigned");
  };
  return {.sysrq = [note](char command) { return note(fmt::format("sysrq {}", command)); },
          .reboot =
              [note](int command) { return note(command == RB_AUTOBOOT ? "reboot" : "power off"); },
          .run = [note](std::vector<std::string> argv) { return note("run " + argv.back()); }};
}

const HaltPlace machine{.allowed = true, .pid_namespace = "pid:[1]"};
const HaltPlace lab{
    .allowed = true, .pid_namespace = "pid:[7]", .initial_pid_namespace = false, .lab = "pid:[7]"};

Log halted(const HaltPlace& place, HaltKind kind, bool works = true) {
  Log log;
  const Status done = real_halts(place, feigned_means(log, works)).act(kind);
  log.push_back(done ? "done" : std::string(to_text(done.error().code)));
  return log;
}

TEST_CASE("an allowed halt of a machine is orderly where it can be, and certain where it must be") {
  CHECK(halted(machine, HaltKind::reset) == Log{"sysrq b", "done"});
  CHECK(halted(machine, HaltKind::reboot) == Log{"run reboot", "done"});
  CHECK(halted(machine, HaltKind::shut_down) == Log{"run poweroff", "done"});
  CHECK(halted(machine, HaltKind::reset, false) == Log{"sysrq b", "reboot", "unavailable"});
  CHECK(halted(machine, HaltKind::shut_down, false) ==
        Log{"run poweroff", "power off", "unavailable"});
}

TEST_CASE("what is not allowed touches nothing") {
  HaltPlace place = machine;
  place.allowed = false;
  for (const auto kind : {HaltKind::reset, HaltKind::reboot, HaltKind::shut_down}) {
    CHECK(halted(place, kind) == Log{"denied"});
  }
}

TEST_CASE("in a namespace only the namespace is ended, and in a lab only the one it names") {
  CHECK(halted(lab, HaltKind::reset) == Log{"reboot", "done"});
  CHECK(halted(lab, HaltKind::shut_down) == Log{"power off", "done"});
  HaltPlace container = lab;
  container.lab.reset();
  CHECK(halted(container, HaltKind::reset) == Log{"reboot", "done"});
  HaltPlace strayed = lab;
  strayed.lab = "pid:[8]";
  CHECK(halted(strayed, HaltKind::reset) == Log{"denied"});
  strayed = machine;
  for (const char* value : {"pid:[1]", "1", ""}) {
    strayed.lab = value;
    CHECK(halted(strayed, HaltKind::reset) == Log{"denied"});
  }
}

TEST_CASE("this process knows whether it is in the initial PID namespace") {
  const HaltPlace here = this_place(false);
  CHECK(here.pid_namespace.starts_with("pid:["));
  CHECK_FALSE(here.allowed);
  CHECK(here.initial_pid_namespace == (here.pid_namespace == "pid:[4026531836]"));
}

// What process 1 of a new PID namespace does: starts a daemon that resets itself, and outlives it.
int first_process() {
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 10;
  if (mount("proc", "/proc", "proc", 0, nullptr) != 0) return 11;
  const pid_t daemon = fork();
  if (daemon == 0) {
    const HaltPlace place = this_place(true);
    if (place.initial_pid_namespace) _exit(12);
    HaltPlace here = place;
    here.lab = place.pid_namespace;
    HaltMeans means = real_means();
    means.sysrq = [](char) -> Status { return failure(Code::denied, "never in a test"); };
    means.run = [](auto&&) -> Status { return failure(Code::denied, "never in a test"); };
    static_cast<void>(real_halts(here, means).act(HaltKind::reset));
    _exit(13);
  }
  int status = 0;
  waitpid(daemon, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 14;
}

TEST_CASE("a reset in a PID namespace ends its first process, and the world outside lives on") {
  const pid_t outer = fork();
  REQUIRE(outer >= 0);
  if (outer == 0) {
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) _exit(20);
    const pid_t first = fork();
    if (first == 0) _exit(first_process());
    int status = 0;
    waitpid(first, &status, 0);
    // The kernel says RESTART as a hang-up of the namespace's first process.
    _exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP ? 0 : 21 + WEXITSTATUS(status));
  }
  int status = 0;
  REQUIRE(waitpid(outer, &status, 0) == outer);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

// A service manager's end of the notification socket.
struct Manager {
  TemporaryDirectory directory;
  std::string name = (directory.path() / "notify").string();
  Fd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};

  Manager() {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(socket.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  std::string next() const {
    std::array<char, 512> text{};
    const ssize_t size = recv(socket.number(), text.data(), text.size(), 0);
    return size < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
  }
  Notifier notifier(std::optional<Duration> watchdog = std::nullopt) const {
    auto opened = Notifier::open({.socket = name, .watchdog = watchdog});
    REQUIRE(opened);
    return std::move(*opened);
  }
};

TEST_CASE("the service manager hears what it understands") {
  const Manager manager;
  const Notifier notifier = manager.notifier();
  CHECK(notifier.managed());
  notifier.ready();
  CHECK(manager.next() == "READY=1");
  notifier.status("two\nlines");
  CHECK(manager.next() == "STATUS=two lines");
  notifier.alive(1500ms);
  CHECK(manager.next() == "WATCHDOG_USEC=1500000\nWATCHDOG=1");
  notifier.stopping();
  CHECK(manager.next() == "STOPPING=1");
  notifier.stopping_within(80s);
  CHECK(manager.next() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=80000000");
}

TEST_CASE("without a service manager nothing is said, with a wrong one it is said why") {
  const auto none = Notifier::open({});
  REQUIRE(none);
  CHECK_FALSE(none->managed());
  none->ready();
  CHECK(Notifier::open({.socket = "relative"}).error().code == Code::invalid);
  CHECK(Notifier::open({.socket = "/nowhere/notify"}).error().code == Code::not_found);
}

TEST_CASE("the manager's watchdog is meant for the process it names") {
  setenv("NOTIFY_SOCKET", "/run/x", 1);
  setenv("WATCHDOG_USEC", "3000000", 1);
  CHECK(Notifier::environment().watchdog == 3s);
  CHECK(Notifier::environment().socket == "/run/x");
  setenv("WATCHDOG_PID", "1", 1);
  CHECK_FALSE(Notifier::environment().watchdog);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  CHECK(Notifier::environment().watchdog == 3s);
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
}

struct World {
  Loop loop;
  Manager manager;
  Notifier notifier = manager.notifier(3600s);
  Log log;
  LinuxPower power{loop,
                   notifier,
                   {.halts = {.act = [this](HaltKind kind) -> Status {
                      log.push_back(kind == HaltKind::reset ? "reset" : "other halt");
                      return failure(Code::denied, "not in a test");
                    }},
                    .stop_service = [this] { log.push_back("stop"); },
                    .device = {.count_down = [this](std::chrono::seconds time) -> Status {
                                 log.push_back(fmt::format("count down {}", time.count()));
                                 return {};
                               },
                               .disarm = [this]() -> Status {
                                 log.push_back("disarm");
                                 return {};
                               }},
                    .tell = [this](std::string text) { log.push_back(std::move(text)); }}};

  std::int64_t patience() {
    const std::string text = manager.next();
    if (!text.ends_with("\nWATCHDOG=1")) return -1;
    return std::stoll(text.substr(text.find('=') + 1));
  }
};

TEST_CASE("arming gives the manager and the device no more time than there is") {
  World world;
  CHECK(world.patience() == 3600'000'000);  // From the start, before anything is armed.
  world.power.arm_watchdog(world.loop.now() + 10s);
  const auto patience = world.patience();
  CHECK(patience <= 10'000'000);
  CHECK(patience > 5'000'000);
  CHECK(world.log == Log{"count down 9"});
  world.power.arm_watchdog(world.loop.now() + 7200s);
  CHECK(world.patience() == 3600'000'000);
  CHECK(world.log.back() == "count down 60");
  world.power.arm_watchdog(world.loop.now() + 1ms);
  CHECK(world.log.back() == "count down 1");
  world.power.arm_watchdog(never);
  CHECK(world.log.back() == "disarm");
  CHECK_FALSE(
      world.loop.run_until([&] { return world.log.back() != "disarm"; }, world.loop.now() + 20ms));
}

TEST_CASE("a deadline that passes resets the node; one that is moved in time does not") {
  World world;
  world.power.arm_watchdog(world.loop.now() + 20ms);
  world.power.arm_watchdog(world.loop.now() + test_patience);
  CHECK_FALSE(world.loop.run_until([&] { return world.log.back() == "not in a test"; },
                                   world.loop.now() + 40ms));
  world.power.arm_watchdog(world.loop.now() + 5ms);
  REQUIRE(world.loop.run_until([&] { return world.log.back() == "not in a test"; },
                               world.loop.now() + test_patience));
  CHECK(world.log[world.log.size() - 2] == "reset");
}

TEST_CASE("a process that was paused past its deadline may stop what it runs, but not for long") {
  World world;
  CHECK(world.patience() > 0);
  const Instant past = world.loop.now() - 20s;
  world.power.arm_watchdog(past);
  CHECK(world.manager.next().empty());
  world.loop.call_at(past, [&] { world.log.push_back("the core wakes"); });
  world.loop.call_at(world.loop.now() + 5ms, [&] { world.power.arm_watchdog(never); });
  REQUIRE(world.loop.run_until([&] { return world.log.back() == "disarm"; },
                               world.loop.now() + test_patience));
  CHECK_FALSE(world.loop.run_until([&] { return world.log.back() != "disarm"; },
                                   world.loop.now() + 2 * paused_patience));
  const Instant begin = world.loop.now();
  world.power.arm_watchdog(past);
  REQUIRE(world.loop.run_until([&] { return world.log[world.log.size() - 2] == "reset"; },
                               begin + test_patience));
  CHECK(world.loop.now() - begin >= paused_patience);
}

TEST_CASE("while nothing is armed the manager hears of us twice in its patience") {
  Loop loop;
  const Manager manager;
  const Notifier notifier = manager.notifier(20ms);
  const LinuxPower power(loop, notifier, {});
  int heard = 0;
  CHECK(loop.run_until(
      [&] {
        if (manager.next() == "WATCHDOG_USEC=20000\nWATCHDOG=1") ++heard;
        return heard >= 5;
      },
      loop.now() + test_patience));
}

TEST_CASE("stopping the service is the daemon's own business, and a fence is not to be had") {
  World world;
  world.power.halt(HaltKind::stop_service);
  CHECK(world.log == Log{"stop"});
  const auto fenced =
      finish(world.loop, world.power.fence(NodeName("b"), call_within(world.loop, 1s)));
  REQUIRE_FALSE(fenced);
  CHECK(fenced.error().code == Code::unavailable);
}

}  // namespace
}  // namespace mainstay::adapters
