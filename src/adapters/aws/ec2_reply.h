// From the XML of EC2's answers to our words. Answers come from outside: whatever they hold, this
// gives a value or an error (fuzzed).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/aws/fault.h"
#include "base/result.h"
#include "ports/aws.h"

namespace mainstay::aws {

// One page of a list; `next` is the token of the following page, "" on the last one.
template <class T>
struct Page {
  std::vector<T> items;
  std::string next;
};

// All give corrupt for what is no such answer.
Result<Page<AwsRouteTable>> parse_route_tables(std::string_view xml);
// The CIDR blocks, IPv4 and IPv6, that are associated with the VPCs of the answer.
Result<std::vector<std::string>> parse_vpc_cidrs(std::string_view xml);
Result<std::vector<AwsInterface>> parse_network_interfaces(std::string_view xml);
Result<std::vector<AwsAddress>> parse_addresses(std::string_view xml);
Result<std::vector<AwsZone>> parse_zones(std::string_view xml);

// DescribeInstances.
Result<std::vector<AwsInstance>> parse_instances(std::string_view xml);
// What says yes or no only: ReplaceRoute and its like.
Status parse_return(std::string_view xml);
// StopInstances, StartInstances: the answer names the instance as one that was told.
Status parse_told(std::string_view xml, std::string_view action, std::string_view instance);

// AssignPrivateIpAddresses.
Status parse_assigned(std::string_view xml, std::string_view eni);

// The error document of EC2 and of the other XML services; an unreadable one gives the status
// alone.
Fault parse_fault(int status, std::string_view body);

}  // namespace mainstay::aws
