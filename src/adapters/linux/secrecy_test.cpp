// What another process can see of one that keeps its secrets.
#include "adapters/linux/secrecy.h"

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mainstay::adapters {
namespace {

TEST_CASE("a process that keeps its secrets cannot be dumped, and what it starts can") {
  // In a child: this program's own state is not to be changed.
  const pid_t child = fork();
  if (child == 0) {
    const bool kept = keep_secrets() && prctl(PR_GET_DUMPABLE) == 0;
    if (!kept) _exit(1);
    // After an exec the kernel has made the process an ordinary one again.
    execl("/bin/sh", "sh", "-c", "test -r /proc/self/environ", nullptr);
    _exit(2);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace mainstay::adapters
