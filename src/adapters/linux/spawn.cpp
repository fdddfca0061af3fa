// Starts a program with clone3, straight into its cgroup and with a pidfd.
//
// Between clone and exec the child only makes system calls: other threads of ours may have held any
// lock, the allocator's included, at the moment of the clone.
#include "adapters/linux/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>

#include "adapters/linux/errno_text.h"

namespace mainstay::adapters {
namespace {

constexpr int exec_patience_ms = 500;

enum class Step : int { session, descriptors, directory, exec };

struct ChildReport {
  Step step;
  int number;
};

// Everything the child needs, made before it exists.
struct Prepared {
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* directory;
  int null;
  int output;
  int error;
  int report;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void give_up(int report, Step step) {
  const ChildReport content{step, errno};
  // If even this fails, the exit code is all there is.
  static_cast<void>(!write(report, &content, sizeof content));
  _exit(exec_failed_exit);
}

void restore_signals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(const Prepared& prepared) {
  restore_signals();
  if (setsid() < 0) give_up(prepared.report, Step::session);
  if (dup2(prepared.null, 0) < 0 || dup2(prepared.output, 1) < 0 || dup2(prepared.error, 2) < 0 ||
      syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    give_up(prepared.report, Step::descriptors);
  }
  if (chdir(prepared.directory) != 0) give_up(prepared.report, Step::directory);
  umask(022);
  execve(prepared.argv[0], prepared.argv.data(), prepared.environment.data());
  give_up(prepared.report, Step::exec);
}

long clone_child(int cgroup, int& pidfd) {
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint32_t>(cgroup);
  }
  return syscall(SYS_clone3, &arguments, sizeof arguments);
}

std::unexpected<Error> child_failure(const ChildReport& report, const SpawnRequest& request) {
  const std::string& file = request.argv.front();
  if (report.step == Step::directory) {
    return errno_failure(report.number,
                         fmt::format("{}: its directory {}", file, request.directory));
  }
  if (report.step == Step::exec && report.number == ENOEXEC) {
    return failure(Code::invalid,
                   fmt::format("{}: it is neither a program nor a script; a script's first line "
                               "must name its interpreter, like #!/bin/sh",
                               file));
  }
  if (report.step == Step::exec && report.number == ENOENT) {
    struct stat facts{};
    if (stat(file.c_str(), &facts) == 0) {
      return failure(Code::not_found,
                     fmt::format("{}: the interpreter its first line names does not exist", file));
    }
  }
  if (report.step == Step::exec && report.number == EACCES) {
    return failure(Code::denied,
                   fmt::format("{}: it is not executable; run `chmod +x` on it", file));
  }
  return errno_failure(report.number, file);
}

// Nothing was reported and the pipe is closed: the exec has happened.
bool child_failed(int report_fd, ChildReport& report) {
  pollfd waiting{.fd = report_fd, .events = POLLIN, .revents = 0};
  if (poll(&waiting, 1, exec_patience_ms) <= 0) return false;
  return read(report_fd, &report, sizeof report) == sizeof report;
}

}  // namespace

Result<Spawned> spawn(const SpawnRequest& request) {
  int report_pipe[2];
  if (pipe2(report_pipe, O_CLOEXEC) != 0) return errno_failure(errno, request.argv.front());
  const Fd report_read(report_pipe[0]);
  Fd report_write(report_pipe[1]);
  const Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Prepared prepared{.argv = pointers(request.argv),
                          .environment = pointers(request.environment),
                          .directory = request.directory.c_str(),
                          .null = null.number(),
                          .output = request.output,
                          .error = request.error,
                          .report = report_write.number()};
  int pidfd = -1;
  long pid = clone_child(request.cgroup, pidfd);
  const bool in_cgroup = request.cgroup >= 0 && pid >= 0;
  if (pid < 0 && request.cgroup >= 0) pid = clone_child(-1, pidfd);
  if (pid == 0) become(prepared);
  if (pid < 0) return errno_failure(errno, request.argv.front() + ": it cannot be started");
  Spawned spawned{.pid = static_cast<int>(pid), .pidfd = Fd(pidfd), .in_cgroup = in_cgroup};
  report_write.reset();
  ChildReport report{};
  if (!child_failed(report_read.number(), report)) return spawned;
  siginfo_t ignored{};
  waitid(P_PIDFD, static_cast<id_t>(pidfd), &ignored, WEXITED);
  return child_failure(report, request);
}

}  // namespace mainstay::adapters
