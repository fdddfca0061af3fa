// The command `mainstay`: understands its arguments, asks the daemon, prints, and says how it went.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/arbiter.h"
#include "cli/exit_code.h"
#include "cli/invocation.h"
#include "cli/table.h"
#include "config/schema.h"
#include "doctor/discover.h"
#include "doctor/finding.h"

namespace mainstay::cli {

struct SimulationOrder {
  std::shared_ptr<const ClusterConfig> config;
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 0;
  bool json = false;
};

// What the command needs of its surroundings.
struct Environment {
  std::ostream& out;
  std::ostream& err;
  Style style;  // colours only where `out` is a terminal
  // The types of resources and monitors there are.
  const Catalog& catalog;
  // What the evidence a failover could rest on is worth, in sentences.
  std::function<std::vector<std::string>(const ClusterConfig&)> safety_sentences;
  // How often the arbiter is asked, and what that costs; none without an arbiter.
  std::function<std::vector<std::string>(const ClusterConfig&)> cost_sentences;
  // A new cluster key: one line, with its end.
  std::function<std::string()> generate_key;
  // Starts the local service through the service manager; not_found: there is none.
  std::function<Status()> start_service;
  // Runs a configuration through the simulator and prints the outcome; the command only knows that
  // there is one.
  std::function<ExitCode(const SimulationOrder&, std::ostream& out)> simulate;
  // Ask the store behind the configured arbiter; `say` is told how it goes on.
  std::function<Result<ArbiterCreation>(const ClusterConfig&, Duration patience,
                                        const std::function<void(const std::string&)>& say)>
      create_arbiter;
  std::function<Result<ArbiterReport>(const ClusterConfig&, Duration patience)> show_arbiter;
  // What a failover would find on this node, and the repair of what it would miss. An empty name is
  // the host's.
  std::function<Result<doctor::Report>(const ClusterConfig&, const NodeName&, Duration patience)>
      examine;
  std::function<Status(const ClusterConfig&, const doctor::Repair&, Duration patience)> repair;
  std::function<Result<std::string>(const doctor::DiscoveryOrder&, Duration patience)> discover;
  // Makes this node's copy of a mirror disk out of its partitions; says itself what it does.
  std::function<Status(const ClusterConfig&, const MirrorCreation&)> create_mirror;
  std::string version;
};

ExitCode run(const std::vector<std::string>& arguments, Environment& environment);

}  // namespace mainstay::cli
