// Entering namespaces: always on a thread made for it, so that no other thread is ever in the wrong
// one.
#include "lab/netns.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "lab/netlink.h"

namespace mainstay::lab {
namespace {

Status on_own_thread(const std::function<Status()>& work) {
  Status outcome;
  std::thread([&] { outcome = work(); }).join();
  return outcome;
}

Result<Fd> memory_file(std::string_view text) {
  Fd file(memfd_create("nft", MFD_CLOEXEC));
  if (!file) return system_failure("memfd_create");
  if (::write(file.number(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::lseek(file.number(), 0, SEEK_SET) != 0) {
    return system_failure("write the nft script");
  }
  return file;
}

Status wait_for_nft(pid_t child, const Fd& complaint, std::string_view script) {
  int how = 0;
  while (::waitpid(child, &how, 0) < 0) {
    if (errno != EINTR) return system_failure("wait for nft");
  }
  if (WIFEXITED(how) && WEXITSTATUS(how) == 0) return {};
  std::string said(2000, '\0');
  const ssize_t got = ::pread(complaint.number(), said.data(), said.size(), 0);
  said.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return failure(Code::invalid, fmt::format("nft refused a change: {}\n{}", said, script));
}

Status spawn_nft(std::string_view script) {
  auto input = memory_file(script);
  if (!input) return std::unexpected(input.error());
  const Fd complaint(memfd_create("nft-errors", MFD_CLOEXEC));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input->number(), 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, complaint.number(), 2);
  const char* const argv[] = {"nft", "-f", "-", nullptr};
  const char* const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", nullptr};
  pid_t child = -1;
  errno = posix_spawnp(&child, "nft", &actions, nullptr, const_cast<char* const*>(argv),
                       const_cast<char* const*>(env));
  posix_spawn_file_actions_destroy(&actions);
  if (errno != 0) return system_failure("start nft (is the package nftables installed?)");
  return wait_for_nft(child, complaint, script);
}

}  // namespace

Result<Fd> make_network_namespace() {
  Fd made;
  const auto done = on_own_thread([&]() -> Status {
    if (::unshare(CLONE_NEWNET) != 0) return system_failure("make a network namespace");
    made = Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!made) return system_failure("open the new network namespace");
    auto netlink = Netlink::open();
    if (!netlink) return std::unexpected(netlink.error());
    return netlink->set_up(1);
  });
  if (!done) return std::unexpected(done.error());
  return made;
}

Status inside(const Fd& network_namespace, const std::function<Status()>& work) {
  return on_own_thread([&]() -> Status {
    if (::setns(network_namespace.number(), CLONE_NEWNET) != 0) {
      return system_failure("enter a network namespace");
    }
    return work();
  });
}

Status run_nft(const Fd& network_namespace, std::string_view script) {
  return inside(network_namespace, [&] { return spawn_nft(script); });
}

}  // namespace mainstay::lab
