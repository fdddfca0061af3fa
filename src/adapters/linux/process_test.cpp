// Programs and families, with cgroups (where this machine lets us make some) and with marks.
#include "adapters/linux/process.h"

#include <doctest/doctest.h>

#include <fcntl.h>

#include <csignal>
#include <sstream>

#include "adapters/linux/test_support.h"

namespace mainstay::adapters {
namespace {

namespace fs = std::filesystem;

struct World {
  TemporaryDirectory directory;
  Loop loop;
  LinuxProcess process;

  explicit World(std::optional<fs::path> cgroup)
      : process(loop, {.cluster = fmt::format("test-{}", getpid()),
                       .node = "a",
                       .cgroup = std::move(cgroup)}) {}
  ~World() {
    for (const char* family : {"web", "other"}) {
      finish(loop, process.end_family(family, Instant(), call_within(loop, 5s)));
      CHECK(process.members(family).empty());
    }
  }

  Program script(std::string_view text, const char* name = "script.sh") {
    const fs::path file = directory.path() / name;
    write_text(file, fmt::format("#!/bin/sh\n{}\n", text));
    fs::permissions(file, fs::perms::owner_all);
    return {.argv = {file.string()}, .family = "web"};
  }
  Result<ProgramEnd> run(Program program, Duration time = test_patience) {
    return finish(loop, process.run(std::move(program), call_within(loop, time)));
  }
  bool until(const std::function<bool()>& condition) {
    return loop.run_until(
        [&] {
          loop.call_at(loop.now() + 5ms, [] {});
          return condition();
        },
        loop.now() + test_patience);
  }
  fs::path log() const { return directory.path() / "log"; }
};

std::vector<std::optional<fs::path>> ways() {
  std::vector<std::optional<fs::path>> result{std::nullopt};
  if (const auto cgroup = own_cgroup()) {
    result.push_back(cgroup);
  } else {
    MESSAGE("no writable cgroup v2 here: families are tested by marks alone");
  }
  return result;
}

TEST_CASE("a program's exit code, signal and last line are told") {
  World world(std::nullopt);
  const auto end = world.run(world.script("echo out; echo why >&2; echo; exit 7"));
  REQUIRE(end);
  CHECK(end->exit_code == 7);
  CHECK(end->signal == 0);
  CHECK_FALSE(end->timed_out);
  CHECK(end->last_line == "why");
  CHECK(world.run(world.script("echo one; printf two"))->last_line == "two");
  CHECK(world.run(world.script("kill -9 $$"))->signal == SIGKILL);
}

TEST_CASE("what cannot be started says why") {
  World world(std::nullopt);
  const auto code_of = [&](const Program& program) { return world.run(program).error().code; };
  const auto message_of = [&](const Program& program) {
    return world.run(program).error().message;
  };
  CHECK(code_of({.argv = {"/nowhere/start.sh"}, .directory = "/"}) == Code::not_found);
  CHECK(code_of({.argv = {}}) == Code::invalid);
  Program program = world.script("true");
  program.directory = "/nowhere";
  CHECK(message_of(program).find("its directory /nowhere") != std::string::npos);
  program.directory.clear();
  fs::permissions(program.argv[0], fs::perms::owner_read);
  CHECK(code_of(program) == Code::denied);
  CHECK(message_of(program).find("chmod +x") != std::string::npos);
  fs::permissions(program.argv[0], fs::perms::owner_all);
  write_text(program.argv[0], "#!/nowhere/sh\n");
  CHECK(message_of(program).find("interpreter") != std::string::npos);
  write_text(program.argv[0], "echo no first line\n");
  CHECK(message_of(program).find("#!/bin/sh") != std::string::npos);
}

TEST_CASE("a program gets its environment, its directory, and nothing else of ours") {
  World world(std::nullopt);
  Program program = world.script(
      "pwd; echo $GREETING; ls /proc/self/fd | tr '\\n' ' '; echo; "
      "grep -E '^Sig(Blk|Ign)' /proc/self/status");
  program.environment["GREETING"] = "hello";
  program.log_file = world.log();
  const Fd inheritable(dup(1));
  signal(SIGPIPE, SIG_IGN);
  const auto end = world.run(program);
  signal(SIGPIPE, SIG_DFL);
  REQUIRE(end);
  // Descriptor 3 is the directory that ls itself reads.
  const std::string expected =
      fs::canonical(world.directory.path()).string() +
      "\nhello\n0 1 2 3 \nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n";
  CHECK(world.until([&] { return read_text(world.log()) == expected; }));
}

TEST_CASE("a program leads a session and a process group of its own") {
  World world(std::nullopt);
  const auto end =
      world.run(world.script("read -r pid name state parent group session rest < /proc/$$/stat\n"
                             "[ \"$session\" = $$ ] && [ \"$group\" = $$ ]"));
  REQUIRE(end);
  CHECK(end->exit_code == 0);
}

// Both ends of a pipe, neither of which waits.
struct OpenPipe {
  Fd read_end;
  Fd write_end;
  OpenPipe() {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    read_end = Fd(ends[0]);
    write_end = Fd(ends[1]);
  }
};

TEST_CASE("what is in the pipe when the program ends is taken without waiting") {
  Loop loop;
  Worker worker(loop, Worker::AtEnd::finish);
  OpenPipe both;
  const auto pipe = std::make_shared<OutputPipe>(loop, worker, OutputPipe::Target{},
                                                 std::move(both.read_end), nullptr);
  pipe->start();
  REQUIRE(write(both.write_end.number(), "last words\n", 11) == 11);
  pipe->drain();
  CHECK(pipe->last_line() == "last words");
  pipe->close();
}

TEST_CASE("while the log does not keep up the pipe is not read, and nothing is lost") {
  Loop loop;
  const TemporaryDirectory directory;
  // A log that blocks whoever opens it until somebody reads it.
  const fs::path slow = directory.path() / "slow";
  REQUIRE(mkfifo(slow.c_str(), 0600) == 0);
  Worker worker(loop, Worker::AtEnd::finish);
  OpenPipe both;
  const auto pipe = std::make_shared<OutputPipe>(loop, worker, OutputPipe::Target{.file = slow},
                                                 std::move(both.read_end), nullptr);
  pipe->start();
  const std::string block(4096, 'x');
  std::size_t written = 0;
  const auto write_more = [&] {
    const ssize_t size = write(both.write_end.number(), block.data(), block.size());
    if (size > 0) written += static_cast<std::size_t>(size);
    loop.call_at(loop.now() + 1ms, [] {});
    return size < 0;
  };
  std::size_t refused = 0;
  REQUIRE(loop.run_until(
      [&] {
        refused = write_more() ? refused + 1 : 0;
        return refused > 20 || written > 8 * output_unwritten_max;
      },
      loop.now() + test_patience));
  CHECK(written <= output_unwritten_max + 3 * 64 * 1024);
  const Fd reader(open(slow.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  std::size_t arrived = 0;
  both.write_end.reset();
  CHECK(loop.run_until(
      [&] {
        std::array<char, 4096> buffer;
        ssize_t size = 0;
        while ((size = read(reader.number(), buffer.data(), buffer.size())) > 0) {
          arrived += static_cast<std::size_t>(size);
        }
        loop.call_at(loop.now() + 1ms, [] {});
        return arrived >= written;
      },
      loop.now() + test_patience));
  pipe->close();
}

TEST_CASE("at its deadline a program dies with all it started, and the rest of the family lives") {
  for (const auto& way : ways()) {
    World world(way);
    const auto resident = world.process.start(world.script("sleep 1000", "resident.sh"));
    REQUIRE(resident);
    const auto end =
        world.run(world.script("setsid sh -c 'trap \"\" TERM; sleep 1001' & sleep 1002"), 300ms);
    REQUIRE(end);
    CHECK(end->timed_out);
    CHECK(end->signal == SIGKILL);
    REQUIRE(world.until([&] { return world.process.members("web").size() <= 2; }));
    const auto left = world.process.members("web");
    CHECK(std::ranges::find(left, (*resident)->pid()) != left.end());
  }
}

TEST_CASE("a daemon that keeps the output open does not hold up the end of its script") {
  for (const auto& way : ways()) {
    World world(way);
    Program program = world.script("setsid sh -c 'sleep 0.3; echo late; sleep 1000' & echo early");
    program.log_file = world.log();
    const auto end = world.run(program);
    REQUIRE(end);
    CHECK(end->last_line == "early");
    CHECK(world.until([&] { return read_text(world.log()) == "early\nlate\n"; }));
    CHECK_FALSE(world.process.members("web").empty());
  }
}

TEST_CASE("the end of a resident program is noticed, and a wait may give up before") {
  World world(std::nullopt);
  const auto program = world.process.start(world.script("read line < /dev/zero; sleep 1000"));
  REQUIRE(program);
  const auto early = finish(world.loop, (*program)->wait(call_within(world.loop, 20ms)));
  REQUIRE_FALSE(early);
  CHECK(early.error().code == Code::timed_out);
  Call called_off = call_within(world.loop, test_patience);
  called_off.cancellation.request();
  CHECK(finish(world.loop, (*program)->wait(called_off)).error().code == Code::cancelled);
  REQUIRE(kill((*program)->pid(), SIGTERM) == 0);
  const auto end = finish(world.loop, (*program)->wait(call_within(world.loop, test_patience)));
  REQUIRE(end);
  CHECK(end->signal == SIGTERM);
  CHECK(finish(world.loop, (*program)->wait(call_within(world.loop, 1s)))->signal == SIGTERM);
}

TEST_CASE("a family is asked to end, and what does not obey is killed at the instant") {
  for (const auto& way : ways()) {
    World world(way);
    const auto polite = world.process.start(world.script("sleep 1000", "polite.sh"));
    const auto stubborn = world.process.start(
        world.script("trap '' TERM; touch ready; while :; do sleep 0.05; done", "stubborn.sh"));
    Program stranger = world.script("sleep 1000", "stranger.sh");
    stranger.family = "other";
    const auto other = world.process.start(stranger);
    REQUIRE((polite && stubborn && other));
    REQUIRE(world.until([&] { return fs::exists(world.directory.path() / "ready"); }));
    const Instant kill_at = world.loop.now() + 300ms;
    const auto ended =
        finish(world.loop, world.process.end_family("web", kill_at, call_within(world.loop, 10s)));
    CHECK(ended);
    CHECK(world.loop.now() >= kill_at);
    CHECK(world.process.members("web").empty());
    CHECK_FALSE(world.process.members("other").empty());
  }
}

TEST_CASE("a polite family ends well before it would be killed, a stopped one too") {
  for (const auto& way : ways()) {
    World world(way);
    const auto program = world.process.start(world.script("sleep 1000"));
    REQUIRE(program);
    REQUIRE(kill((*program)->pid(), SIGSTOP) == 0);
    const Instant kill_at = world.loop.now() + test_patience;
    CHECK(
        finish(world.loop, world.process.end_family("web", kill_at, call_within(world.loop, 40s))));
    CHECK(world.loop.now() < kill_at);
  }
}

TEST_CASE("killing a family takes what left its session, and leaves no cgroup behind") {
  for (const auto& way : ways()) {
    World world(way);
    REQUIRE(world.run(world.script("setsid setsid sleep 1000 & setsid sleep 1001 &")));
    REQUIRE(world.until([&] { return world.process.members("web").size() == 2; }));
    world.process.kill_family("web");
    CHECK(world.until([&] { return world.process.members("web").empty(); }));
    if (way) {
      CHECK(world.process.members("other").empty());
      CHECK_FALSE(fs::exists(*way / fmt::format("mainstay-test-{}-a", getpid())));
    }
  }
}

TEST_CASE("what cleared its environment is found by the session it shares with its family") {
  for (const auto& way : ways()) {
    World world(way);
    const auto program = world.process.start(world.script("env -i sleep 1000 & sleep 1001"));
    REQUIRE(program);
    CHECK(world.until([&] { return world.process.members("web").size() == 3; }));
    world.process.kill_family("web");
    CHECK(world.until([&] { return world.process.members("web").empty(); }));
  }
}

TEST_CASE("in a cgroup even a daemon without environment and session is found") {
  for (const auto& way : ways()) {
    if (!way) continue;
    World world(way);
    REQUIRE(world.run(world.script("env -i setsid sleep 1000 &")));
    REQUIRE(world.until([&] { return world.process.members("web").size() == 1; }));
    world.process.kill_family("web");
    CHECK(world.until([&] { return world.process.members("web").empty(); }));
  }
}

TEST_CASE("a successor finds and ends the programs of its forerunner") {
  for (const auto& way : ways()) {
    World world(way);
    const auto program = world.process.start(world.script("while :; do echo x; sleep 0.02; done"));
    REQUIRE(program);
    const int pid = (*program)->pid();
    LinuxProcess successor(
        world.loop, {.cluster = fmt::format("test-{}", getpid()), .node = "a", .cgroup = way});
    const auto found = successor.members("web");
    CHECK(std::ranges::find(found, pid) != found.end());
    CHECK(LinuxProcess(world.loop, {.cluster = "test", .node = "b", .cgroup = way})
              .members("web")
              .empty());
    CHECK(finish(world.loop,
                 successor.end_family("web", world.loop.now() + 5s, call_within(world.loop, 10s))));
  }
}

TEST_CASE("a program outlives the daemon, and the successor reads on what it prints") {
  const TemporaryDirectory directory;
  const fs::path file = directory.path() / "log";
  const fs::path script = directory.path() / "script.sh";
  // The inner pipe is the program's own and is not to be touched.
  write_text(script,
             "#!/bin/sh\n(i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done) | "
             "sed -u s/line/number/\n");
  fs::permissions(script, fs::perms::owner_all);
  const Families::Settings settings{.cluster = fmt::format("test-{}", getpid()), .node = "o"};
  Loop loop;
  const auto printed = [&](const std::string& text) {
    return loop.run_until(
        [&] {
          loop.call_at(loop.now() + 5ms, [] {});
          return read_text(file).find(text) != std::string::npos;
        },
        loop.now() + test_patience);
  };
  {
    LinuxProcess first(loop, settings);
    REQUIRE(first.start({.argv = {script}, .family = "web", .log_file = file}));
    REQUIRE(printed("number 3\n"));
  }
  CHECK_FALSE(loop.run_until([] { return false; }, loop.now() + 50ms));
  LinuxProcess second(loop, settings);
  CHECK(second.members("web").size() >= 2);
  CHECK(printed("number 20\n"));
  CHECK(read_text(file).find("line") == std::string::npos);
  CHECK(finish(loop, second.end_family("web", Instant(), call_within(loop, 10s))));
  std::istringstream lines(read_text(file));
  int expected = 1;
  for (std::string line; std::getline(lines, line); ++expected) {
    CHECK(line == fmt::format("number {}", expected));
  }
}

TEST_CASE("the log is rotated at its limit and keeps one old file") {
  World world(std::nullopt);
  Program program = world.script("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done");
  program.log_file = world.log();
  program.log_size_max = 8000;
  const auto end = world.run(program);
  REQUIRE(end);
  CHECK(end->last_line == "line 2999");
  REQUIRE(world.until([&] { return read_text(world.log()).ends_with("line 2999\n"); }));
  CHECK(fs::exists(world.log().string() + ".1"));
  CHECK_FALSE(fs::exists(world.log().string() + ".2"));
}

TEST_CASE("a log that cannot be written is told once, and the program does not suffer") {
  Loop loop;
  const TemporaryDirectory directory;
  const fs::path script = directory.path() / "script.sh";
  write_text(script, "#!/bin/sh\necho one; sleep 0.05; echo two; exit 4\n");
  fs::permissions(script, fs::perms::owner_all);
  std::vector<std::string> told;
  LinuxProcess process(loop, {.cluster = fmt::format("test-{}", getpid()), .node = "t"},
                       [&](const std::string& problem) { told.push_back(problem); });
  const auto end =
      finish(loop, process.run({.argv = {script}, .family = "web", .log_file = "/nowhere/log"},
                               call_within(loop, test_patience)));
  REQUIRE(end);
  CHECK(end->exit_code == 4);
  CHECK(end->last_line == "two");
  REQUIRE(loop.run_until([&] { return !told.empty(); }, loop.now() + test_patience));
  CHECK_FALSE(loop.run_until([&] { return told.size() > 1; }, loop.now() + 20ms));
  CHECK(told.front() == "/nowhere/log: No such file or directory");
}

TEST_CASE("rotation happens before a file would grow beyond its limit, not after") {
  const TemporaryDirectory directory;
  const fs::path file = directory.path() / "log";
  REQUIRE(append_rotated(file, 10, "12345"));
  REQUIRE(append_rotated(file, 10, "67890"));
  CHECK(read_text(file) == "1234567890");
  REQUIRE(append_rotated(file, 10, "x"));
  CHECK(read_text(file) == "x");
  CHECK(read_text(file.string() + ".1") == "1234567890");
  REQUIRE(append_rotated(file, 10, "1234\n6789\n1234\nlonger than all of it\nend"));
  CHECK(read_text(file) == "end");
  CHECK(read_text(file.string() + ".1") == "longer than all of it\n");
  CHECK_FALSE(append_rotated("/nowhere/log", 10, "x"));
}

TEST_CASE("a flood of output is bounded in memory and all of it is read") {
  World world(std::nullopt);
  Program program = world.script("head -c 20000000 /dev/zero | tr '\\0' x; echo; echo done");
  program.log_file = world.log();
  program.log_size_max = 100'000'000;
  const auto end = world.run(program);
  REQUIRE(end);
  CHECK(end->last_line == "done");
  CHECK(world.until([&] { return fs::file_size(world.log()) == 20000006; }));
}

TEST_CASE("the last line is the last that says something, however it comes") {
  LastLine line;
  CHECK(line.value().empty());
  line.add("fir");
  CHECK(line.value() == "fir");
  line.add("st\r\n \t\n\n");
  CHECK(line.value() == "first");
  line.add(std::string(2 * last_line_max, 'y') + "\n");
  CHECK(line.value().size() == last_line_max);
}

}  // namespace
}  // namespace mainstay::adapters
