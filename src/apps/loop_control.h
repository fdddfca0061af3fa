// The API's Control over the daemon's loop: each question is posted there and waited for here.
#pragma once

#include <functional>
#include <future>
#include <memory>

#include "adapters/history/history.h"
#include "adapters/linux/loop.h"
#include "api/control.h"
#include "config/model.h"
#include "runtime/node_driver.h"
#include "runtime/remote.h"

namespace mainstay::apps {

// What the loop's thread answers with. Cleared, on that thread, when the driver goes: questions
// that come later are told that the daemon is stopping.
struct Answerers {
  NodeDriver* driver = nullptr;
  Remote* remote = nullptr;
  Clock* clock = nullptr;
  std::function<api::DaemonStatus()> daemon_status;
  api::OrderMirror order_mirror;
};

class LoopControl final : public api::Control {
 public:
  struct Setup {
    std::shared_ptr<adapters::Mailbox> mailbox;
    std::shared_ptr<Answerers> answerers;
    adapters::History& history;
    std::shared_ptr<const ClusterConfig> config;
    NodeName self;
    std::string version;
  };
  explicit LoopControl(Setup setup) : setup_(std::move(setup)) {}

  NodeName self() const override { return setup_.self; }
  std::string version() const override { return setup_.version; }
  Result<api::StatusReport> status(Duration wait) override;
  Status ask(Command command, Duration wait) override;
  Status order_mirror(const ResourceName& mirror, MirrorOrder order, Duration wait) override;
  Result<std::vector<EventRecord>> events(const api::EventQuery& query) override;
  Result<std::vector<ActivationRecord>> activations(std::string_view group,
                                                    std::size_t limit) override;
  Result<api::Reply> forward(const NodeName& node, const api::Request& request,
                             Duration wait) override;

 private:
  template <class T>
  using Promise = std::shared_ptr<std::promise<Result<T>>>;
  // Runs the job on the loop's thread and waits until it has kept its promise; `late` if it has not
  // in time.
  template <class T>
  Result<T> on_loop(Duration wait, Error late,
                    std::function<void(Answerers&, const Promise<T>&)> job);

  Setup setup_;
};

}  // namespace mainstay::apps
