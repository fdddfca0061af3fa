// The EC2 API on a model: a call in, an answer and perhaps a changed model out. Pure; no call
// touches the world.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/model.h"
#include "lab/query.h"

namespace mainstay::lab {

// What must happen to an instance because of a call.
struct InstanceOrder {
  enum class What { stop, force_stop, start, reboot } what;
  std::string instance;  // its name
  friend bool operator==(const InstanceOrder&, const InstanceOrder&) = default;
};

struct Ec2Outcome {
  std::expected<std::string, AwsError> content;  // the XML inside <ActionResponse>
  std::optional<Model> next = {};                // the model after the call, if the call changes it
  std::vector<InstanceOrder> orders = {};
};

struct Ec2Input {
  const Query& query;
  const Model& model;
  std::int64_t now_ms = 0;
};

// Knows the action; otherwise the call ends in InvalidAction.
bool ec2_action_known(const std::string& action);
bool ec2_action_changes(const std::string& action);
Ec2Outcome ec2_call(const std::string& action, const Ec2Input& input);

// The whole body of an answer.
std::string ec2_response(const std::string& action, const std::string& content,
                         const std::string& request_id);
std::string ec2_error(const AwsError& error, const std::string& request_id);

// The single calls, in ec2_describe.cpp, ec2_inventory.cpp, ec2_volumes.cpp, ec2_change.cpp,
// ec2_addresses.cpp and ec2_groups.cpp.
namespace ec2 {
Ec2Outcome describe_vpcs(const Ec2Input& input);
Ec2Outcome describe_subnets(const Ec2Input& input);
Ec2Outcome describe_route_tables(const Ec2Input& input);
Ec2Outcome describe_network_interfaces(const Ec2Input& input);
Ec2Outcome describe_instances(const Ec2Input& input);
Ec2Outcome describe_availability_zones(const Ec2Input& input);
Ec2Outcome describe_addresses(const Ec2Input& input);
Ec2Outcome describe_vpc_attribute(const Ec2Input& input);
Ec2Outcome describe_vpc_endpoints(const Ec2Input& input);
Ec2Outcome describe_nat_gateways(const Ec2Input& input);
Ec2Outcome describe_internet_gateways(const Ec2Input& input);
Ec2Outcome describe_instance_status(const Ec2Input& input);
Ec2Outcome describe_security_groups(const Ec2Input& input);
Ec2Outcome describe_regions(const Ec2Input& input);
Ec2Outcome describe_volumes(const Ec2Input& input);
Ec2Outcome replace_route(const Ec2Input& input);
Ec2Outcome create_route(const Ec2Input& input);
Ec2Outcome delete_route(const Ec2Input& input);
Ec2Outcome allocate_address(const Ec2Input& input);
Ec2Outcome release_address(const Ec2Input& input);
Ec2Outcome associate_address(const Ec2Input& input);
Ec2Outcome disassociate_address(const Ec2Input& input);
Ec2Outcome assign_private_ip_addresses(const Ec2Input& input);
Ec2Outcome unassign_private_ip_addresses(const Ec2Input& input);
Ec2Outcome authorize_security_group_ingress(const Ec2Input& input);
Ec2Outcome revoke_security_group_ingress(const Ec2Input& input);
Ec2Outcome modify_network_interface_attribute(const Ec2Input& input);
Ec2Outcome modify_instance_attribute(const Ec2Input& input);
Ec2Outcome stop_instances(const Ec2Input& input);
Ec2Outcome start_instances(const Ec2Input& input);
Ec2Outcome reboot_instances(const Ec2Input& input);

Ec2Outcome refuse(int status, std::string code, std::string message);
// Is the text PREFIX-xxxxxxxx with 8 or 17 hexadecimal digits?
bool id_well_formed(std::string_view prefix, std::string_view id);
std::string utc_text(std::int64_t wall_ms);
std::string http_date(std::int64_t wall_ms);  // "Mon, 23 Nov 2026 12:00:00 GMT"
}  // namespace ec2

}  // namespace mainstay::lab
