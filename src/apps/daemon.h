// One node's daemon: everything wired together, from its start to its end.
#pragma once

#include <memory>

#include "apps/log.h"
#include "apps/preparation.h"

namespace mainstay::apps {

class Daemon {
 public:
  // Opens everything and starts the node; an error says what could not be had. Takes SIGTERM,
  // SIGINT and SIGHUP. Call before any other thread is started.
  static Result<std::unique_ptr<Daemon>> start(Preparation prepared);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Until the node has stopped. The exit code.
  int run();

 private:
  struct Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace mainstay::apps
