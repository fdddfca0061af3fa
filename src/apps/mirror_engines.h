// The engines of this node's mirrors: started with the daemon, started again when they end, given
// the arbiter's record, and looked at for the status.
//
// An engine that outlived an earlier daemon is left as it is: a file system may be mounted from it.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "adapters/linux/loop.h"
#include "adapters/mirror/mirror_client.h"
#include "api/control.h"
#include "apps/mirror_plan.h"
#include "cluster/action.h"
#include "ports/arbiter.h"
#include "ports/clock.h"
#include "ports/process.h"

namespace mainstay::apps {

class MirrorEngines {
 public:
  struct Parts {
    adapters::Loop& loop;
    Clock& clock;
    Process& process;
    Arbiter* arbiter = nullptr;  // nullptr: none is configured
    std::vector<MirrorPlan> plans;
    std::string program;    // mainstay-mirrord
    std::string directory;  // of sockets, devices and configurations
    std::string log_directory;
    // Of permission_ended.
    Duration grace = 150ms;
    std::function<void(Severity, const std::string& subject, const std::string& text)> tell;
  };
  explicit MirrorEngines(Parts parts);
  ~MirrorEngines();
  MirrorEngines(const MirrorEngines&) = delete;
  MirrorEngines& operator=(const MirrorEngines&) = delete;

  // Writes the configurations and begins to keep the engines running.
  Status start();
  // Asks them to end, with their devices. Done when none is left.
  Task<Status> stop(Call call);
  Mirror& port() { return client_; }
  // not_found: no such mirror here.
  void order(const ResourceName& mirror, MirrorOrder order, Duration wait,
             std::function<void(Status)> done);
  // The group is being stopped because this node may no longer run it. Where neither the other copy
  // nor the arbiter can be reached, writes are held, and whoever waits for one cannot be ended: if
  // the group has not given its device back by itself after a moment, it is taken away, so that
  // they fail.
  void permission_ended(const GroupName& group);
  // As they were when they were last looked at, a moment ago.
  std::vector<api::MirrorReport> reports() const;

 private:
  struct Engine;

  void look_after(Engine& engine);
  void begin(Engine& engine);
  Task<void> wait_for_end(Engine& engine, std::shared_ptr<RunningProgram> program);
  Task<void> look_at(Engine& engine);
  Task<void> take_away(Engine& engine);
  Task<void> carry_out(std::string mirror, MirrorOrder order, Call call,
                       std::function<void(Status)> done);
  void serve_record(Engine& engine);
  void tick();

  Parts parts_;
  adapters::MirrorClient client_;
  std::list<Engine> engines_;
  std::list<Task<void>> errands_;
  Cancellation lifetime_;
  TimerId timer_ = 0;
  bool stopping_ = false;
};

}  // namespace mainstay::apps
