// The API over HTTP on a Unix socket (docs/api.md). It has threads of its own; the daemon's loop is
// only ever posted to, through Control.
#pragma once

#include <memory>
#include <string>

#include "api/control.h"

namespace mainstay::api {

struct ServerLimits {
  std::size_t threads = 8;   // started when needed, then kept
  std::size_t waiting = 32;  // connections accepted and not yet served; more wait in the kernel
  std::size_t streams = 3;   // each holds a thread
  std::size_t orders = 3;    // each holds a thread while it is carried out
};

class Server {
 public:
  // Listens from here on; the socket has mode 0660. `control` outlives the server.
  static Result<std::unique_ptr<Server>> start(Control& control, const std::string& socket_path,
                                               ServerLimits limits = {});
  // Takes no more requests, ends the streams, waits for the requests under way (they end at their
  // deadlines; whoever ends the daemon settles the orders first), removes the socket.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace mainstay::api
