// Laws of the cluster as a whole: nodes, paths, timing, arbitration.
#include <fmt/format.h>

#include <algorithm>

#include "config/ip_address.h"
#include "config/laws.h"
#include "config/value.h"

namespace mainstay {
namespace {

void duplicate_nodes(const ClusterConfig& config, std::vector<BrokenLaw>& broken) {
  std::set<NodeName> seen;
  std::map<std::string, NodeName> instances;
  for (const NodeConfig& node : config.nodes) {
    if (!seen.insert(node.name).second) {
      broken.push_back({"", "node", fmt::format("there are two nodes \"{}\"", node.name),
                        "Give every node its own name."});
    }
    const auto [other, is_new] = instances.try_emplace(node.instance, node.name);
    if (!is_new && !node.instance.empty()) {
      broken.push_back({path_of(node), "instance",
                        fmt::format("{} is also the instance of {}", node.instance, other->second),
                        "Give every node its own instance."});
    }
  }
}

// Nobody can be reached at such an address from another machine, or everybody.
std::string unusable_address(const std::string& address) {
  const auto ip = ip_number(address);
  if (!ip) return "";
  switch (kind_of(*ip)) {
    case IpKind::unspecified:
      return "the unspecified address";
    case IpKind::multicast:
      return "a multicast address";
    case IpKind::broadcast:
      return "the broadcast address";
    default:
      return "";
  }
}

void laws_of_address(const PathConfig& path, const NodeName& node, const std::string& address,
                     std::vector<BrokenLaw>& broken) {
  if (const auto why = unusable_address(address); !why.empty()) {
    broken.push_back({path_of(path), node.value, fmt::format("{} is {}", address, why),
                      fmt::format("Give {}'s own address.", node)});
  }
}

void mixed_families(const PathConfig& path, std::vector<BrokenLaw>& broken) {
  std::set<bool> families;
  for (const auto& [node, address] : path.addresses) {
    if (const auto ip = ip_number(address)) families.insert(ip->v6);
  }
  if (families.size() < 2) return;
  broken.push_back({path_of(path), "address", "IPv4 and IPv6 are mixed on one path",
                    "Use one of them for all nodes of a path."});
}

void longer_than_interval(const char* key, Duration value, Duration interval,
                          std::vector<BrokenLaw>& broken) {
  if (value > interval) return;
  broken.push_back({"timing", key,
                    fmt::format("{} ({}) is not longer than heartbeat_interval ({})", key,
                                to_text(value), to_text(interval)),
                    fmt::format("Make it several times as long as {}.", to_text(interval))});
}

void laws_of_lease(const Timing& timing, std::vector<BrokenLaw>& broken) {
  // A holder renews four times per lease; with less than half of it left after the margin, one slow
  // answer would end its permission.
  if (timing.stop_margin * 2 > timing.lease) {
    broken.push_back({"timing", "stop_margin",
                      fmt::format("stop_margin ({}) is more than half of the lease ({})",
                                  to_text(timing.stop_margin), to_text(timing.lease)),
                      "Make the lease longer or the margin shorter."});
  }
  if (timing.lease_alone < timing.lease) {
    broken.push_back({"timing", "lease_alone",
                      fmt::format("lease_alone ({}) is shorter than the lease ({})",
                                  to_text(timing.lease_alone), to_text(timing.lease)),
                      "A node that is alone needs the longer lease; 60s is usual."});
  }
}

}  // namespace

void laws_of_nodes(const ClusterConfig& config, std::vector<BrokenLaw>& broken) {
  if (config.nodes.size() < 2) {
    broken.push_back({"", "node",
                      fmt::format("there are {} nodes, fewer than 2", config.nodes.size()),
                      "Name every node of the cluster in a [[node]] of its own."});
  }
  if (config.nodes.size() > nodes_max) {
    broken.push_back(
        {"", "node",
         fmt::format("there are {} nodes, more than {}", config.nodes.size(), nodes_max),
         "Make two clusters of them."});
  }
  duplicate_nodes(config, broken);
}

void laws_of_paths(const ClusterConfig& config, std::vector<BrokenLaw>& broken) {
  if (config.paths.empty() || config.paths.size() > paths_max) {
    broken.push_back(
        {"", "path",
         fmt::format("there are {} paths; possible are 1 to {}", config.paths.size(), paths_max),
         "Give each network way between the nodes in a [[path]] of its own."});
  }
  std::set<PathName> names;
  std::map<std::string, std::string> owners;
  for (const PathConfig& path : config.paths) {
    if (!names.insert(path.name).second) {
      broken.push_back({path_of(path), "name", fmt::format("there are two paths \"{}\"", path.name),
                        "Give every path its own name."});
    }
    for (const NodeConfig& node : config.nodes) {
      if (path.addresses.contains(node.name)) continue;
      broken.push_back({path_of(path), "address",
                        fmt::format("\"address\" is missing for {}", node.name),
                        "Every path connects all nodes: give each node's own address on it."});
    }
    for (const auto& [node, address] : path.addresses) {
      laws_of_address(path, node, address, broken);
      const auto ip = ip_number(address);
      const std::string owner = fmt::format("{} on {}", node, path_of(path));
      const auto [other, is_new] = owners.try_emplace(ip ? to_text(*ip) : address, owner);
      if (is_new || !ip) continue;
      broken.push_back({path_of(path), node.value,
                        fmt::format("{} is also the address of {}", address, other->second),
                        "Give each node its own address on each path."});
    }
    mixed_families(path, broken);
  }
}

void laws_of_timing(const ClusterConfig& config, std::vector<BrokenLaw>& broken) {
  const Timing& timing = config.timing;
  const Duration interval = timing.heartbeat_interval;
  longer_than_interval("heartbeat_timeout", timing.heartbeat_timeout, interval, broken);
  longer_than_interval("suspect_after", timing.suspect_after, interval, broken);
  if (timing.suspect_after > timing.heartbeat_timeout) {
    broken.push_back({"timing", "suspect_after",
                      fmt::format("suspect_after ({}) is longer than heartbeat_timeout ({})",
                                  to_text(timing.suspect_after), to_text(timing.heartbeat_timeout)),
                      "A node is suspect before it is dead: half of heartbeat_timeout is usual."});
  }
  laws_of_lease(timing, broken);
}

// A process for every renewal takes a second or two.
constexpr Duration lease_by_cli_min = 20s;

void laws_of_cli(const ClusterConfig& config, std::vector<BrokenLaw>& broken) {
  const ArbiterConfig& arbiter = config.arbitration.arbiter;
  const bool by_cli =
      arbiter.kind == ArbiterKind::dynamodb && arbiter.dynamodb.backend == AwsBackend::cli;
  if (!by_cli || config.timing.lease >= lease_by_cli_min) return;
  broken.push_back(
      {"arbitration, dynamodb", "backend",
       fmt::format("the AWS CLI is too slow for a lease of {}", to_text(config.timing.lease)),
       "Set backend = \"native\", or lease = \"20s\" or more in [timing]."});
}

void laws_of_arbiter(const ArbiterConfig& arbiter, std::vector<BrokenLaw>& broken) {
  const EtcdConfig& etcd = arbiter.etcd;
  if (arbiter.kind == ArbiterKind::etcd && etcd.endpoints.empty()) {
    broken.push_back({"arbitration, etcd", "endpoints", "etcd is the arbiter, and has no endpoints",
                      "Give the client URLs of all its members, under [arbitration.etcd]."});
  }
  if (etcd.cert_file.empty() != etcd.key_file.empty()) {
    broken.push_back({"arbitration, etcd", etcd.cert_file.empty() ? "key_file" : "cert_file",
                      "of cert_file and key_file, only one is given",
                      "A client certificate needs both."});
  }
  if (etcd.user.empty() != etcd.password_file.empty()) {
    broken.push_back({"arbitration, etcd", etcd.user.empty() ? "password_file" : "user",
                      "of user and password_file, only one is given",
                      "etcd's authentication needs both."});
  }
}

void laws_of_arbitration(const ClusterConfig& config, std::vector<BrokenLaw>& broken) {
  const ArbitrationConfig& arbitration = config.arbitration;
  if (arbitration.majority && config.nodes.size() < 3) {
    broken.push_back(
        {"arbitration", "majority",
         fmt::format("{} nodes have no majority when one is lost", config.nodes.size()),
         "Set majority = false, or add a third node."});
  }
  const NodeName& survivor = arbitration.both_active_survivor;
  if (!survivor.empty() && find_node(config, survivor) == nullptr) {
    broken.push_back({"arbitration", "both_active_survivor",
                      fmt::format("there is no node \"{}\"", survivor), "Name one of the nodes."});
  }
  laws_of_arbiter(arbitration.arbiter, broken);
  laws_of_cli(config, broken);
  laws_of_reachability(config, broken);
  laws_of_forced_stop(arbitration.forced_stop, broken);
  laws_of_isolation(arbitration, broken);
}

}  // namespace mainstay
