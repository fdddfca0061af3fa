// What a lab consists of, as a person writes it down: subnets, route tables, instances. Pure data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/dns_names.h"
#include "lab/ipv4.h"

namespace mainstay::lab {

struct LayoutRoute {
  Cidr destination{};
  std::string target;  // "internet" or the name of an instance
};

struct LayoutTable {
  std::string name;
  std::vector<LayoutRoute> routes = {};
};

struct LayoutSubnet {
  std::string name;
  std::string zone;
  Cidr cidr{};
  std::string route_table;
};

struct LayoutInstance {
  std::string name;
  std::string subnet;  // empty: a machine on the internet, outside the VPC
  Ipv4 address{};
  std::string elastic_ip = {};
  bool source_dest_check = true;
  bool nat = false;       // forwards and masquerades for its VPC, as a NAT instance does
  std::string role = {};  // of its credentials; empty: none
};

struct LayoutRole {
  std::string name;
  std::vector<std::string> denied =
      {};  // actions such as "ec2:ReplaceRoute"; "*" at the end matches any rest
};

struct LayoutZone {
  std::string name;         // of a hosted zone: "cluster.internal."
  bool is_private = false;  // of the VPC
  std::vector<RecordSet> records = {};
};

struct Layout {
  std::string region;
  std::string account;
  Cidr vpc{};
  std::vector<std::string> zones;
  std::vector<LayoutTable> tables;
  std::vector<LayoutSubnet> subnets;
  std::vector<LayoutInstance> instances;
  std::vector<LayoutRole> roles;
  std::vector<LayoutZone> hosted_zones;
  std::vector<std::string> spare_elastic_ips;  // allocated, associated with nothing
};

inline constexpr std::size_t instances_max = 64;

// The guide's Figure 4-1: two zones, a NAT instance and a server in each, a client, one machine on
// the internet.
const std::string& default_layout_text();

// Reads a layout and checks it as a whole; the first thing that is wrong is named.
Result<Layout> parse_layout(std::string_view json);

}  // namespace mainstay::lab
