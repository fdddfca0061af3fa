// Who the nodes are, where they are on each path, and what they share.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "adapters/linux/cluster_key.h"
#include "base/name.h"
#include "ports/host.h"
#include "ports/network.h"

namespace mainstay::adapters {

struct NetworkConfig {
  std::string cluster;
  NodeName self;
  ClusterKey key;
  // One address per path, by PathIndex; the same number for every node. The entry of `self` is what
  // the sockets are bound to.
  std::map<NodeName, std::vector<IpAddress>> nodes;
  std::uint16_t datagram_port = 29002;
  std::uint16_t stream_port = 29001;
};

}  // namespace mainstay::adapters
