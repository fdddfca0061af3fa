// The mirror disk over the fake ports.
#include <doctest/doctest.h>

#include "resources/testing.h"

namespace mainstay {
namespace {

using testing::holds;

struct Md : testing::ResourceBench {
  explicit Md(Params own = {{"file_system", std::string("ext4")},
                            {"mount_point", std::string("/mnt/md1")}})
      : ResourceBench("md", std::move(own)) {
    params["data_partition"] = std::string("/dev/nvme1n1p2");
    params["cluster_partition"] = std::string("/dev/nvme1n1p1");
    mirror.add("resource1");
    process.behaviours["/usr/bin/mount"] = {};
    process.behaviours["/usr/bin/umount"] = {};
  }
  MirrorStatus& copy() { return mirror.mirrors["resource1"]; }
  void mounted_from(const std::string& source) {
    mounts.mounted["/mnt/md1"] = {.source = source, .type = "ext4"};
  }
  void in_use() {
    copy().role = MirrorRole::primary;
    copy().term = 7;
    mounted_from("/dev/loop9");
  }
  std::string command(std::size_t index) const {
    std::string text;
    for (const auto& word : process.started.at(index).argv)
      text += (text.empty() ? "" : " ") + word;
    return text;
  }
};

TEST_CASE("md: promoted under the group's term, checked, mounted") {
  Md bench;
  CHECK(bench.activate().has_value());
  CHECK(bench.copy().role == MirrorRole::primary);
  CHECK(bench.copy().term == 7);
  REQUIRE(bench.process.started.size() == 2);
  CHECK(bench.command(0) == "/usr/sbin/e2fsck -p /dev/loop9");
  CHECK(bench.command(1) == "/usr/bin/mount -t ext4 -o rw /dev/loop9 /mnt/md1");
}

TEST_CASE("md: what is mounted already is not mounted again") {
  Md bench;
  bench.in_use();
  CHECK(bench.activate().has_value());
  CHECK(bench.process.started.empty());
}

TEST_CASE("md: another file system in its place is named") {
  Md bench;
  bench.mounted_from("/dev/sdb1");
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(holds(status.error().message, "/dev/sdb1 is mounted on /mnt/md1 already"));
  CHECK(status.error().number == 9);
}

TEST_CASE("md: a copy that is not the latest is not used, and the sentence says where to look") {
  Md bench;
  bench.copy().own = CopyState::outdated;
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().code == Code::conflict);
  CHECK(status.error().number == 4);
  CHECK(
      holds(status.error().message, "The copy on server1 cannot be used: this copy is outdated."));
  CHECK(bench.process.started.empty());
  CHECK(bench.mirror.calls == std::vector<std::string>{"promote"});
}

TEST_CASE("md: an engine that is about to begin is waited for, one that does not begin is named") {
  Md late;
  late.mirror.faults["promote"] = {{Code::unavailable, "nobody listens"},
                                   {Code::outcome_unknown, "the connection ended"}};
  CHECK(late.activate().has_value());
  Md absent;
  absent.mirror.mirrors.clear();
  const Instant begun = absent.clock.now();
  const Status status = absent.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 5);
  CHECK(absent.clock.now() - begun < 11s);
}

TEST_CASE("md: a promotion without an answer ends by the deadline") {
  Md bench;
  bench.mirror.silent = true;
  const Instant begun = bench.clock.now();
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 6);
  CHECK(bench.clock.now() - begun <= bench.time_limit);
}

TEST_CASE("md: called off while it waits for the engine, it ends at once") {
  Md bench;
  bench.mirror.mirrors.clear();
  bench.clock.call_at(bench.clock.now() + 1s, [&] { bench.cancellation.request(); });
  const Instant begun = bench.clock.now();
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(bench.clock.now() - begun <= 1s);
}

TEST_CASE("md: a damaged file system is checked wholly, and what is left damaged is not mounted") {
  Md bench;
  bench.process.behaviours["/usr/sbin/e2fsck"].end = {.exit_code = 4, .last_line = "bad inode"};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 8);
  REQUIRE(bench.process.started.size() == 2);
  CHECK(bench.command(1) == "/usr/sbin/e2fsck -f -y /dev/loop9");
}

