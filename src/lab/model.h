// The account as the EC2 API shows it: a value, copied and changed, never touched in place by two
// hands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lab/ipv4.h"
#include "lab/layout.h"

namespace mainstay::lab {

struct Route {
  Cidr destination{};
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
  friend bool operator==(const Subnet&, const Subnet&) = default;
};

struct Eni {
  std::string id;
  std::string attachment_id;
  std::string instance_id;
  std::string subnet_id;
  Ipv4 address{};
  std::string mac;
  bool source_dest_check = true;
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
  friend bool operator==(const Instance&, const Instance&) = default;
};

struct Address {
  std::string allocation_id;
  Ipv4 public_ip{};
  std::string association_id = {};
  std::string eni_id = {};
  friend bool operator==(const Address&, const Address&) = default;
};

struct Model {
  std::string region;
  std::string account;
  std::string vpc_id;
  std::string igw_id;
  std::string group_id;  // the default security group, which lets everything through
  Cidr vpc{};
  std::vector<std::string> zones;
  std::vector<Subnet> subnets;
  std::vector<RouteTable> tables;
  std::vector<Eni> enis;
  std::vector<Instance> instances;
  std::vector<Address> addresses;
  friend bool operator==(const Model&, const Model&) = default;
};

// Ids follow from the names alone, so that they are the same in every run of the same layout.
std::string make_id(std::string_view prefix, std::string_view name);
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
const Address* find_address_of(const Model& model, std::string_view eni_id);
// The name AWS gives a host: "ip-10-0-110-10.ap-northeast-1.compute.internal".
std::string private_dns_name(const Model& model, Ipv4 address);

}  // namespace mainstay::lab
