// Keeping engines running: real processes that stand for an engine, and a small engine at the
// socket.
#include "apps/mirror_engines.h"

#include <doctest/doctest.h>

#include <signal.h>

#include <filesystem>

#include "adapters/linux/clock.h"
#include "adapters/linux/process.h"
#include "adapters/linux/test_support.h"
#include "adapters/mirror/fake_engine.h"

namespace mainstay::apps {
namespace {

using adapters::finish;
using adapters::test_patience;

// Has one record, version 7.
class OneRecord : public Arbiter {
 public:
  std::vector<std::string> keys;
  Task<Result<ArbiterRecord>> read(std::string key, Call) override {
    keys.push_back(std::move(key));
    co_return ArbiterRecord{.version = 7, .value = {}};
  }
  Task<Result<RecordVersion>> swap(std::string, RecordVersion, Bytes, Call) override {
    co_return failure(Code::conflict, "not here");
  }
};

struct World {
  adapters::TemporaryDirectory directory;
  adapters::Loop loop;
  adapters::LinuxClock clock{loop};
  adapters::LinuxProcess process{
      loop, {.cluster = fmt::format("test-{}", getpid()), .node = "a", .cgroup = {}}};
  OneRecord arbiter;
  std::vector<std::string> told;
  std::optional<MirrorEngines> engines;

  explicit World(const std::string& script) {
    const auto program = directory.path() / "engine";
    adapters::write_text(program, "#!/bin/sh\n" + script);
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    make();
  }
  ~World() {
    if (engines) finish(loop, engines->stop(adapters::call_within(loop, 5s)));
    CHECK(pids().empty());
  }
  void make() {
    engines.emplace(MirrorEngines::Parts{
        .loop = loop,
        .clock = clock,
        .process = process,
        .arbiter = &arbiter,
        .plans = {{ResourceName("md1"), GroupName("web"), "name = \"md1\"\n"}},
        .program = (directory.path() / "engine").string(),
        .directory = (directory.path() / "run").string(),
        .log_directory = directory.path().string(),
        .tell = [this](Severity, const std::string& subject, const std::string& text) {
          told.push_back(subject + ": " + text);
        }});
    REQUIRE(engines->start().has_value());
  }
  std::vector<int> pids() { return process.members("md1@engine"); }
  bool until(const std::function<bool()>& condition) {
    return loop.run_until(condition, loop.now() + test_patience);
  }
};

TEST_CASE("an engine is started with its configuration, and ended with the daemon") {
  World world("cp \"$2\" \"$(dirname \"$2\")/seen\"; exec sleep 1000\n");
  const auto seen = world.directory.path() / "run" / "seen";
  CHECK(world.until([&] { return adapters::read_text(seen) == "name = \"md1\"\n"; }));
  CHECK(world.pids().size() == 1);
  CHECK(world.told.empty());
}

TEST_CASE("an engine that ends is started again, and its last words are told") {
  World world("echo 'the disk is gone' >&2; exit 3\n");
  CHECK(world.until([&] { return world.told.size() == 2; }));
  CHECK(world.told.front() ==
        "md1: its engine ended: mainstay-mirrord returned 3: the disk is gone. It is started again "
        "in 1 s");
  CHECK(world.told.back().find("again in 2 s") != std::string::npos);
}

TEST_CASE("an engine that outlived its daemon is left as it is") {
  World world("exec sleep 1000\n");
  CHECK(world.until([&] { return world.pids().size() == 1; }));
  const auto before = world.pids();
  world.make();
  const Instant end = world.loop.now() + 1200ms;
  world.loop.run_until([] { return false; }, end);
  CHECK(world.pids() == before);
  kill(before.front(), SIGKILL);
  CHECK(world.until([&] { return world.pids().size() == 1 && world.pids() != before; }));
}

TEST_CASE("an engine is looked at, ordered, and given the arbiter's record") {
  World world("exec sleep 1000\n");
  CHECK(world.engines->reports().front().why.find("No such file") != std::string::npos);
  adapters::FakeEngine engine(world.loop, (world.directory.path() / "run" / "md1.sock").string());
  CHECK(world.until([&] { return world.engines->reports().front().status.has_value(); }));
  CHECK(world.engines->reports().front().status->own == CopyState::up_to_date);
  CHECK(world.until([&] { return engine.record_served(); }));
  engine.ask_record(R"({"ask":1,"record":"read"})");
  CHECK(world.until([&] { return engine.answers.size() == 1; }));
  CHECK(engine.answers.front().find("\"version\":7") != std::string::npos);
  CHECK(world.arbiter.keys == std::vector<std::string>{"mirror/md1"});

  std::optional<Status> done;
  const auto keep = [&done](Status outcome) { done = std::move(outcome); };
  world.engines->order(ResourceName("md1"), MirrorOrder::verify, 5s, keep);
  CHECK(world.until([&] { return done.has_value(); }));
  CHECK(done->error().message == "this engine cannot verify");
  CHECK(world.told.back() == "md1: the order verify is refused: this engine cannot verify");
  world.engines->order(ResourceName("md2"), MirrorOrder::connect, 5s, keep);
  CHECK(done->error().code == Code::not_found);
}

TEST_CASE("a device that was not given back when the permission ended is taken away") {
  World world("exec sleep 1000\n");
  adapters::FakeEngine engine(world.loop, (world.directory.path() / "run" / "md1.sock").string());
  const auto asked = [&engine](const std::string& verb) {
    return std::ranges::count(engine.heard, verb);
  };
  engine.role = "primary";
  world.engines->permission_ended(GroupName("other"));
  world.engines->permission_ended(GroupName("web"));
  world.engines->permission_ended(GroupName("web"));
  CHECK(world.until([&] { return engine.role == "secondary"; }));
  CHECK(world.until([&] { return !world.told.empty(); }));
  CHECK(world.told.front().find("its device was taken away") != std::string::npos);
  CHECK(asked("demote") == 1);

  // Given back in time, it is left alone.
  world.engines->permission_ended(GroupName("web"));
  const auto before = asked("status");
  CHECK(world.until([&] { return asked("status") > before + 1; }));
  CHECK(asked("demote") == 1);
}

}  // namespace
}  // namespace mainstay::apps
