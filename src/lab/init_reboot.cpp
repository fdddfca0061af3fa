// A seccomp filter with a listener.
#include "lab/init_reboot.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>

namespace mainstay::lab {
namespace {

bool may_reboot(std::uint32_t pid) {
  const auto status = read_file(fmt::format("/proc/{}/status", pid));
  if (!status) return false;
  constexpr std::string_view label = "CapEff:\t";
  const auto at = status->find(label);
  if (at == std::string::npos) return false;
  std::uint64_t powers = 0;
  const char* digits = status->data() + at + label.size();
  std::from_chars(digits, digits + 16, powers, 16);
  return (powers >> CAP_SYS_BOOT & 1U) != 0;
}

std::optional<std::string> meaning(const seccomp_notif& call) {
  const auto first = static_cast<std::uint32_t>(call.data.args[0]);
  const auto second = static_cast<std::uint32_t>(call.data.args[1]);
  if (first != LINUX_REBOOT_MAGIC1 ||
      (second != LINUX_REBOOT_MAGIC2 && second != LINUX_REBOOT_MAGIC2A &&
       second != LINUX_REBOOT_MAGIC2B && second != LINUX_REBOOT_MAGIC2C)) {
    return std::nullopt;
  }
  switch (static_cast<std::uint32_t>(call.data.args[2])) {
    case LINUX_REBOOT_CMD_RESTART:
    case LINUX_REBOOT_CMD_RESTART2:
      return "reset";
    case LINUX_REBOOT_CMD_HALT:
    case LINUX_REBOOT_CMD_POWER_OFF:
      return "power-off";
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<Fd> watch_reboots() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_reboot, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof(rules) / sizeof(rules[0]), rules};
  Fd watch(static_cast<int>(
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program)));
  if (!watch) return system_failure("watch for reboots");
  return watch;
}

std::optional<std::string> take_reboot(const Fd& watch) {
  seccomp_notif call{};
  if (::ioctl(watch.number(), SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return std::nullopt;
  auto asked = meaning(call);
  if (asked && may_reboot(call.pid))
    return asked;  // Never answered: the caller does not come back.
  seccomp_notif_resp answer{};
  answer.id = call.id;
  answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ::ioctl(watch.number(), SECCOMP_IOCTL_NOTIF_SEND, &answer);
  return std::nullopt;
}

}  // namespace mainstay::lab
