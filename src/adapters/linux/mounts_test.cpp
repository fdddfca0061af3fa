// Who is mounted where, and who keeps a folder busy: by texts, and by real processes.
#include "adapters/linux/mounts.h"

#include <doctest/doctest.h>

#include <algorithm>

#include <fcntl.h>
#include <signal.h>

#include "adapters/linux/test_support.h"
#include "posix/fd.h"

namespace mainstay::adapters {
namespace {

constexpr std::string_view mountinfo =
    "22 28 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
    "90 28 7:3 / /mnt/md1 rw,relatime shared:9 master:1 - ext4 /dev/loop3 rw,errors=continue\n"
    "91 28 8:1 / /mnt/a\\040b ro,noatime - xfs /dev/sda1 rw\n"
    "92 90 8:2 / /mnt/md1 rw - ext4 /dev/sdb2 ro,relatime\n"
    "a line that is none\n";

TEST_CASE(
    "the topmost mount of a point is found, with its source, type and whether it is read-only") {
  const auto top = find_mount(mountinfo, "/mnt/md1");
  REQUIRE(top.has_value());
  CHECK(*top == MountEntry{.source = "/dev/sdb2", .type = "ext4", .read_only = true});
  const auto spaced = find_mount(mountinfo, "/mnt/a b");
  REQUIRE(spaced.has_value());
  CHECK(*spaced == MountEntry{.source = "/dev/sda1", .type = "xfs", .read_only = true});
  CHECK_FALSE(find_mount(mountinfo, "/mnt").has_value());
  const auto devices = mounted_devices(mountinfo);
  CHECK(std::ranges::count(devices, "/mnt/a b", &MountedDevice::point) == 1);
  CHECK(std::ranges::all_of(devices, [](const MountedDevice& mounted) {
    return mounted.device.find(':') != std::string::npos;
  }));
  CHECK_FALSE(find_mount("", "/mnt").has_value());
}

TEST_CASE("the root is mounted, a new folder is not") {
  Loop loop;
  LinuxMounts mounts(loop);
  const TemporaryDirectory directory;
  const auto root = mounts.mounted_at("/");
  REQUIRE(root.has_value());
  CHECK(root->has_value());
  const auto nothing = mounts.mounted_at(directory.path().string() + "/");
  REQUIRE(nothing.has_value());
  CHECK_FALSE(nothing->has_value());
}

// A child that holds the folder until it is killed.
struct Holder {
  int pid = 0;
  Holder(const std::filesystem::path& folder, bool ignores_sigterm) {
    pid = fork();
    MAINSTAY_CHECK(pid >= 0);
    if (pid != 0) return;
    if (ignores_sigterm) signal(SIGTERM, SIG_IGN);
    if (chdir(folder.c_str()) != 0) _exit(1);
    while (true) pause();
  }
  ~Holder() {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
};

bool sees(Loop& loop, LinuxMounts& mounts, const std::string& point, int pid) {
  for (int i = 0; i < 200; ++i) {
    const auto found = finish(loop, mounts.holders(point, call_within(loop, 5s)));
    MAINSTAY_CHECK(found.has_value());
    for (const auto& holder : *found) {
      if (holder.pid == pid) return true;
    }
  }
  return false;
}

TEST_CASE("who works in a folder below the point is found, asked, and killed") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.path() / "data");
  const std::string point = directory.path().string();
  Loop loop;
  LinuxMounts mounts(loop);
  const Holder holder(directory.path() / "data", true);
  CHECK(sees(loop, mounts, point, holder.pid));
  CHECK_FALSE(sees(loop, mounts, point + "/dat", holder.pid));
  const auto asked =
      finish(loop, mounts.end_holders(point, Mounts::Force::ask, call_within(loop, 5s)));
  CHECK(asked == std::size_t{1});
  CHECK(sees(loop, mounts, point, holder.pid));
  const auto killed =
      finish(loop, mounts.end_holders(point, Mounts::Force::kill, call_within(loop, 5s)));
  CHECK(killed == std::size_t{1});
  siginfo_t info{};
  REQUIRE(waitid(P_PID, static_cast<id_t>(holder.pid), &info, WEXITED | WNOWAIT) == 0);
  CHECK(info.si_status == SIGKILL);
}

TEST_CASE("an open file holds the point, but never this process") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "ledger";
  const Fd fd(open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  Loop loop;
  LinuxMounts mounts(loop);
  const auto found = finish(loop, mounts.holders(directory.path().string(), call_within(loop, 5s)));
  REQUIRE(found.has_value());
  CHECK(found->empty());
}

TEST_CASE("a search that was called off ends at once") {
  Loop loop;
  LinuxMounts mounts(loop);
  Call call = call_within(loop, 5s);
  call.cancellation.request();
  const auto found = finish(loop, mounts.holders("/nowhere", call));
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().code == Code::cancelled);
}

}  // namespace
}  // namespace mainstay::adapters
