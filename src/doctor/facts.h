// What is known of this node and its surroundings, each with what went wrong where it is not. The
// checks are pure functions of these.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "config/model.h"
#include "ports/aws.h"
#include "ports/aws_survey.h"
#include "ports/host.h"
#include "ports/resolver.h"

namespace mainstay::doctor {

// Which interface of this node a resource acts on.
struct Anchor {
  std::string resource;
  std::string role;       // with whose rights it asks AWS; "" = the daemon's own
  std::string vpc;        // "" if it cannot be told
  std::string eni;        // "" if it cannot be told
  std::string interface;  // as configured; "" = found by the ENI
};

// The resources that act on AWS, as they are on this node.
struct Vip {
  Anchor anchor;
  std::string ip;
  std::string destination;  // "10.1.0.20/32"
};

struct ElasticIp {
  Anchor anchor;
  std::string allocation;
  std::string private_ip;      // "" = the interface's primary one
  std::set<std::string> enis;  // as configured, of all nodes
};

struct SecondaryIp {
  Anchor anchor;
  std::string ip;
  std::map<NodeName, std::string> enis;  // as configured, of all nodes
};

struct DnsName {
  std::string resource;
  std::string role;
  AwsRecord record;                 // as this node would write it
  std::set<std::string> addresses;  // of all nodes
};

struct VpcFacts {
  Result<std::vector<std::string>> cidrs;
  Result<std::vector<AwsRouteTable>> tables;
  Result<std::vector<AwsSubnet>> subnets;
};

// A node that is not this one, as the VPC sees it, on one path.
struct PeerFacts {
  NodeName node;
  std::string path;
  std::string address;
  Result<AwsPlacedInterface> interface;
};

struct Facts {
  NodeName self;
  Result<AwsReach> reach;
  std::optional<Result<AwsReach>> reach_route53;  // where a name is to be moved
  Result<AwsIdentity> identity;
  std::vector<Vip> vips;
  std::vector<ElasticIp> eips;
  std::vector<SecondaryIp> sips;
  std::vector<DnsName> names;
  std::map<std::string, VpcFacts> vpcs;                              // those of VIPs
  std::map<std::string, Result<std::vector<AwsSubnet>>> subnets;     // by VPC, for secondary IPs
  std::map<std::string, Result<AwsPlacedInterface>> interfaces;      // by ENI
  std::map<std::string, Result<std::string>> kernel_names;           // by MAC
  std::map<std::string, Result<bool>> own_addresses;                 // of the paths, by address
  std::map<std::string, Result<AwsPlacedInterface>> own_interfaces;  // by address of a path
  std::vector<PeerFacts> peers;
  Result<std::vector<AwsSecurityGroup>> groups;               // of the interfaces of our paths
  std::map<std::string, Status> may_replace;                  // by route table that holds a VIP
  std::map<std::string, Result<AwsAddress>> addresses;        // by allocation
  std::map<std::string, Status> may_associate;                // by allocation
  std::map<std::string, Status> may_disassociate;             // by allocation
  std::map<std::string, Result<AwsPlacedInterface>> holders;  // by secondary address
  std::map<std::string, Result<AwsHostedZone>> zones;         // by id
  std::map<std::string, Result<std::optional<AwsRecord>>> records;  // by name
  std::map<std::string, Status> may_change;                         // by hosted zone
  std::map<std::string, Status> may_assign;                         // by ENI
  std::map<std::string, Status> may_stop;                           // by instance of another node
  std::map<std::string, Status> may_start;                          // by instance of another node
  std::map<std::string, Status> may_protect;                        // by instance: this node's own
  std::map<std::string, Result<std::vector<IpAddress>>> resolved;   // by name with a record set
  std::map<std::string, Result<std::vector<std::string>>> delegations;  // by public hosted zone
};

struct Rights {
  Aws& aws;
  AwsSurvey& survey;
};

struct World {
  Aws& aws;
  AwsSurvey& survey;
  Host& host;
  Resolver& resolver;
  // AWS asked with the rights of a role; where there is none such, all is asked with our own.
  std::function<Rights(const std::string& role_arn)> as = {};
};

// Asks everything, much of it at once. What cannot be asked is a fact, too. What it takes by
// reference lives until it is done.
Task<Facts> gather(const ClusterConfig& config, NodeName self, const World& world, Call call);

}  // namespace mainstay::doctor
