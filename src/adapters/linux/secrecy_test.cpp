// What is left of a process that dies with a secret in its memory.
#include "adapters/linux/secrecy.h"

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "adapters/linux/test_support.h"

namespace mainstay::adapters {
namespace {

// Not in the program itself: put together at run time.
std::string secret() {
  std::string text = "swordfish";
  for (char c = 'a'; c <= 'z'; ++c) text += c;
  return text;
}

struct Crash {
  bool dumped = false;
  int files = 0;
  bool secret_found = false;
};

// Whether the kernel writes dumps to where the process is: where they go to a program or elsewhere,
// only its word counts.
bool dumps_are_written_here() {
  std::ifstream file("/proc/sys/kernel/core_pattern");
  std::string pattern;
  std::getline(file, pattern);
  return !pattern.empty() && pattern.find_first_of("|/") == std::string::npos;
}

[[noreturn]] void die_with_a_secret(const TemporaryDirectory& directory, bool keeps) {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  const bool may_dump = chdir(directory.path().c_str()) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0 &&
                        setrlimit(RLIMIT_CORE, &unlimited) == 0;
  if (!may_dump || (keeps && !keep_secrets())) _exit(1);
  const std::string held = secret();
  std::signal(SIGABRT, SIG_DFL);
  if (!held.empty()) std::abort();
  _exit(2);
}

Crash crash(bool keeps) {
  const TemporaryDirectory directory;
  const pid_t child = fork();
  if (child == 0) die_with_a_secret(directory, keeps);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  Crash seen{.dumped = WCOREDUMP(status) != 0};
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    ++seen.files;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    seen.secret_found = seen.secret_found || bytes.find(secret()) != std::string::npos;
  }
  return seen;
}

TEST_CASE(
    "a process that keeps its secrets leaves no dump when it crashes; any other leaves them") {
  const Crash open = crash(false);
  if (open.dumped && dumps_are_written_here()) {
    CHECK(open.files == 1);
    CHECK(open.secret_found);
  } else {
    MESSAGE("this machine writes no dumps, or gives them to somebody else");
  }
  const Crash kept = crash(true);
  CHECK_FALSE(kept.dumped);
  CHECK(kept.files == 0);
}

TEST_CASE("what a process that keeps its secrets starts is an ordinary one") {
  // In a child: this program's own state is not to be changed.
  const pid_t child = fork();
  if (child == 0) {
    const bool kept = keep_secrets() && prctl(PR_GET_DUMPABLE) == 0;
    if (!kept) _exit(1);
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