TEST_CASE("md: errors that the check mended are no failure") {
  Md bench;
  bench.process.behaviours["/usr/sbin/e2fsck"].end = {.exit_code = 1, .last_line = "mended"};
  CHECK(bench.activate().has_value());
}

TEST_CASE("md: without repair a failing mount is tried once") {
  Md bench;
  bench.params["fsck"] = std::string("never");
  bench.params["repair"] = false;
  bench.params["mount_retries"] = std::int64_t{0};
  bench.process.behaviours["/usr/bin/mount"].end = {.exit_code = 32, .last_line = "wrong fs type"};
  const Status status = bench.activate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 9);
  CHECK(holds(status.error().message, "wrong fs type"));
  CHECK(bench.process.started.size() == 1);
}

TEST_CASE("md: with repair it is repaired and mounted again") {
  Md bench({{"file_system", std::string("xfs")}, {"mount_point", std::string("/mnt/md1")}});
  bench.process.behaviours["/usr/bin/mount"].end = {.exit_code = 32, .last_line = "bad log"};
  bench.params["mount_retries"] = std::int64_t{1};
  CHECK_FALSE(bench.activate().has_value());
  REQUIRE(bench.process.started.size() == 5);
  CHECK(bench.command(1) == bench.command(0));
  CHECK(bench.command(2) == "/usr/sbin/xfs_repair /dev/loop9");
  CHECK(bench.command(3) == bench.command(0));
}

TEST_CASE("md: a mount that succeeds when it is tried again needs no repair") {
  Md bench;
  bench.process.behaviours["/usr/bin/mount"].end = {.exit_code = 32, .last_line = "busy"};
  bench.process.on_start = [&bench](const Program& program) {
    if (program.argv.front() != "/usr/bin/mount") return;
    if (bench.process.started.size() == 3) bench.process.behaviours["/usr/bin/mount"].end = {};
  };
  CHECK(bench.activate().has_value());
  REQUIRE(bench.process.started.size() >= 3);
  CHECK(bench.command(bench.process.started.size() - 1).starts_with("/usr/bin/mount "));
  CHECK(bench.warnings.empty());
}

TEST_CASE("md: a whole check and a repair are run with the options that were given") {
  Md bench;
  bench.params["fsck"] = std::string("always");
  bench.params["fsck_options"] = std::vector<std::string>{"-p", "-v"};
  CHECK(bench.activate().has_value());
  CHECK(bench.command(0) == "/usr/sbin/e2fsck -f -p -v /dev/loop9");
  Md xfs({{"file_system", std::string("xfs")}, {"mount_point", std::string("/mnt/md1")}});
  xfs.params["xfs_repair_options"] = std::vector<std::string>{"-L"};
  xfs.params["mount_retries"] = std::int64_t{0};
  xfs.process.behaviours["/usr/bin/mount"].end = {.exit_code = 32, .last_line = "bad log"};
  CHECK_FALSE(xfs.activate().has_value());
  CHECK(xfs.command(1) == "/usr/sbin/xfs_repair -L /dev/loop9");
}

TEST_CASE("md: without a file system the device itself is used") {
  Md bench({{"file_system", std::string("none")}});
  CHECK(bench.activate().has_value());
  CHECK(bench.check() == healthy());
  CHECK(bench.deactivate().has_value());
  CHECK(bench.process.started.empty());
  CHECK(bench.copy().role == MirrorRole::secondary);
}

TEST_CASE("md: unmounted before it is given back") {
  Md bench;
  bench.in_use();
  bench.process.behaviours["/usr/bin/umount"].end = {};
  bench.process.on_start = [&bench](const Program& program) {
    if (program.argv.front() == "/usr/bin/umount") {
      CHECK(bench.copy().role == MirrorRole::primary);
      bench.mounts.mounted.clear();
    }
  };
  CHECK(bench.deactivate().has_value());
  CHECK(bench.copy().role == MirrorRole::secondary);
  CHECK(bench.mirror.calls == std::vector<std::string>{"demote"});
}

TEST_CASE("md: what is not active is given back without a word") {
  Md bench;
  CHECK(bench.deactivate().has_value());
  CHECK(bench.warnings.empty());
  CHECK(bench.process.started.empty());
}

TEST_CASE("md: an engine that does not run holds nothing") {
  Md bench;
  bench.mirror.mirrors.clear();
  const Instant begun = bench.clock.now();
  CHECK(bench.deactivate().has_value());
  CHECK(bench.clock.now() - begun < 3s);
  CHECK(bench.warnings.size() == 1);
}

