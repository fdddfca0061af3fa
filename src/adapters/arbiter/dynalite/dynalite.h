// dynalite as a child process on loopback, and a proxy before it that loses things: test support.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/check.h"

namespace mainstay::dynamodb {

class Dynalite {
 public:
  // Needs MAINSTAY_DYNALITE: the folder it is installed in.
  Dynalite() {
    const char* folder = std::getenv("MAINSTAY_DYNALITE");
    if (folder == nullptr) return;
    int ends[2];
    MAINSTAY_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    pid_ = fork();
    MAINSTAY_CHECK(pid_ >= 0);
    if (pid_ == 0) run(folder, ends[1]);
    close(ends[1]);
    port_ = read_port(ends[0]);
    close(ends[0]);
  }
  ~Dynalite() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Dynalite(const Dynalite&) = delete;
  Dynalite& operator=(const Dynalite&) = delete;

  // 0: it could not be started.
  int port() const { return port_; }

 private:
  [[noreturn]] static void run(const char* folder, int output) {
    constexpr const char* program =
        "require('dynalite')({createTableMs: 20, deleteTableMs: 20}).listen(0, '127.0.0.1', "
        "function () { console.log(this.address().port) })";
    dup2(output, STDOUT_FILENO);
    if (chdir(folder) == 0) {
      execlp("node", "node", "-e", program, static_cast<char*>(nullptr));
    }
    _exit(127);
  }

  // One line; nothing if it ends before.
  static int read_port(int descriptor) {
    std::string line;
    char c = 0;
    while (read(descriptor, &c, 1) == 1 && c != '\n') line += c;
    return std::atoi(line.c_str());
  }

  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace mainstay::dynamodb
