// The account as the EC2 API shows it: a value, copied and changed, never touched in place by two
// hands.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/ipv4.h"
#include "lab/ipv6.h"
#include "lab/layout.h"

namespace mainstay::lab {

// A block of IPv4 or of IPv6.
struct Destination {
  Cidr four{};
  std::optional<Cidr6> six = {};  // if it is there, it counts
  friend bool operator==(const Destination&, const Destination&) = default;
};
std::string to_text(const Destination& destination);

struct Route {
  Destination destination{};
  std::string gateway_id = {};  // "local" or igw-…; empty when the target is an interface
  std::string eni_id = {};
  friend bool operator==(const Route&, const Route&) = default;
};

struct Association {
  std::string id;
  std::string subnet_id;  // empty: the main association
  friend bool operator==(const Association&, const Association&) = default;
};

struct RouteTable {
  std::string id;
  std::string name;
  std::vector<Association> associations = {};
  std::vector<Route> routes = {};
  friend bool operator==(const RouteTable&, const RouteTable&) = default;
};

struct Subnet {
  std::string id;
  std::string name;
  std::string zone;
  Cidr cidr{};
  std::string table_id;
  std::optional<Cidr6> cidr6 = {};
  friend bool operator==(const Subnet&, const Subnet&) = default;
};

struct Eni {
  std::string id;
  std::string attachment_id;
  std::string instance_id;
  std::string subnet_id;
  Ipv4 address{};  // the primary one
  std::string mac;
  bool source_dest_check = true;
  std::vector<Ipv4> secondary = {};
  bool wants_public = false;  // given a public address of AWS's own while it has no Elastic IP
  Ipv4 auto_public{};         // that address; 0: none now
  std::vector<std::string> group_ids = {};
  std::optional<Ipv6> address6 = {};
  bool holds(Ipv4 one) const {
    return one == address || std::ranges::find(secondary, one) != secondary.end();
  }
  std::vector<Ipv4> addresses() const;  // the primary one first
  friend bool operator==(const Eni&, const Eni&) = default;
};

enum class InstanceState { pending, running, stopping, stopped };
std::string_view to_text(InstanceState state);
int code_of(InstanceState state);

struct Instance {
  std::string id;
  std::string name;
  std::string zone;
  std::string eni_id;
  std::string role;
  InstanceState state = InstanceState::pending;
  std::int64_t launched_ms = 0;  // wall time
  bool stop_protected = false;   // the attribute disableApiStop
  friend bool operator==(const Instance&, const Instance&) = default;
};

struct AttachedVolume {
  std::string id;
  std::string instance_id;
  std::string device;
  std::string zone;
  std::uint64_t size_gib = 1;  // rounded up, as AWS knows no smaller unit
  std::int64_t created_ms = 0;
  friend bool operator==(const AttachedVolume&, const AttachedVolume&) = default;
};

struct Address {
  std::string allocation_id;
  Ipv4 public_ip{};
  std::string association_id = {};
  std::string eni_id = {};
  Ipv4 private_ip{};  // of that interface
  friend bool operator==(const Address&, const Address&) = default;
};

inline constexpr std::size_t addresses_max = 16;  // Elastic IPs of the account
inline constexpr std::size_t secondary_max = 9;   // private addresses of an interface, besides one

// What AWS says of a zone: "available", "information", "impaired" or "unavailable", and why.
struct ZoneCondition {
  std::string state = "available";
  std::string message = {};
  friend bool operator==(const ZoneCondition&, const ZoneCondition&) = default;
};

struct GroupRule {
  std::string protocol = "tcp";  // or "udp", "icmp", "-1" for all
  int from_port = 0;
  int to_port = 65'535;
  Cidr source{Ipv4{0}, 0};
  std::string group_id = {};  // not empty: from the interfaces of that group instead
  friend bool operator==(const GroupRule&, const GroupRule&) = default;
};

struct SecurityGroup {
  std::string id;
  std::string name;
  std::vector<GroupRule> ingress = {};
  friend bool operator==(const SecurityGroup&, const SecurityGroup&) = default;
};

// An interface endpoint: the service's API at an address of a subnet.
struct EndpointPlace {
  std::string subnet_id;
  Ipv4 address{};
  friend bool operator==(const EndpointPlace&, const EndpointPlace&) = default;
};
struct VpcEndpoint {
  std::string id;
  std::string service;  // "ec2"
  std::vector<EndpointPlace> places = {};
  bool private_dns = true;
  friend bool operator==(const VpcEndpoint&, const VpcEndpoint&) = default;
};

struct Model {
  std::string region;
  std::string account;
  std::string vpc_id;
  std::string igw_id;
  std::string group_id;  // the default security group, which lets everything through
  Cidr vpc{};
  std::optional<Cidr6> vpc6 = {};
  std::vector<std::string> zones;
  std::vector<Subnet> subnets;
  std::vector<RouteTable> tables;
  std::vector<Eni> enis;
  std::vector<Instance> instances;
  std::vector<AttachedVolume> volumes;
  std::vector<Address> addresses;
  std::map<std::string, ZoneCondition> zone_conditions;  // those that are not simply available
  std::vector<SecurityGroup> groups;
  std::vector<VpcEndpoint> endpoints;
  std::uint64_t associations_made = 0;  // each association of an address has an id of its own
  friend bool operator==(const Model&, const Model&) = default;
};

// Ids follow from the names alone, so that they are the same in every run of the same layout.
std::string make_id(std::string_view prefix, std::string_view name);
std::string volume_id(std::string_view instance, std::string_view device);
Model make_model(const Layout& layout, std::int64_t now_ms);

// The element of that id, or null.
template <class T>
const T* find_id(const std::vector<T>& all, std::string_view id) {
  for (const T& one : all) {
    if (one.id == id) return &one;
  }
  return nullptr;
}
template <class T>
T* find_id(std::vector<T>& all, std::string_view id) {
  return const_cast<T*>(find_id(std::as_const(all), id));
}
const Instance* find_instance_named(const Model& model, std::string_view name);
// The Elastic IP of a private address, or of an interface's primary one; or null.
const Address* find_address_at(const Model& model, Ipv4 private_ip);
const Address* find_address_of(const Model& model, const Eni& eni);
// The public address of a private one, Elastic or not; 0: none.
Ipv4 public_address_of(const Model& model, const Eni& eni, Ipv4 private_ip);
// One of AWS's public addresses that nobody has.
Ipv4 free_public_address(const Model& model);
// The names of an endpoint of the VPC: its own, and the service's if its private DNS is on.
std::vector<std::string> endpoint_dns_names(const Model& model, const VpcEndpoint& endpoint);
// The name AWS gives a host: "ip-10-0-110-10.ap-northeast-1.compute.internal".
std::string private_dns_name(const Model& model, Ipv4 address);

}  // namespace mainstay::lab
