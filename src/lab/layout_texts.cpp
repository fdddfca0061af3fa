// The layouts that come with the lab: the guide's three patterns.
#include "lab/layout.h"

namespace mainstay::lab {
namespace {

// Figure 5-1: servers in public subnets, an Elastic IP that no interface has yet, a client on the
// internet.
const std::string& eip_layout_text() {
  static const std::string text = R"({
  "region": "ap-northeast-1",
  "vpc": "10.0.0.0/16",
  "zones": ["ap-northeast-1a", "ap-northeast-1c"],
  "route_tables": [
    {"name": "Public-AB", "routes": [{"destination": "0.0.0.0/0", "target": "internet"}]}
  ],
  "subnets": [
    {"name": "Subnet-1A", "zone": "ap-northeast-1a", "cidr": "10.0.10.0/24",
     "route_table": "Public-AB"},
    {"name": "Subnet-1B", "zone": "ap-northeast-1c", "cidr": "10.0.20.0/24",
     "route_table": "Public-AB"}
  ],
  "roles": [{"name": "ha-node"}],
  "instances": [
    {"name": "server1", "subnet": "Subnet-1A", "address": "10.0.10.10", "public_ip": true,
     "role": "ha-node"},
    {"name": "server2", "subnet": "Subnet-1B", "address": "10.0.20.10", "public_ip": true,
     "role": "ha-node"},
    {"name": "client", "address": "203.0.113.200"}
  ],
  "spare_elastic_ips": ["198.51.100.20"]
}
)";
  return text;
}

// Figure 6-1: servers in private subnets, a private hosted zone, a client in the VPC.
const std::string& dns_layout_text() {
  static const std::string text = R"({
  "region": "ap-northeast-1",
  "vpc": "10.0.0.0/16",
  "zones": ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"],
  "route_tables": [
    {"name": "Public-AB", "routes": [{"destination": "0.0.0.0/0", "target": "internet"}]},
    {"name": "Private-A", "routes": [{"destination": "0.0.0.0/0", "target": "nat1"}]},
    {"name": "Private-B", "routes": [{"destination": "0.0.0.0/0", "target": "nat2"}]}
  ],
  "subnets": [
    {"name": "Subnet-1A", "zone": "ap-northeast-1a", "cidr": "10.0.10.0/24",
     "route_table": "Public-AB"},
    {"name": "Subnet-1B", "zone": "ap-northeast-1c", "cidr": "10.0.20.0/24",
     "route_table": "Public-AB"},
    {"name": "Subnet-2A", "zone": "ap-northeast-1a", "cidr": "10.0.110.0/24",
     "route_table": "Private-A"},
    {"name": "Subnet-2B", "zone": "ap-northeast-1c", "cidr": "10.0.120.0/24",
     "route_table": "Private-B"},
    {"name": "Subnet-Clients", "zone": "ap-northeast-1d", "cidr": "10.0.200.0/24",
     "route_table": "Public-AB"}
  ],
  "roles": [{"name": "ha-node"}],
  "hosted_zones": [{"name": "cluster.internal", "private": true},
                   {"name": "cluster.example", "private": false}],
  "instances": [
    {"name": "nat1", "subnet": "Subnet-1A", "address": "10.0.10.5", "elastic_ip": "198.51.100.11",
     "source_dest_check": false, "nat": true},
    {"name": "nat2", "subnet": "Subnet-1B", "address": "10.0.20.5", "elastic_ip": "198.51.100.12",
     "source_dest_check": false, "nat": true},
    {"name": "server1", "subnet": "Subnet-2A", "address": "10.0.110.10", "role": "ha-node"},
    {"name": "server2", "subnet": "Subnet-2B", "address": "10.0.120.10", "role": "ha-node"},
    {"name": "client", "subnet": "Subnet-Clients", "address": "10.0.200.10"}
  ]
}
)";
  return text;
}

}  // namespace

const std::string& default_layout_text() {
  static const std::string text = R"({
  "region": "ap-northeast-1",
  "vpc": "10.0.0.0/16",
  "zones": ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"],
  "route_tables": [
    {"name": "Public-AB", "routes": [
      {"destination": "0.0.0.0/0", "target": "internet"},
      {"destination": "10.1.0.20/32", "target": "server1"}]},
    {"name": "Private-A", "routes": [
      {"destination": "0.0.0.0/0", "target": "nat1"},
      {"destination": "10.1.0.20/32", "target": "server1"}]},
    {"name": "Private-B", "routes": [
      {"destination": "0.0.0.0/0", "target": "nat2"},
      {"destination": "10.1.0.20/32", "target": "server1"}]}
  ],
  "subnets": [
    {"name": "Subnet-1A", "zone": "ap-northeast-1a", "cidr": "10.0.10.0/24",
     "route_table": "Public-AB"},
    {"name": "Subnet-1B", "zone": "ap-northeast-1c", "cidr": "10.0.20.0/24",
     "route_table": "Public-AB"},
    {"name": "Subnet-2A", "zone": "ap-northeast-1a", "cidr": "10.0.110.0/24",
     "route_table": "Private-A"},
    {"name": "Subnet-2B", "zone": "ap-northeast-1c", "cidr": "10.0.120.0/24",
     "route_table": "Private-B"},
    {"name": "Subnet-Clients", "zone": "ap-northeast-1d", "cidr": "10.0.200.0/24",
     "route_table": "Public-AB"}
  ],
  "roles": [{"name": "ha-node"}, {"name": "reader", "denied": [
    "ec2:ReplaceRoute", "ec2:CreateRoute", "ec2:DeleteRoute", "ec2:AssociateAddress",
    "ec2:DisassociateAddress", "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances",
    "ec2:RebootInstances"]}],
  "instances": [
    {"name": "nat1", "subnet": "Subnet-1A", "address": "10.0.10.5", "elastic_ip": "198.51.100.11",
     "source_dest_check": false, "nat": true},
    {"name": "nat2", "subnet": "Subnet-1B", "address": "10.0.20.5", "elastic_ip": "198.51.100.12",
     "source_dest_check": false, "nat": true},
    {"name": "server1", "subnet": "Subnet-2A", "address": "10.0.110.10", "source_dest_check": false,
     "role": "ha-node"},
    {"name": "server2", "subnet": "Subnet-2B", "address": "10.0.120.10", "source_dest_check": false,
     "role": "ha-node"},
    {"name": "client", "subnet": "Subnet-Clients", "address": "10.0.200.10", "role": "reader"},
    {"name": "visitor", "address": "203.0.113.200"}
  ],
  "spare_elastic_ips": ["198.51.100.20"]
}
)";
  return text;
}

const std::string* layout_text_named(std::string_view name) {
  if (name == "vip") return &default_layout_text();
  if (name == "eip") return &eip_layout_text();
  if (name == "dns") return &dns_layout_text();
  return nullptr;
}

}  // namespace mainstay::lab
