// Laws of what tells a node that it is cut off, and of what stops another one for certain.
#include <fmt/format.h>

#include "config/ip_address.h"
#include "config/laws.h"
#include "config/value.h"

namespace mainstay {
namespace {

constexpr std::size_t reachability_max = 16;
constexpr std::size_t reachability_targets_max = 16;

void laws_of_targets(const ClusterConfig& config, const ReachabilityConfig& check,
                     std::vector<BrokenLaw>& broken) {
  for (const NodeConfig& node : config.nodes) {
    const auto found = check.targets.find(node.name);
    if (found == check.targets.end() || found->second.empty()) {
      broken.push_back({path_of(check), "", fmt::format("there is no target for {}", node.name),
                        fmt::format("Give \"targets\" for all nodes, or in "
                                    "[arbitration.reachability.node.{}].",
                                    node.name)});
      continue;
    }
    if (found->second.size() > reachability_targets_max) {
      broken.push_back({path_of(check), "targets",
                        fmt::format("{} has {} targets, more than {}", node.name,
                                    found->second.size(), reachability_targets_max),
                        "Keep those that matter."});
    }
  }
}

// That a node answers says nothing about who is cut off.
void targets_are_no_nodes(const ClusterConfig& config, const ReachabilityConfig& check,
                          std::vector<BrokenLaw>& broken) {
  std::set<std::string> told;
  for (const auto& [node, targets] : check.targets) {
    for (const ReachabilityTarget& target : targets) {
      for (const PathConfig& path : config.paths) {
        for (const auto& [owner, address] : path.addresses) {
          if (!same_ip(address, target.host) || !told.insert(target.host).second) continue;
          broken.push_back({path_of(check), "targets",
                            fmt::format("{} is an address of node {}", target.host, owner),
                            "Name something outside the cluster that always answers, such as the "
                            "NAT instance of the node's zone."});
        }
      }
    }
  }
}

// A field of one kind in a check of another would be forgotten in silence.
void fields_of_other_kinds(const ReachabilityConfig& check, std::vector<BrokenLaw>& broken) {
  const auto only = [&](bool given, const char* key, ReachabilityKind kind, const char* word) {
    if (!given || check.kind == kind) return;
    broken.push_back({path_of(check), key,
                      fmt::format("only a check of kind {} has a {}", word, key),
                      fmt::format("Leave it out, or set kind = \"{}\".", word)});
  };
  only(!check.proxy.empty(), "proxy", ReachabilityKind::http, "http");
  only(!check.ca_file.empty(), "ca_file", ReachabilityKind::http, "http");
  only(!check.verify, "verify", ReachabilityKind::http, "http");
  only(!check.script.empty(), "script", ReachabilityKind::script, "script");
}

void laws_of_script(const ReachabilityConfig& check, std::vector<BrokenLaw>& broken) {
  if (check.script.empty()) {
    broken.push_back({path_of(check), "script", "there is no script to run",
                      "Give the program's path in \"script\"."});
  }
  for (const auto& [node, targets] : check.targets) {
    if (targets.empty()) continue;
    broken.push_back({path_of(check), "targets", "a script has no targets",
                      "Leave them out: the script itself knows whom to ask."});
    return;
  }
}

}  // namespace

void laws_of_reachability(const ClusterConfig& config, std::vector<BrokenLaw>& broken) {
  const auto& checks = config.arbitration.reachability;
  if (checks.size() > reachability_max) {
    broken.push_back({"arbitration", "reachability",
                      fmt::format("there are {} reachability checks, more than {}", checks.size(),
                                  reachability_max),
                      "Give one check several targets instead."});
  }
  std::set<std::string> seen;
  for (const ReachabilityConfig& check : checks) {
    if (!seen.insert(check.name).second) {
      broken.push_back({path_of(check), "name",
                        fmt::format("there are two reachability checks \"{}\"", check.name),
                        "Give every check its own name."});
    }
    fields_of_other_kinds(check, broken);
    if (check.kind == ReachabilityKind::script) {
      laws_of_script(check, broken);
    } else {
      laws_of_targets(config, check, broken);
      targets_are_no_nodes(config, check, broken);
    }
    if (check.timeout > check.interval) {
      broken.push_back({path_of(check), "timeout",
                        fmt::format("the timeout ({}) is longer than the interval ({})",
                                    to_text(check.timeout), to_text(check.interval)),
                        "Make the timeout at most as long as the interval."});
    }
  }
}

void laws_of_forced_stop(const ForcedStopConfig& forced_stop, std::vector<BrokenLaw>& broken) {
  const char* path = "arbitration, forced_stop";
  const bool script = forced_stop.kind == ForcedStopKind::script;
  if (script && forced_stop.script.empty()) {
    broken.push_back(
        {path, "script", "there is no script to run", "Give the program's path in \"script\"."});
  }
  if (!script && !forced_stop.script.empty()) {
    broken.push_back({path, "script", "only a forced stop of kind script has a script",
                      "Leave it out, or set kind = \"script\"."});
  }
  if (forced_stop.action != ForcedStopAction::stop && forced_stop.kind != ForcedStopKind::ec2) {
    broken.push_back({path, "action", "only a forced stop of kind ec2 starts a node again",
                      "Leave it out, or set kind = \"ec2\"."});
  }
}

// An action that nothing would ever cause is a misunderstanding.
void laws_of_isolation(const ArbitrationConfig& arbitration, std::vector<BrokenLaw>& broken) {
  const IsolationAction action = arbitration.isolation_action;
  if (action == IsolationAction::none || action == IsolationAction::stop_groups) return;
  if (arbitration.arbiter.kind != ArbiterKind::none || arbitration.majority) return;
  if (arbitration.forced_stop.kind != ForcedStopKind::none) {
    broken.push_back({"arbitration", "isolation_action",
                      "with a forced stop, and neither arbiter nor majority, a node that is cut "
                      "off is stopped by the others and does nothing itself",
                      "Leave it out, or add an arbiter."});
  } else if (arbitration.reachability.empty()) {
    broken.push_back({"arbitration", "isolation_action",
                      "nothing in the configuration can tell a node that it is cut off",
                      "Add a reachability check or an arbiter, or leave it out."});
  }
}

}  // namespace mainstay
