// The configuration of the cluster that the demo and the benchmarks run: the guide's Figure 4-1,
// two nodes in two zones, one group with a virtual IP and a web server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mainstay::bench {

inline constexpr std::string_view group_name = "failover1";
inline constexpr std::string_view virtual_ip = "10.1.0.20";
inline constexpr std::string_view config_path = "/etc/mainstay/cluster.toml";
// In the folder that all instances of the lab share.
inline constexpr const char* shared_ledger_file = "shared-ledger";
inline constexpr std::string_view key_path = "/etc/mainstay/cluster.key";

struct SiteNode {
  std::string name;
  std::string address;
  std::string eni;
  std::string nat_address;  // of the NAT instance of its own zone: what it pings
};

struct Site {
  std::string vpc;
  std::vector<SiteNode> nodes;
  std::vector<std::string> web;  // the program that serves the page, with its arguments
  std::string profile = "default";
  std::string forced_stop;       // the lines of [arbitration.forced_stop]; "": none is configured
  std::string arbiter = "none";  // "dynamodb": the lab's; "etcd": that of the endpoints
  std::vector<std::string> etcd_endpoints = {};
  // ADDR:PORT of the ledger outside the nodes, which the service writes to; "": there is none.
  std::string shared_ledger = {};
};

std::string cluster_toml(const Site& site);

}  // namespace mainstay::bench
