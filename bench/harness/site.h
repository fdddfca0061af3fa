// The configuration of the cluster that the demo, the benchmarks and the end-to-end tests run: one
// of the guide's patterns, two nodes, one group with an address and a web server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mainstay::bench {

inline constexpr std::string_view group_name = "failover1";
inline constexpr std::string_view virtual_ip = "10.1.0.20";
inline constexpr std::string_view virtual_ipv6 = "2001:db8:99::20";
inline constexpr std::string_view config_path = "/etc/mainstay/cluster.toml";
// In the folder that all instances of the lab share.
inline constexpr const char* shared_ledger_file = "shared-ledger";
// Of the mirror disk: its partitions are files here, if they are no volumes of the nodes, and it is
// mounted there.
inline constexpr std::string_view mirror_folder = "/var/lib/mirror";
inline constexpr std::string_view mirror_mount = "/var/lib/md1";
inline constexpr std::string_view cluster_volume = "/dev/sdf";
inline constexpr std::string_view data_volume = "/dev/sdg";
inline constexpr std::string_view mirror_user_path = "/etc/mainstay/mirror-user";
// Whatever it has written for certain, in the folder that all instances share.
inline constexpr const char* acknowledged_file = "acknowledged";
inline constexpr std::string_view key_path = "/etc/mainstay/cluster.key";

// How clients find the group: by the guide's Figure 4-1, 5-1 or 6-1, or by a secondary address of
// the subnet that both nodes share.
enum class Pattern { vip, eip, dns, sip };

inline constexpr std::string_view service_name = "service.cluster.internal.";
inline constexpr std::string_view secondary_ip = "10.0.110.50";
// Beside server1, in its subnet.
inline constexpr const char* neighbour = "server3";

// What a mirror disk of the group is used by: a program that writes numbered lines, or PostgreSQL.
enum class MirrorUse { none, lines, database };

struct SiteNode {
  std::string name;
  std::string address;
  std::string eni;
  std::string nat_address;  // of the NAT instance of its own zone: what it pings; "": none is there
};

struct Site {
  Pattern pattern = Pattern::vip;
  std::string vpc;
  std::string allocation_id = {};   // of the Elastic IP that nobody has yet; "": there is none
  std::string public_ip = {};       // that address
  std::string hosted_zone_id = {};  // of the private zone; "": there is none
  std::vector<SiteNode> nodes;
  std::vector<std::string> web;  // the program that serves the page, with its arguments
  std::string profile = "default";
  std::string forced_stop;       // the lines of [arbitration.forced_stop]; "": none is configured
  std::string arbiter = "none";  // "dynamodb": the lab's; "etcd": that of the endpoints
  std::vector<std::string> etcd_endpoints = {};
  MirrorUse mirror = MirrorUse::none;
  std::string file_system = "ext4";  // of the mirror
  // Its partitions are disks of the nodes, not files.
  bool mirror_on_volumes = false;
  std::string backend = "native";  // who speaks to AWS
  std::string address_lines = {};  // more of the resource that clients find the group by
  std::string more = {};           // more tables, such as monitors
  // ADDR:PORT of the ledger outside the nodes, which the service writes to; "": there is none.
  std::string shared_ledger = {};
};

struct MirrorPartitions {
  std::string data;
  std::string cluster;
};
MirrorPartitions mirror_partitions(const Site& site);

std::string cluster_toml(const Site& site);
// What clients ask.
std::string service_url(const Site& site);

}  // namespace mainstay::bench
