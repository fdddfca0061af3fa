// The engine: the mirror's core, and around it disks, peer, front end and control socket, on one
// thread. It is the supervisor's child, which it talks to over its standard input.
#pragma once

#include <memory>

#include "base/result.h"
#include "mirrord/config.h"

namespace mainstay::mirrord {

// The engine cannot run with this configuration or these devices; to try again cannot help.
inline constexpr int engine_refused_exit = 2;

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> start(const EngineConfig& config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Until the supervisor says so; the exit code.
  int run();

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mainstay::mirrord
