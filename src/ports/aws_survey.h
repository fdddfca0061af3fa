// What is asked of AWS before a cluster runs, or while nothing fails: by `mainstay doctor` and
// `mainstay discover`, never on the way of a failover.
//
// Errors are those of ports/aws.h.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "base/time.h"
#include "ports/aws.h"
#include "ports/call.h"

namespace mainstay {

// An answer of a service's endpoint, and how it came.
struct AwsReach {
  std::string url;
  std::string region;
  std::string address;    // of whoever answered: the endpoint, or the proxy
  std::string proxy;      // host and port; "" = direct
  Duration skew{};        // its time less ours, to a second
  Duration round_trip{};  // with name, TCP and TLS
};

struct AwsSubnet {
  std::string id;
  std::string name;  // the tag Name, "" if none
  std::string zone;
  std::string cidr;
  friend bool operator==(const AwsSubnet&, const AwsSubnet&) = default;
};

// One rule for packets that come in.
struct AwsPortRule {
  std::string protocol;  // "tcp", "udp", "icmp" ...; "-1" = all
  int first_port = -1;   // -1 = all
  int last_port = -1;
  std::vector<std::string> cidrs;         // IPv4 and IPv6
  std::vector<std::string> groups;        // security groups whose members may send
  std::vector<std::string> prefix_lists;  // whose blocks stand elsewhere
  friend bool operator==(const AwsPortRule&, const AwsPortRule&) = default;
};

struct AwsSecurityGroup {
  std::string id;
  std::string name;
  std::vector<AwsPortRule> inbound;
  friend bool operator==(const AwsSecurityGroup&, const AwsSecurityGroup&) = default;
};

// An interface with what only a survey wants to know of it.
struct AwsPlacedInterface {
  AwsInterface interface;
  int device_index = 0;  // 0: the instance's first
  std::vector<std::string> groups;
  friend bool operator==(const AwsPlacedInterface&, const AwsPlacedInterface&) = default;
};

struct AwsNamedInstance {
  std::string id;
  std::string name;  // the tag Name, "" if none
  std::string zone;
  std::string vpc;
  std::vector<AwsPlacedInterface> interfaces;
  friend bool operator==(const AwsNamedInstance&, const AwsNamedInstance&) = default;
};

class AwsSurvey {
 public:
  virtual ~AwsSurvey() = default;

  // Any answer will do, a refusal too: nothing is signed.
  virtual Task<Result<AwsReach>> reach(std::string service, Call call) = 0;
  virtual Task<Result<std::vector<AwsSubnet>>> subnets(std::string vpc, Call call) = 0;
  virtual Task<Result<AwsPlacedInterface>> placed_interface(std::string eni, Call call) = 0;
  // The interface that holds this private address in the VPC. not_found: none does.
  virtual Task<Result<AwsPlacedInterface>> interface_with_address(std::string vpc,
                                                                  std::string address,
                                                                  Call call) = 0;
  virtual Task<Result<std::vector<AwsSecurityGroup>>> security_groups(std::vector<std::string> ids,
                                                                      Call call) = 0;
  virtual Task<Result<AwsNamedInstance>> named_instance(std::string id, Call call) = 0;
  // Whether such a change would be permitted now. These change nothing.
  virtual Task<Status> may_replace_route(std::string table, std::string destination,
                                         std::string eni, Call call) = 0;
  virtual Task<Status> may_associate_address(std::string allocation, std::string eni,
                                             Call call) = 0;
  virtual Task<Status> may_disassociate_address(std::string association, Call call) = 0;
  // There is no trial of this one: IAM is asked what our policies say of it. denied: they do not
  // permit it. unavailable: IAM cannot be asked, which needs a permission itself.
  virtual Task<Status> may_assign_private_ip(std::string eni, Call call) = 0;
  // conflict: the table has such a route by now.
  virtual Task<Status> create_route(std::string table, std::string destination, std::string eni,
                                    Call call) = 0;
  virtual Task<Status> disable_source_dest_check(std::string eni, Call call) = 0;
};

}  // namespace mainstay
