#include "apps/start_service.h"

#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

extern char** environ;

namespace mainstay::apps {
namespace {

// -1: it could not be run, or was killed.
int exit_code_of(const char* program, std::vector<char*> argv) {
  argv.push_back(nullptr);
  pid_t pid = 0;
  if (posix_spawnp(&pid, program, nullptr, nullptr, argv.data(), environ) != 0) return -1;
  int state = 0;
  while (waitpid(pid, &state, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

}  // namespace

Status start_service() {
  std::error_code absent;
  if (!std::filesystem::exists("/run/systemd/system", absent)) {
    return failure(Code::not_found,
                   "systemd does not run here, so the service cannot be started through it. Start "
                   "the daemon yourself: mainstayd --config /etc/mainstay/cluster.toml");
  }
  std::string words[] = {"systemctl", "start", "mainstayd"};
  const int code = exit_code_of("systemctl", {words[0].data(), words[1].data(), words[2].data()});
  if (code == 0) return {};
  return failure(Code::unavailable,
                 fmt::format("'systemctl start mainstayd' failed (exit code {}). See 'systemctl "
                             "status mainstayd' and 'journalctl -u mainstayd'",
                             code));
}

}  // namespace mainstay::apps
