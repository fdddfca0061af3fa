// What a lab consists of, as a person writes it down: subnets, route tables, instances. Pure data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/dns_names.h"
#include "lab/iam_policy.h"
#include "lab/ipv4.h"
#include "lab/ipv6.h"

namespace mainstay::lab {

struct LayoutRoute {
  Cidr destination{};
  std::optional<Cidr6> destination6 = {};  // instead
  std::string target;                      // "internet" or the name of an instance
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
  std::optional<Cidr6> cidr6 = {};
};

struct LayoutVolume {
  std::string device;  // "/dev/sdf"
  std::uint64_t size_mib = 0;
};

struct LayoutInstance {
  std::string name;
  std::string subnet;  // empty: a machine on the internet, outside the VPC
  Ipv4 address{};
  std::string elastic_ip = {};
  bool source_dest_check = true;
  bool nat = false;                  // forwards and masquerades for its VPC, as a NAT instance does
  std::string role = {};             // of its credentials; empty: none
  std::vector<Ipv4> secondary = {};  // further private addresses
  std::optional<Ipv6> address6 = {};
  bool public_ip = false;                // AWS gives it a public address of its own
  bool proxy = false;                    // runs an HTTP proxy
  std::vector<std::string> groups = {};  // security groups; none: the default one
  std::vector<LayoutVolume> volumes = {};
};

struct LayoutGroupRule {
  std::string protocol;
  int from_port = 0;
  int to_port = 65'535;
  Cidr source{};
  std::string group = {};  // instead of a source
};

struct LayoutGroup {
  std::string name;
  std::vector<LayoutGroupRule> ingress = {};
};

struct LayoutEndpointPlace {
  std::string subnet;
  Ipv4 address{};
};

struct LayoutEndpoint {  // of the VPC
  std::string service;
  bool private_dns = true;
  std::vector<LayoutEndpointPlace> places = {};
};

struct LayoutRole {
  std::string name;
  std::vector<std::string> denied =
      {};  // actions such as "ec2:ReplaceRoute"; "*" at the end matches any rest
  std::vector<Policy> policies = {};  // none: everything that is not denied is allowed
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
  std::optional<Cidr6> vpc6 = {};
  std::vector<std::string> zones;
  std::vector<LayoutTable> tables;
  std::vector<LayoutSubnet> subnets;
  std::vector<LayoutInstance> instances;
  std::vector<LayoutRole> roles;
  std::vector<LayoutZone> hosted_zones;
  std::vector<LayoutGroup> groups;
  std::vector<LayoutEndpoint> endpoints;
  std::vector<std::string> spare_elastic_ips;  // allocated, associated with nothing
};

inline constexpr std::size_t instances_max = 64;
inline constexpr std::size_t volumes_max = 8;                      // of an instance
inline constexpr std::uint64_t volume_mib_max = 16 * 1024 * 1024;  // AWS's own limit

// The guide's Figure 4-1: two zones, a NAT instance and a server in each, a client, one machine on
// the internet.
const std::string& default_layout_text();
// The guide's patterns by name: "vip" (the built-in layout), "eip" and "dns"; null: there is none
// of that name.
const std::string* layout_text_named(std::string_view name);

// Reads a layout and checks it as a whole; the first thing that is wrong is named.
Result<Layout> parse_layout(std::string_view json);

}  // namespace mainstay::lab