// Whoever holds the mount point keeps it from being unmounted.
struct Held : Md {
  Held() {
    in_use();
    mounts.held_by = {{.pid = 41, .name = "postgres"}};
    process.behaviours["/usr/bin/umount"].end = {.exit_code = 32, .last_line = "target is busy."};
    process.on_start = [this](const Program& program) {
      if (program.argv.front() != "/usr/bin/umount" || !mounts.held_by.empty()) return;
      process.behaviours["/usr/bin/umount"].end = {};
      mounts.mounted.clear();
    };
  }
};

TEST_CASE("md: who holds the mount point is asked to end, then killed, and named") {
  Held polite;
  CHECK(polite.deactivate().has_value());
  CHECK(polite.mounts.calls == std::vector<std::string>{"ask /mnt/md1"});
  Held stubborn;
  stubborn.mounts.holders_ignore_sigterm = true;
  CHECK(stubborn.deactivate().has_value());
  CHECK(stubborn.mounts.calls == std::vector<std::string>{"ask /mnt/md1", "kill /mnt/md1"});
  REQUIRE_FALSE(stubborn.warnings.empty());
  CHECK(holds(stubborn.warnings.front(), "postgres (41)"));
}

TEST_CASE("md: nobody is ended where that is not wanted, and the mirror is kept") {
  Held bench;
  bench.params["unmount_action"] = std::string("none");
  const Status status = bench.deactivate();
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().number == 10);
  CHECK(holds(status.error().message, "in use by postgres (41)"));
  CHECK(bench.mounts.calls.empty());
  CHECK(bench.mirror.calls.empty());
}

TEST_CASE("md: a file system that cannot be unmounted loses its device, within the deadline") {
  Held bench;
  bench.process.on_start = nullptr;
  bench.mirror.in_use = true;
  const Instant begun = bench.clock.now();
  const Status status = bench.deactivate();
  CHECK_FALSE(status.has_value());  // The mount itself is still there.
  CHECK(bench.copy().role == MirrorRole::secondary);
  CHECK(bench.clock.now() - begun <= bench.time_limit);
}

TEST_CASE("md: an unmount that waits for writes without end is freed by the demotion, in time") {
  Md bench;
  bench.in_use();
  bench.process.behaviours["/usr/bin/umount"].lasts = 1h;
  bench.process.on_start = [&bench](const Program&) {
    if (bench.copy().role == MirrorRole::primary) return;
    bench.process.behaviours["/usr/bin/umount"].lasts = 1ms;
  };
  const Instant begun = bench.clock.now();
  CHECK(bench.deactivate().has_value());
  CHECK(bench.mirror.calls == std::vector<std::string>{"force demote"});
  CHECK(bench.clock.now() - begun < bench.time_limit * 3 / 4);
}

TEST_CASE("mdw: well while the copy is primary and mounted") {
  Md bench;
  bench.in_use();
  CHECK(bench.check() == healthy());
}

TEST_CASE("mdw: each thing that can be lost has its number") {
  const auto number = [](void (*spoil)(Md&)) {
    Md bench;
    bench.in_use();
    spoil(bench);
    const Health health = bench.check();
    CHECK(health.verdict == Verdict::unhealthy);
    return health.number;
  };
  CHECK(number([](Md& bench) { bench.mirror.mirrors.clear(); }) == 5);
  CHECK(number([](Md& bench) { bench.copy().role = MirrorRole::broken; }) == 7);
  CHECK(number([](Md& bench) { bench.copy().role = MirrorRole::secondary; }) == 11);
  CHECK(number([](Md& bench) { bench.mounts.mounted.clear(); }) == 12);
  CHECK(number([](Md& bench) { bench.mounted_from("/dev/sdb1"); }) == 12);
  CHECK(number([](Md& bench) { bench.mounts.mounted["/mnt/md1"].read_only = true; }) == 13);
}

TEST_CASE("mdw: an engine that was restarted and is not ready yet is unknown, not unhealthy") {
  Md bench;
  bench.in_use();
  for (const auto role : {MirrorRole::opening, MirrorRole::promoting}) {
    bench.copy().role = role;
    CHECK(bench.check().verdict == Verdict::unknown);
  }
}

