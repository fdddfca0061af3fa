// The cluster in a lab: its daemons, and what it says of itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "harness/lab.h"

namespace mainstay::bench {

// As one node sees it.
struct View {
  std::map<std::string, std::string> trust;  // by node
  std::string owner;                         // of the group; empty: nobody
  std::string phase;                         // of the group: "running" ...
  std::uint64_t term = 0;
  std::string waits_for;  // what keeps it from starting there; empty: nothing does
};

struct ActivationFacts {
  std::int64_t monotonic_ns = 0;
  std::uint64_t term = 0;
  std::string node;
  std::string reason;
  // The weakest of its clearances, "none" if it needed none.
  std::string evidence;
  // "server1: presumed (weak): ..."
  std::vector<std::string> clearances;
};

class Cluster {
 public:
  // Writes configuration, key and the service's program to both nodes, and starts the daemons. They
  // are started at each boot from now on.
  static Result<Cluster> start(const Lab& lab, const Programs& programs, const Site& site);

  // Until every node sees every node alive and the group running on the same one.
  Result<View> wait_until_formed(Duration patience) const;
  // Until every node has its session at the arbiter; at once if there is no arbiter.
  Status wait_until_sessions_stand(Duration patience) const;
  // Until the group runs on another node than this one.
  Result<View> wait_until_moved_from(const std::string& node, Duration patience) const;

  Result<View> view(const std::string& node) const;
  std::string other(const std::string& node) const;
  // A command of `mainstay`, asked of the daemon on this node.
  Result<std::string> ask(const std::string& node, const std::vector<std::string>& words,
                          Duration patience = 30s) const;
  // What the node's own history tells since that instant.
  Result<std::vector<Moment>> events(const std::string& node, std::int64_t since_ns) const;
  // The last activations there were, the newest first, as that node and those it reaches know them.
  Result<std::vector<ActivationFacts>> activations(const std::string& node) const;
  Result<ActivationFacts> last_activation(const std::string& node) const;
  // Kills the service's program, and nothing else.
  Status kill_program(const std::string& node) const;
  const Site& site() const { return site_; }
  // What `mainstay check` said of the configuration.
  const std::string& safety() const { return safety_; }
  // The last lines of a daemon's own output, for messages.
  std::string log_of(const std::string& node) const;

 private:
  Cluster(const Lab& lab, Programs programs, Site site)
      : lab_(&lab), programs_(std::move(programs)), site_(std::move(site)) {}
  Status install(const std::string& node) const;
  Status make_mirror(const std::string& node) const;
  // Of the nodes, those with a session, as the arbiter has it.
  Result<std::size_t> sessions() const;

  const Lab* lab_;
  Programs programs_;
  Site site_;
  std::string safety_;
};

}  // namespace mainstay::bench
