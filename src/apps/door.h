// The daemon's door: its API over the Unix socket, and the same for requests that other nodes
// forward. Joins the API's threads to the loop's one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "adapters/history/history.h"
#include "adapters/linux/loop.h"
#include "api/control.h"
#include "config/model.h"
#include "runtime/node_driver.h"

namespace mainstay::apps {

class Door {
 public:
  struct Parts {
    adapters::Loop& loop;
    Clock& clock;
    NodeDriver& driver;
    adapters::History& history;
    std::shared_ptr<const ClusterConfig> config;
    NodeName self;
    std::string version;
    std::function<api::DaemonStatus()> daemon_status;  // on the loop's thread
    api::OrderMirror order_mirror;
  };
  // Everything on the loop's thread. The parts outlive the door.
  static Result<std::unique_ptr<Door>> open(Parts parts, const std::string& socket);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  // Requests of other nodes that are not answered yet.
  std::size_t unanswered() const;
  // The driver is about to go: whoever waits for it is told so, and nobody asks it any more. Then
  // the loop must run until the threads are done, which `closed` says, on its thread.
  void close(std::function<void()> closed);

 private:
  struct Impl;
  explicit Door(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace mainstay::apps
