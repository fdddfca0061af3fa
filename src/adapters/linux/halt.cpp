// How this node ends itself.
#include "adapters/linux/halt.h"

#include <fcntl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "adapters/linux/errno_text.h"
#include "adapters/linux/spawn.h"
#include "base/check.h"
#include "posix/fd.h"

namespace mainstay::adapters {
namespace {

// The inode of the initial PID namespace, fixed by the kernel's ABI.
constexpr ino_t initial_pid_namespace_inode = 0xeffffffc;

Status write_sysrq(char command) {
  const char* file = "/proc/sysrq-trigger";
  const Fd fd(open(file, O_WRONLY | O_CLOEXEC));
  if (!fd || write(fd.number(), &command, 1) != 1) return errno_failure(errno, file);
  return {};
}

Status call_reboot(int command) {
  if (reboot(command) != 0) return errno_failure(errno, "reboot(2)");
  return {};
}

Status run_program(std::vector<std::string> argv) {
  const Fd null(open("/dev/null", O_WRONLY | O_CLOEXEC));
  const auto spawned = spawn({.argv = std::move(argv),
                              .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                              .directory = "/",
                              .output = null.number(),
                              .error = null.number()});
  if (!spawned) return std::unexpected(spawned.error());
  return {};
}

Status end_namespace(const HaltPlace& place, const HaltMeans& means, HaltKind kind) {
  if (place.initial_pid_namespace) {
    return failure(Code::denied,
                   "MAINSTAY_LAB is set, but this is the machine itself; nothing is halted");
  }
  if (place.lab && *place.lab != place.pid_namespace) {
    return failure(Code::denied, fmt::format("MAINSTAY_LAB is '{}', but this is {}; nothing is "
                                             "halted",
                                             *place.lab, place.pid_namespace));
  }
  return means.reboot(kind == HaltKind::shut_down ? RB_POWER_OFF : RB_AUTOBOOT);
}

// Orderly by the service manager where that works, else by the kernel.
Status end_machine(const HaltMeans& means, HaltKind kind) {
  if (kind == HaltKind::reset) {
    if (means.sysrq('b')) return {};
    return means.reboot(RB_AUTOBOOT);
  }
  const bool off = kind == HaltKind::shut_down;
  if (means.run({"/usr/bin/systemctl", "--no-block", off ? "poweroff" : "reboot"})) return {};
  return means.reboot(off ? RB_POWER_OFF : RB_AUTOBOOT);
}

}  // namespace

HaltMeans real_means() { return {.sysrq = write_sysrq, .reboot = call_reboot, .run = run_program}; }

HaltPlace this_place(bool allowed) {
  HaltPlace place{.allowed = allowed};
  const char* link = "/proc/self/ns/pid";
  std::array<char, 64> text{};
  struct stat facts {};
  // What cannot be told apart is taken for the machine.
  if (readlink(link, text.data(), text.size() - 1) > 0 && stat(link, &facts) == 0) {
    place.pid_namespace = text.data();
    place.initial_pid_namespace = facts.st_ino == initial_pid_namespace_inode;
  }
  if (const char* lab = std::getenv("MAINSTAY_LAB")) place.lab = lab;
  return place;
}

HaltActions real_halts(HaltPlace place, HaltMeans means) {
  return {.act = [place = std::move(place), means = std::move(means)](HaltKind kind) -> Status {
    MAINSTAY_CHECK(kind != HaltKind::stop_service);
    if (!place.allowed) {
      return failure(Code::denied, "halting this node is not allowed by its configuration");
    }
    if (place.lab || !place.initial_pid_namespace) return end_namespace(place, means, kind);
    return end_machine(means, kind);
  }};
}

}  // namespace mainstay::adapters
