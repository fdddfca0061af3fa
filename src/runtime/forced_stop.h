// Stopping another node for certain, as the configuration says how: through EC2, by a script of the
// user's, or by the simulator's own means.
//
// Done means stopped: whatever cannot be told, or was read before the request was accepted, is a
// failure that says why. The answer speaks of the run of the node that was silent when it was asked
// for; a node that has been started again since is not confirmed.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/model.h"
#include "ports/aws.h"
#include "ports/clock.h"
#include "ports/power.h"
#include "ports/process.h"

namespace mainstay {

class ForcedStop {
 public:
  struct Parts {
    const ClusterConfig& config;
    NodeName self;
    Clock& clock;
    Aws& aws;
    Process& process;
    Power& power;
    std::string log_directory;
  };
  explicit ForcedStop(Parts parts) : parts_(std::move(parts)) {}

  // Settles by the call's deadline.
  Task<Status> stop(NodeName peer, Call call);
  // After a stop, however it ended: this node's own instance may be stopped again.
  Task<void> lower_protection(Call call);
  // After a stop that was confirmed: starts the node again, where the configuration says so.
  Task<Status> start_again(NodeName peer, Call call);
  // Whether a stop would be possible now: whom it would hit is known, and it is permitted. Nothing
  // is stopped. What it finds out is kept for the time when the node is dead.
  Task<Status> check(NodeName peer, Call call);

 private:
  // What is known of the instance that a node runs on.
  struct Known {
    std::string id;
    std::string launched;  // the newest start that was ever described
  };

  // The right to stop another node is won there.
  bool has_arbiter() const { return parts_.config.arbitration.arbiter.kind != ArbiterKind::none; }
  Task<Result<AwsInstance>> instance_of(NodeName peer, Call call);
  Task<Result<AwsInstance>> given_instance(NodeName peer, std::string id, Call call);
  Task<Result<AwsInstance>> found_instance(NodeName peer, Call call);
  Task<Result<AwsInstance>> remembered_instance(NodeName peer, Call call);
  Task<Status> learn_self(Call call);
  void remember(const NodeName& peer, const AwsInstance& instance);
  Task<Status> carry_out(NodeName peer, Call call);
  Task<Status> stop_instance(NodeName peer, Call call);
  Task<Status> request_stop(std::string id, Call call);
  Task<Status> request_stop_of_rival(NodeName peer, std::string id, Call call);
  Task<Status> overcome_protection(NodeName peer, std::string id, Call call);
  Task<Status> confirm_stop(NodeName peer, Known known, Call call);
  Task<Status> run_script(NodeName peer, std::string mode, Call call);
  std::vector<std::string> addresses_of(const NodeName& peer) const;

  Parts parts_;
  std::string own_instance_;
  bool protected_ = true;  // this instance, as far as we know: perhaps by an earlier run
  int stops_under_way_ = 0;
  std::string vpc_;
  std::map<NodeName, Known> known_;
};

}  // namespace mainstay
