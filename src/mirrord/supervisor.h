// The process that keeps the kernel's side open: the FUSE connection, its mount, the loop device
// and the control socket; and the memory with the requests under way. The engine is its child; when
// that ends unasked, a new one takes over, and whoever uses the device has only waited.
//
// What needs the engine's answers (opening the file, the loop device) is done on a thread of its
// own, so that an engine that dies meanwhile can be replaced.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "mirrord/config.h"

namespace mainstay::mirrord {

class Supervisor {
 public:
  // `program`: what to start as the engine, with `arguments`.
  struct Setup {
    EngineConfig config;
    std::string program;
    std::vector<std::string> arguments;
  };
  // conflict: another one runs for this mirror.
  static Result<std::unique_ptr<Supervisor>> start(Setup setup);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until SIGTERM or SIGINT; the exit code.
  int run();

 private:
  struct State;
  explicit Supervisor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mainstay::mirrord