TEST_CASE("mdw: an engine that says nothing is unknown, not unhealthy") {
  Md bench;
  bench.in_use();
  bench.mirror.silent = true;
  CHECK(bench.check().verdict == Verdict::unknown);
}

TEST_CASE("md: an engine that was restarted is made primary again at the same term") {
  Md bench;
  bench.in_use();
  Context context = bench.context();
  Task<Error> watch = bench.type.watch(bench.params, context);
  watch.start();
  bench.copy().role = MirrorRole::secondary;
  bench.copy().term = 6;
  bench.clock.advance(3s);
  CHECK(bench.copy().role == MirrorRole::primary);
  CHECK(bench.copy().term == 7);
  CHECK_FALSE(watch.done());
  bench.copy().role = MirrorRole::secondary;
  bench.copy().term = 8;  // Another node has gone on.
  bench.clock.advance(3s);
  REQUIRE(watch.done());
  CHECK(watch.take().number == 4);
}

TEST_CASE("md: the file system of a mirror that has grown is grown, once, while it is mounted") {
  for (const std::string type : {"ext4", "xfs"}) {
    Md bench({{"file_system", type}, {"mount_point", std::string("/mnt/md1")}});
    bench.in_use();
    bench.copy().size = 1000;
    bench.process.behaviours["/usr/sbin/resize2fs"] = {};
    bench.process.behaviours["/usr/sbin/xfs_growfs"] = {};
    Context context = bench.context();
    Task<Error> watch = bench.type.watch(bench.params, context);
    watch.start();
    bench.clock.advance(3s);
    CHECK(bench.process.started.empty());
    bench.copy().size = 2000;
    bench.copy().grown_from = 1000;
    bench.clock.advance(3s);
    REQUIRE(bench.process.started.size() == 1);
    CHECK(bench.command(0) ==
          (type == "ext4" ? "/usr/sbin/resize2fs /dev/loop9" : "/usr/sbin/xfs_growfs /mnt/md1"));
    bench.copy().size = 3000;
    bench.clock.advance(3s);
    CHECK(bench.process.started.size() == 2);
    bench.cancellation.request();
    bench.clock.advance(3s);
    CHECK(watch.done());
  }
}

TEST_CASE("md: a file system that cannot be grown is named, and tried no more") {
  Md bench;
  bench.in_use();
  bench.copy().size = 2000;
  bench.copy().grown_from = 1000;
  bench.process.behaviours["/usr/sbin/resize2fs"] = {
      .end = {.exit_code = 1, .last_line = "Bad magic"}};
  Context context = bench.context();
  Task<Error> watch = bench.type.watch(bench.params, context);
  watch.start();
  bench.clock.advance(5s);
  CHECK(bench.process.started.size() == 1);
  REQUIRE(bench.warnings.size() == 1);
  CHECK(holds(bench.warnings[0], "has 2000 bytes, but its file system could not be made as large"));
  CHECK(holds(bench.warnings[0], "/usr/sbin/resize2fs returned 1: Bad magic"));
}

TEST_CASE("md: a copy that is not in use and not the latest keeps its group away, in words") {
  Md bench;
  const auto behind = [&bench] {
    Context here = bench.context();
    return testing::run(bench.clock, bench.type.behind(bench.params, here));
  };
  CHECK(behind() == Result<std::string>(""));
  bench.copy().own = CopyState::recovering;
  CHECK(behind() == Result<std::string>("the copy of resource1 there is recovering"));
  bench.copy().role = MirrorRole::primary;
  CHECK(behind() == Result<std::string>(""));
  bench.mirror.mirrors.clear();
  CHECK_FALSE(behind().has_value());
}

TEST_CASE("md: a file system needs a place, and a place needs a file system") {
  const auto& schema = find_resource_type("md")->schema;
  Params params = defaults_of(schema.fields);
  params["data_partition"] = std::string("/dev/a");
  params["cluster_partition"] = std::string("/dev/a");
  CHECK(schema.laws(params).size() == 2);
  params["cluster_partition"] = std::string("/dev/b");
  params["file_system"] = std::string("none");
  CHECK(schema.laws(params).empty());
  params["mount_point"] = std::string("/mnt");
  CHECK(schema.laws(params).size() == 1);
}

}  // namespace
}  // namespace mainstay
